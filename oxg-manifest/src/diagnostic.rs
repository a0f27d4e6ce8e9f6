//! What is wrong with the text of a manifest, and where.

use std::fmt;

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
    pub(crate) offset: usize,
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
        self.offset
    }

    /// The place in the document, such as `capabilities.http.hosts[1]`; empty for the document
    /// itself. What is wrong with a key has the path of the object that holds the key.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
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
    /// A value of the right type that breaks a rule.
    #[error("{reason}")]
    InvalidValue {
        /// Which rule, and what to write instead.
        reason: String,
    },
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
        _ => return "it".to_owned(),
    };
    format!("\"{field}\": {value}")
}
