//! Why a manifest could not be read.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::diagnostic::Diagnostic;

/// Why a manifest could not be read. `Display` is one line that says what is wrong, where, and
/// what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The file could not be opened or read.
    #[error("{}: {}", path.display(), unreadable(source))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file was read, but it is not a valid manifest.
    #[error(transparent)]
    Invalid(InvalidManifest),
}

impl ManifestError {
    /// All that is wrong with the text; nothing when it could not be read at all.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        match self {
            Self::Invalid(invalid) => invalid.diagnostics(),
            Self::Unreadable { .. } => &[],
        }
    }
}

/// All that is wrong with a manifest. `Display` is one line: the first [`Diagnostic`], and how many
/// more there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidManifest {
    diagnostics: Vec<Diagnostic>,
    truncated: bool,
}

impl InvalidManifest {
    pub(crate) fn new(diagnostics: Vec<Diagnostic>, truncated: bool) -> Self {
        Self { diagnostics, truncated }
    }

    /// What is wrong, in the order of the text.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Whether more may be wrong than is listed.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }
}

impl fmt::Display for InvalidManifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((first, rest)) = self.diagnostics.split_first() else {
            return f.write_str("not a valid manifest");
        };
        let at_least = if self.truncated { "at least " } else { "" };
        match rest.len() {
            0 => write!(f, "{first}"),
            more => write!(f, "{first} (and {at_least}{more} more)"),
        }
    }
}

impl std::error::Error for InvalidManifest {}

fn unreadable(source: &io::Error) -> String {
    match source.kind() {
        io::ErrorKind::NotFound => {
            "there is no such file; create it, or name the plugin's manifest.json".to_owned()
        }
        io::ErrorKind::PermissionDenied => {
            "permission to read it is denied; change the file's permissions".to_owned()
        }
        io::ErrorKind::IsADirectory => {
            "this is a directory; name the manifest.json in it".to_owned()
        }
        _ => format!("cannot be read: {source}"),
    }
}
