//! Detectors: what each kind of secret and personal data looks like.
//!
//! One pass finds where words and numbers begin, and a few rare bytes. Where a
//! word begins with the first bytes of an *anchor*, a fixed text that begins a
//! finding or names one, and where a number has the shape of something, a small
//! hand-written validator looks at a bounded stretch of text.
//! Places are judged one by one, never in the light of another finding: that
//! keeps the work linear and the result independent of order.

mod anchors;
mod authorization;
mod card;
mod checksummed;
mod classes;
mod commands;
mod context;
mod email;
mod gap;
mod iban;
mod ip;
mod jwt;
mod named;
mod named_value;
mod national_id;
mod numbers;
mod own;
mod pair;
mod pem;
mod phone;
mod putty;
mod runs;
mod starts;
#[cfg(test)]
mod tests;
mod tokens;
mod url;
mod user_name;
mod value;
mod wallet;

use std::ops::Range;

pub(crate) use named::awaited_lines;
#[cfg(any(feature = "json", feature = "serde"))]
pub(crate) use named_value::looks_secret;
pub(crate) use pem::PemState;
#[cfg(any(feature = "json", feature = "serde"))]
pub(crate) use value::Found;

use crate::kind::Kind;
use crate::policy::Settings;
use crate::spans::{self, Span};

/// A text under search, and what was found in it.
pub(crate) struct Scan<'a> {
    pub(crate) text: &'a [u8],
    settings: &'a Settings,
    spans: &'a mut Vec<Span>,
    runs: runs::Runs,
    announcements: context::Announcements,
}

impl Scan<'_> {
    #[inline]
    fn wants(&self, kind: Kind) -> bool {
        self.settings.kinds.has(kind)
    }

    /// What of the evidence for a finding matters.
    fn own_evidence(&self, range: &Range<usize>, evidence: Range<usize>) -> Range<usize> {
        let mut end = evidence.end.min(self.text.len());
        // What a detector would see beyond the end of a line does not matter to it.
        while end > range.end && self.text[end - 1] == b'\n' {
            end -= 1;
        }
        evidence.start.min(range.start)..end
    }

    /// Whether a finding will be dropped, as a marker is beside its evidence.
    fn is_beside_marker(&self, range: &Range<usize>, evidence: Range<usize>) -> bool {
        spans::is_beside_marker(self.text, &self.own_evidence(range, evidence))
    }

    /// Records a finding. `evidence` is every byte that was looked at, but for
    /// one on each side.
    fn add(
        &mut self,
        kind: Kind,
        detector: &'static str,
        range: Range<usize>,
        evidence: Range<usize>,
    ) {
        if !self.wants(kind)
            || range.is_empty()
            || self.settings.is_off(detector)
            || self.settings.allows(&self.text[range.clone()])
        {
            return;
        }
        let evidence = self.own_evidence(&range, evidence);
        self.spans.push(Span { range, evidence, kind, detector });
    }
}

/// Runs every detector over `text`. Findings are in no order and may overlap.
pub(crate) fn run(text: &[u8], settings: &Settings, spans: &mut Vec<Span>) {
    let mut scan = Scan {
        text,
        settings,
        spans,
        runs: runs::Runs::default(),
        announcements: context::Announcements::default(),
    };
    starts::run(&mut scan);
    own::run(&mut scan);
    if scan.wants(Kind::IpAddress) {
        ip::v6(&mut scan);
    }
}
