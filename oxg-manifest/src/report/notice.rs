//! What a report says about a file.

use std::ops::Range;

/// How grave a [`Notice`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// Worth knowing; never a reason to refuse.
    Note,
    /// The file is valid, but somebody should look at this place.
    Warning,
    /// The file is refused.
    Error,
}

impl Level {
    /// The word for it in every format: `error`, `warning` or `note`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing that a report says about one place of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notice {
    /// What kind of thing it is, such as `unknown-field`. Stable.
    pub code: &'static str,
    /// What the code stands for, whatever the file.
    pub about: &'static str,
    /// How grave it is.
    pub level: Level,
    /// What is the matter here, in one line.
    pub message: String,
    /// What to do about it, in one line.
    pub help: Option<String>,
    /// The place in the document, such as `capabilities.http.hosts[1]`; empty for the document.
    pub path: String,
    /// The place in the text, in bytes.
    pub span: Range<usize>,
    /// Text that would mend it in place of the span's text.
    pub replacement: Option<String>,
}

impl Notice {
    /// A notice without help and without a replacement.
    #[must_use]
    pub fn new(
        code: &'static str,
        about: &'static str,
        level: Level,
        message: impl Into<String>,
    ) -> Self {
        Self {
            code,
            about,
            level,
            message: message.into(),
            help: None,
            path: String::new(),
            span: 0..0,
            replacement: None,
        }
    }

    /// The same notice at this place.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>, span: Range<usize>) -> Self {
        self.path = path.into();
        self.span = span;
        self
    }

    /// The same notice with what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
