//! The first thing that is wrong, while it is on its way out.

use std::fmt::{self, Write as _};

use serde::de;

use crate::diagnostic::{Diagnostic, DiagnosticKind, Position};
use crate::suggest;
use crate::text::Quoted;

/// What is wrong. It starts where it is found and gathers its path on the way out, so that a
/// document without errors pays nothing for paths.
#[derive(Debug)]
pub(crate) struct Failure(Box<Inner>);

#[derive(Debug)]
struct Inner {
    at: Option<usize>,
    /// Innermost first.
    path: Vec<Segment>,
    kind: DiagnosticKind,
}

#[derive(Debug)]
enum Segment {
    Key(String),
    Index(usize),
}

impl Failure {
    pub(super) fn new(kind: DiagnosticKind) -> Self {
        Self(Box::new(Inner { at: None, path: Vec::new(), kind }))
    }

    pub(super) fn unknown_field(key: &str, known: &'static [&'static str]) -> Self {
        Self::new(match suggest::differs_by_case(key, known) {
            Some(known) => DiagnosticKind::WrongCase { key: key.to_owned(), known },
            None => DiagnosticKind::UnknownField {
                key: key.to_owned(),
                suggestion: suggest::nearest(key, known),
                known,
            },
        })
    }

    pub(super) fn wrong_type(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self::new(DiagnosticKind::WrongType { expected: expected.into(), found: found.into() })
    }

    /// Sets the place, unless an inner value has set its own.
    #[must_use]
    pub(super) fn at(mut self, offset: usize) -> Self {
        self.0.at.get_or_insert(offset);
        self
    }

    /// Says that it was found in the value of this key.
    #[must_use]
    pub(super) fn in_key(mut self, key: &str) -> Self {
        self.0.path.push(Segment::Key(key.to_owned()));
        self
    }

    /// Says that it was found in this item of an array.
    #[must_use]
    pub(super) fn in_item(mut self, index: usize) -> Self {
        self.0.path.push(Segment::Index(index));
        self
    }

    pub(crate) fn into_diagnostic(self, bytes: &[u8], file: &str) -> Diagnostic {
        let Inner { at, path, kind } = *self.0;
        let offset = at.unwrap_or(0);
        let position = Position::of(bytes, offset);
        Diagnostic { file: file.to_owned(), position, offset, path: display(&path), kind }
    }

    #[cfg(test)]
    pub(super) fn kind(&self) -> &DiagnosticKind {
        &self.0.kind
    }
}

fn display(path: &[Segment]) -> String {
    let mut text = String::new();
    for segment in path.iter().rev() {
        // Writing to a string cannot fail.
        let _ = match segment {
            Segment::Index(index) => write!(text, "[{index}]"),
            Segment::Key(key) if !is_plain(key) => write!(text, "[{}]", Quoted(key)),
            Segment::Key(key) if text.is_empty() => write!(text, "{key}"),
            Segment::Key(key) => write!(text, ".{key}"),
        };
    }
    text
}

/// Whether a key can stand in a path as it is.
fn is_plain(key: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'$');
    (1..=64).contains(&key.len()) && key.bytes().all(allowed)
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.kind)
    }
}

impl std::error::Error for Failure {}

impl de::Error for Failure {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self::new(DiagnosticKind::InvalidValue { reason: reason.to_string() })
    }

    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let found = match found {
            de::Unexpected::Unit => "null".to_owned(),
            de::Unexpected::Bool(value) => value.to_string(),
            de::Unexpected::Str(text) => format!("the string {}", Quoted(text)),
            de::Unexpected::Unsigned(number) => format!("the number {number}"),
            de::Unexpected::Signed(number) => format!("the number {number}"),
            de::Unexpected::Float(number) => format!("the number {number}"),
            de::Unexpected::Seq => "an array".to_owned(),
            de::Unexpected::Map => "an object".to_owned(),
            other => other.to_string(),
        };
        Self::wrong_type(expected.to_string(), found)
    }

    fn unknown_variant(value: &str, known: &'static [&'static str]) -> Self {
        Self::new(DiagnosticKind::UnknownValue {
            value: value.to_owned(),
            suggestion: suggest::nearest(value, known),
            known,
        })
    }

    fn unknown_field(key: &str, known: &'static [&'static str]) -> Self {
        Self::unknown_field(key, known)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(DiagnosticKind::MissingField { field })
    }
}
