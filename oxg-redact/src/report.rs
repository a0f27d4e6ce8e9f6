//! What was found in a text, without the text.

use std::ops::Range;

use crate::kind::Kind;
use crate::spans::Span;

/// One finding. It says what was found and where, never the value.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was found. Where findings overlap, the weightiest.
    pub kind: Kind,
    /// Name of the detector, stable and in kebab case, such as `github-token`.
    pub detector: &'static str,
    /// Where, in bytes of the text that was scanned.
    pub range: Range<usize>,
}

/// All findings in a text, in order and without overlap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    findings: Vec<Finding>,
}

impl Report {
    pub(crate) fn new(spans: Vec<Span>) -> Self {
        Self {
            findings: spans
                .into_iter()
                .map(|span| Finding { kind: span.kind, detector: span.detector, range: span.range })
                .collect(),
        }
    }

    /// The findings, by position.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}
