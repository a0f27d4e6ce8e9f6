//! The first thing that is wrong, while it is on its way out.

use std::fmt::{self, Write as _};

use serde::de;

use std::ops::Range;

use crate::capabilities::sdk_name;
use crate::diagnostic::{Diagnostic, DiagnosticKind, Position};
use crate::suggest;
use crate::text::Quoted;

/// What is wrong. It starts where it is found and gathers its path on the way out, so that a
/// document without errors pays nothing for paths.
#[derive(Debug)]
pub(crate) struct Failure(Box<Inner>);

#[derive(Debug)]
struct Inner {
    span: Option<Range<usize>>,
    /// Innermost first.
    path: Vec<Segment>,
    /// Nothing when it only follows from what is noted already.
    kind: Option<DiagnosticKind>,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    Key(String),
    Index(usize),
}

impl Failure {
    pub(crate) fn new(kind: DiagnosticKind) -> Self {
        Self(Box::new(Inner { span: None, path: Vec::new(), kind: Some(kind) }))
    }

    /// What stands here is damaged, which is noted already.
    pub(super) fn damaged() -> Self {
        Self(Box::new(Inner { span: None, path: Vec::new(), kind: None }))
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
    pub(super) fn at(mut self, span: Range<usize>) -> Self {
        self.0.span.get_or_insert(span);
        self
    }

    /// Says that it was found in the value of this key.
    #[must_use]
    pub(super) fn in_key(mut self, key: &str) -> Self {
        self.push(Segment::Key(key.to_owned()));
        self
    }

    /// Says that it was found in this item of an array.
    #[must_use]
    pub(super) fn in_item(mut self, index: usize) -> Self {
        self.push(Segment::Index(index));
        self
    }

    pub(super) fn push(&mut self, segment: Segment) {
        self.0.path.push(segment);
    }

    /// The finished message, unless what is wrong is noted already.
    pub(crate) fn into_diagnostic(self, bytes: &[u8], file: &str) -> Option<Diagnostic> {
        let Inner { span, path, kind } = *self.0;
        let mut span = span.unwrap_or(0..0);
        if matches!(kind, Some(DiagnosticKind::MissingField { .. })) {
            // The bracket where the object begins, and not the whole of it.
            span.end = span.end.min(span.start + 1);
        }
        let position = Position::of(bytes, span.start);
        let (file, path) = (file.to_owned(), display(&path));
        kind.map(|kind| Diagnostic { file, position, span, path, kind })
    }

    /// The place, when it is known.
    pub(crate) fn span(&self) -> Option<&Range<usize>> {
        self.0.span.as_ref()
    }

    /// The path from the document to the place.
    pub(crate) fn path(&self) -> impl DoubleEndedIterator<Item = &Segment> {
        self.0.path.iter().rev()
    }

    pub(crate) fn kind(&self) -> Option<&DiagnosticKind> {
        self.0.kind.as_ref()
    }

    /// Says more precisely what is wrong.
    pub(crate) fn set_kind(&mut self, kind: DiagnosticKind) {
        self.0.kind = Some(kind);
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
        match &self.0.kind {
            Some(kind) => write!(f, "{kind}"),
            None => f.write_str("it could not be read"),
        }
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
        if let Some((value, suggestion)) = sdk_name(value) {
            return Self::new(DiagnosticKind::SdkCapability { value, suggestion });
        }
        let suggestion =
            suggest::differs_by_case(value, known).or_else(|| suggest::nearest(value, known));
        Self::new(DiagnosticKind::UnknownValue { value: value.to_owned(), suggestion, known })
    }

    fn unknown_field(key: &str, known: &'static [&'static str]) -> Self {
        Self::unknown_field(key, known)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(DiagnosticKind::MissingField { field })
    }
}
