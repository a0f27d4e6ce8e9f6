//! Findings as byte ranges: markers already in a text, overlaps, replacement.

use std::ops::Range;

use memchr::memmem;

use crate::kind::Kind;
use crate::mask::{MAX_MARKER_LEN, Masks, SUFFIX_MAX};

const MARKER_HEAD: &[u8] = b"[REDACTED_";
/// Longest kind name accepted inside a marker.
const MARKER_KIND_MAX: usize = 24;

/// Something to remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    /// The bytes to replace.
    pub(crate) range: Range<usize>,
    /// The bytes that led to the finding, but for one on each side.
    pub(crate) evidence: Range<usize>,
    pub(crate) kind: Kind,
    /// Name of the detector.
    pub(crate) detector: &'static str,
}

/// The length of the marker at the start of `text`, if there is one.
pub(crate) fn marker_len(text: &[u8]) -> Option<usize> {
    let kind = text.strip_prefix(MARKER_HEAD)?;
    let len = kind
        .iter()
        .take(MARKER_KIND_MAX)
        .take_while(|b| b.is_ascii_uppercase() || **b == b'_')
        .count();
    let suffix = match kind.get(len) {
        Some(b':') => {
            let rest = kind.get(len + 1..)?;
            let told = rest.iter().take(SUFFIX_MAX).take_while(|b| b.is_ascii_alphanumeric());
            1 + told.count()
        }
        _ => 0,
    };
    let len = len + suffix;
    (len > suffix && kind.get(len) == Some(&b']')).then(|| MARKER_HEAD.len() + len + 1)
}

/// The markers that begin in `text` from `from` on.
fn markers(text: &[u8], from: usize) -> impl Iterator<Item = Range<usize>> {
    memmem::find_iter(text.get(from..).unwrap_or_default(), MARKER_HEAD)
        .filter_map(move |at| Some(from + at..from + at + marker_len(text.get(from + at..)?)?))
}

/// Whether a finding with this evidence is one that [`drop_beside_markers`] drops.
pub(crate) fn is_beside_marker(text: &[u8], evidence: &Range<usize>) -> bool {
    let near = text.get(..text.len().min(evidence.end + MAX_MARKER_LEN)).unwrap_or_default();
    markers(near, evidence.start.saturating_sub(MAX_MARKER_LEN))
        .any(|marker| marker.end >= evidence.start && marker.start <= evidence.end)
}

/// Drops findings that touch a marker already in the text.
///
/// This is what makes redaction idempotent. A detector decides by its evidence
/// and the byte on each side of it. Where these hold no marker they are as they
/// were before the first pass, which would have found the same; so a second
/// pass finds nothing that the first did not.
pub(crate) fn drop_beside_markers(text: &[u8], spans: &mut Vec<Span>) {
    if spans.is_empty() {
        return;
    }
    let markers: Vec<Range<usize>> = markers(text, 0).collect();
    if markers.is_empty() {
        return;
    }
    spans.retain(|span| {
        if span.kind == Kind::KnownValue {
            return true;
        }
        let next = markers.partition_point(|marker| marker.end < span.evidence.start);
        markers.get(next).is_none_or(|marker| marker.start > span.evidence.end)
    });
}

/// Sorts spans and unites those that overlap, or touch and share a marker. The
/// weightiest kind gives its name.
pub(crate) fn unite(spans: &mut Vec<Span>) {
    if spans.len() < 2 {
        return;
    }
    spans.sort_unstable_by_key(|s| (s.range.start, s.range.end, s.kind));
    spans.dedup_by(|next, last| {
        let overlap = next.range.start < last.range.end;
        let beside = next.range.start == last.range.end && next.kind.marker() == last.kind.marker();
        if !(overlap || beside) {
            return false;
        }
        last.range.end = last.range.end.max(next.range.end);
        last.evidence.start = last.evidence.start.min(next.evidence.start);
        last.evidence.end = last.evidence.end.max(next.evidence.end);
        if next.kind < last.kind {
            last.kind = next.kind;
            last.detector = next.detector;
        }
        true
    });
}

/// Widens spans so that none cuts a character of `text` in two.
pub(crate) fn widen_to_chars(text: &str, spans: &mut Vec<Span>) {
    let mut widened = false;
    for span in spans.iter_mut() {
        while !text.is_char_boundary(span.range.start) {
            span.range.start -= 1;
            widened = true;
        }
        while !text.is_char_boundary(span.range.end) {
            span.range.end += 1;
            widened = true;
        }
    }
    if widened {
        unite(spans);
    }
}

/// Writes `text` with every span replaced by its marker. Spans are united.
pub(crate) fn replace(text: &[u8], spans: &[Span], masks: &Masks, out: &mut Vec<u8>) {
    let mut at = 0;
    for span in spans {
        out.extend_from_slice(&text[at..span.range.start]);
        masks.write(span.kind, &text[span.range.clone()], &mut |part| {
            out.extend_from_slice(part.as_bytes());
        });
        at = span.range.end;
    }
    out.extend_from_slice(&text[at..]);
}

/// As [`replace`], for text. Spans lie on character boundaries.
pub(crate) fn replace_str(text: &str, spans: &[Span], masks: &Masks, out: &mut String) {
    let mut at = 0;
    for span in spans {
        out.push_str(&text[at..span.range.start]);
        let found = &text.as_bytes()[span.range.clone()];
        masks.write(span.kind, found, &mut |part| out.push_str(part));
        at = span.range.end;
    }
    out.push_str(&text[at..]);
}

/// Drops occurrences of known values that cut a marker: what a marker tells
/// beside its kind may complete one by chance.
pub(crate) fn drop_across_markers(text: &[u8], spans: &mut Vec<Span>) {
    let markers: Vec<Range<usize>> = markers(text, 0).collect();
    spans.retain(|span| {
        let next = markers.partition_point(|marker| marker.end <= span.range.start);
        markers.get(next).is_none_or(|marker| {
            let apart = span.range.end <= marker.start;
            let within = marker.start <= span.range.start && span.range.end <= marker.end;
            apart || within
        })
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(range: Range<usize>, kind: Kind) -> Span {
        Span { evidence: range.clone(), range, kind, detector: "test" }
    }

    #[test]
    fn overlapping_spans_become_one_of_the_weightier_kind() {
        let mut spans = vec![span(4..9, Kind::Email), span(0..5, Kind::Token)];
        unite(&mut spans);
        assert_eq!(spans, [span(0..9, Kind::Token)]);
    }

    #[test]
    fn spans_that_only_touch_stay_apart_if_their_markers_differ() {
        let mut spans = vec![span(0..5, Kind::Token), span(5..9, Kind::Email)];
        unite(&mut spans);
        assert_eq!(spans.len(), 2);
    }

    #[test]
    fn a_finding_beside_a_marker_is_dropped_and_one_further_off_is_kept() {
        let text = b"[REDACTED_EMAIL]abc def";
        let mut spans = vec![span(16..19, Kind::Token), span(20..23, Kind::Token)];
        drop_beside_markers(text, &mut spans);
        assert_eq!(spans, [span(20..23, Kind::Token)]);
    }

    #[test]
    fn what_merely_looks_like_a_marker_is_none() {
        for text in ["[REDACTED_SECRET:1a2b3c4d]", "[REDACTED_CARD:1111]"] {
            assert_eq!(marker_len(text.as_bytes()), Some(text.len()), "{text}");
        }
        for text in ["[REDACTED_SECRET:1a2b3c4d5]", "[REDACTED_SECRET:a b]", "[REDACTED_:1111]"] {
            assert_eq!(marker_len(text.as_bytes()), None, "{text}");
        }
        for text in ["[REDACTED_]", "[REDACTED_a]", "[REDACTED]", "[REDACTED_SECRET"] {
            assert_eq!(marker_len(text.as_bytes()), None, "{text}");
        }
    }
}
