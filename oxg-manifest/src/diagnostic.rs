//! What is wrong with the text of a manifest, and where.

use std::fmt;
use std::ops::Range;

use crate::text::Quoted;

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Position {
    /// The line, beginning with 1.
    pub line: usize,
    /// The column in characters (Unicode scalar values), beginning with 1.
    pub column: usize,
}

impl Position {
    /// The position of a byte offset, up to which `bytes` is UTF-8.
    pub(crate) fn of(bytes: &[u8], offset: usize) -> Self {
        let before = bytes.get(..offset).unwrap_or(bytes);
        let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |newline| newline + 1);
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        let is_first_byte_of_char = |b: &&u8| **b & 0xC0 != 0x80;
        let column = before.iter().skip(line_start).filter(is_first_byte_of_char).count() + 1;
        Self { line, column }
    }
}

/// One thing that is wrong with the text of a manifest.
///
/// `Display` is one line, such as
/// `manifest.json:7:5: capabilities: unknown field "secret"; did you mean "secrets"? …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub(crate) file: String,
    pub(crate) position: Position,
    pub(crate) span: Range<usize>,
    pub(crate) path: String,
    pub(crate) kind: DiagnosticKind,
}

impl Diagnostic {
    /// The file, or the name the caller gave it.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The line and column.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// The place as an offset in bytes from the beginning of the text.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.span.start
    }

    /// The bytes of the whole key or value that is wrong, quotes included. For a field that is
    /// missing, the bracket where its object begins.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The place in the document, such as `capabilities.http.hosts[1]`; empty for the document
    /// itself. What is wrong with a key has the path of the object that holds the key.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The stable name of what is wrong, in kebab-case; one of [`DiagnosticKind::CODES`].
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }

    /// What to write instead, when something is near.
    #[must_use]
    pub fn suggestion(&self) -> Option<Suggestion> {
        let replacement = self.kind.replacement()?;
        Some(Suggestion { span: self.span(), replacement })
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &DiagnosticKind {
        &self.kind
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column } = self.position;
        write!(f, "{}:{line}:{column}: ", self.file)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{}", self.kind)
    }
}

impl std::error::Error for Diagnostic {}

/// What can be wrong with the text of a manifest. `Display` says what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DiagnosticKind {
    /// The text begins with a byte order mark, which JSON forbids (RFC 8259, section 8.1).
    #[error("the file begins with a byte order mark; save it as UTF-8 without one")]
    ByteOrderMark,
    /// The text is too large.
    #[error("larger than {limit} bytes; move what is not configuration out of the manifest")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The text is not UTF-8.
    #[error("the text is not UTF-8 from here on; save the file as UTF-8")]
    NotUtf8,
    /// The text is not JSON.
    #[error("expected {expected}, found {found}")]
    Syntax {
        /// What may stand here.
        expected: &'static str,
        /// What stands here.
        found: String,
    },
    /// A comment.
    #[error("JSON has no comments; remove it")]
    Comment,
    /// A comma before a closing bracket.
    #[error("a comma stands after the last item; remove it")]
    TrailingComma,
    /// Something follows the document.
    #[error("found {found} after the end of the manifest; remove what follows the last \"}}\"")]
    TrailingData {
        /// What stands here.
        found: String,
    },
    /// Objects and arrays nested too deeply.
    #[error("objects and arrays are nested more than {limit} deep; flatten them")]
    TooDeep {
        /// How deep they may be.
        limit: usize,
    },
    /// `NaN` or an infinity, which JSON does not have (RFC 8259, section 6).
    #[error("JSON has no {}; write a number, or leave the key out", Quoted(found))]
    NotANumber {
        /// What stands here.
        found: String,
    },
    /// One half of a surrogate pair, which is no character (RFC 8259, section 8.2).
    #[error(
        "the lone surrogate {escape} is no character; write a whole pair, such as \\ud83d\\ude00"
    )]
    LoneSurrogate {
        /// The escape, such as `\ud800`.
        escape: String,
    },
    /// A number that no reader holds exactly enough.
    #[error("the number is out of range; write it as a string, or a smaller one")]
    NumberOutOfRange,
    /// A key that its object has twice, which readers resolve differently.
    #[error("duplicate key {}, first on line {}; keep one of the two", Quoted(key), first.line)]
    DuplicateKey {
        /// The key.
        key: String,
        /// Where the key stands first.
        first: Position,
    },
    /// A key that the manifest does not know.
    #[error("unknown field {}{}", Quoted(key), advice(suggestion.as_ref(), "remove it", known))]
    UnknownField {
        /// The key.
        key: String,
        /// The known key that is nearest, when one is near.
        suggestion: Option<&'static str>,
        /// All keys that are known in this object.
        known: &'static [&'static str],
    },
    /// A key that some readers, but not all, take for a known one.
    #[error(
        "unknown field {}, which differs from {known:?} only by case; write {known:?}",
        Quoted(key)
    )]
    WrongCase {
        /// The key.
        key: String,
        /// The known key.
        known: &'static str,
    },
    /// A key of the guide's form in a manifest of the host's form, which the host refuses.
    #[error(
        "the field {key:?} is not known in the host's form, with \"capabilities\" as a list; remove it"
    )]
    NotInHostForm {
        /// The key.
        key: &'static str,
    },
    /// A key that must be there is not.
    #[error("missing field {field:?}; add {}", example(field))]
    MissingField {
        /// The key.
        field: &'static str,
    },
    /// A value of another JSON type.
    #[error("expected {expected}, found {found}")]
    WrongType {
        /// What may stand here.
        expected: String,
        /// What stands here.
        found: String,
    },
    /// A string that is none of those that are allowed here.
    #[error("unknown value {}{}", Quoted(value), advice(suggestion.as_ref(), "use another", known))]
    UnknownValue {
        /// The string.
        value: String,
        /// The allowed string that is nearest, when one is near.
        suggestion: Option<&'static str>,
        /// All strings that are allowed here.
        known: &'static [&'static str],
    },
    /// A capability that the host's SDK names, but that no manifest may list.
    #[error("{value} is an SDK name, not accepted in a manifest; {}", instead(*suggestion))]
    SdkCapability {
        /// The capability.
        value: &'static str,
        /// The capability to list instead, when there is one.
        suggestion: Option<&'static str>,
    },
    /// A value of the right type that breaks a rule.
    #[error("{reason}")]
    InvalidValue {
        /// Which rule, and what to write instead.
        reason: String,
    },
}

impl DiagnosticKind {
    /// The stable name of this kind, in kebab-case, such as `unknown-field`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too-large",
            Self::ByteOrderMark => "byte-order-mark",
            Self::NotUtf8 => "not-utf8",
            Self::Syntax { .. } => "syntax",
            Self::Comment => "comment",
            Self::TrailingComma => "trailing-comma",
            Self::TrailingData { .. } => "trailing-data",
            Self::TooDeep { .. } => "too-deep",
            Self::NotANumber { .. } => "not-a-number",
            Self::LoneSurrogate { .. } => "lone-surrogate",
            Self::NumberOutOfRange => "number-out-of-range",
            Self::DuplicateKey { .. } => "duplicate-key",
            Self::UnknownField { .. } => "unknown-field",
            Self::WrongCase { .. } => "wrong-case",
            Self::NotInHostForm { .. } => "not-in-host-form",
            Self::MissingField { .. } => "missing-field",
            Self::WrongType { .. } => "wrong-type",
            Self::UnknownValue { .. } => "unknown-value",
            Self::SdkCapability { .. } => "sdk-capability",
            Self::InvalidValue { .. } => "invalid-value",
        }
    }

    /// The codes of all kinds.
    pub const CODES: &'static [&'static str] = &[
        "too-large",
        "byte-order-mark",
        "not-utf8",
        "syntax",
        "comment",
        "trailing-comma",
        "trailing-data",
        "too-deep",
        "not-a-number",
        "lone-surrogate",
        "number-out-of-range",
        "duplicate-key",
        "unknown-field",
        "wrong-case",
        "not-in-host-form",
        "missing-field",
        "wrong-type",
        "unknown-value",
        "sdk-capability",
        "invalid-value",
    ];

    /// What may stand here instead, when the kind says it apart from the message.
    #[must_use]
    pub fn expected(&self) -> Option<String> {
        let list = |known: &[&str]| {
            known.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
        };
        match self {
            Self::Syntax { expected, .. } => Some((*expected).to_owned()),
            Self::WrongType { expected, .. } => Some(expected.clone()),
            Self::UnknownField { known, .. } | Self::UnknownValue { known, .. } => {
                Some(list(known))
            }
            Self::WrongCase { known, .. } => Some(format!("{known:?}")),
            Self::MissingField { field } => Some(example(field)),
            _ => None,
        }
    }

    /// What stands here, when the kind says it apart from the message.
    #[must_use]
    pub fn found(&self) -> Option<String> {
        match self {
            Self::Syntax { found, .. }
            | Self::TrailingData { found }
            | Self::NotANumber { found }
            | Self::WrongType { found, .. } => Some(found.clone()),
            Self::LoneSurrogate { escape } => Some(escape.clone()),
            Self::DuplicateKey { key, .. }
            | Self::UnknownField { key, .. }
            | Self::WrongCase { key, .. } => Some(Quoted(key).to_string()),
            Self::UnknownValue { value, .. } => Some(Quoted(value).to_string()),
            Self::NotInHostForm { key } => Some(format!("{key:?}")),
            Self::SdkCapability { value, .. } => Some(format!("{value:?}")),
            _ => None,
        }
    }

    /// What to write in place of the span, when that is likely to be meant.
    fn replacement(&self) -> Option<String> {
        match self {
            Self::ByteOrderMark
            | Self::Comment
            | Self::TrailingComma
            | Self::TrailingData { .. } => Some(String::new()),
            Self::UnknownField { suggestion, .. }
            | Self::UnknownValue { suggestion, .. }
            | Self::SdkCapability { suggestion, .. } => {
                suggestion.map(|name| format!("\"{name}\""))
            }
            Self::WrongCase { known, .. } => Some(format!("\"{known}\"")),
            _ => None,
        }
    }
}

/// A change of the text that makes one [`Diagnostic`] go away.
///
/// It is what was likely meant, not what is certain: a person decides.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Suggestion {
    /// The bytes to replace.
    pub span: Range<usize>,
    /// The JSON text to put in their place; empty to remove them.
    pub replacement: String,
}

fn instead(suggestion: Option<&str>) -> String {
    match suggestion {
        Some(name) => format!("use {name:?}"),
        None => "the host's form cannot declare it, so use the guide's form".to_owned(),
    }
}

fn advice(suggestion: Option<&&str>, otherwise: &str, known: &[&str]) -> String {
    let known: Vec<String> = known.iter().map(|name| format!("{name:?}")).collect();
    let known = known.join(", ");
    match suggestion {
        Some(near) => format!("; did you mean {near:?}? Known here: {known}"),
        None => format!("; {otherwise}. Known here: {known}"),
    }
}

/// What to write for a field that must be there.
fn example(field: &str) -> String {
    let value = match field {
        "name" => "\"my-plugin\"",
        "version" => "\"0.1.0\"",
        "entry" => "\"./start.sh\"",
        "capabilities" => "{}",
        "outbound" => "[\"broker\"]",
        "broker" => "true",
        "artifact" => "\"plugin.js\"",
        "signature" => {
            return "\"signature\": the path of the signature file".to_owned();
        }
        _ => return "it".to_owned(),
    };
    format!("\"{field}\": {value}")
}
