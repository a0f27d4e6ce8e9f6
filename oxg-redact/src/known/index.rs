//! Finds every occurrence of many byte strings in one pass.
//!
//! Long patterns are sought by windows of eight bytes at every fourth byte of
//! the text, short ones by windows of four at every third; see [`sampler`].

use std::collections::HashSet;
use std::ops::Range;

use super::encodings::{Form, forms};
use super::refusal::MIN_VALUE_LEN;
use super::sampler::{Place, Sampler};
use super::secret_bytes::SecretBytes;
use crate::bytes::BASE64;
use crate::kind::Kind;

/// A form is searched for in pieces of this length, the last one up to twice
/// as long. It bounds the work at a candidate, and finds most of a value that
/// was cut off.
const PIECE: usize = 64;

struct Pattern {
    bytes: SecretBytes,
    shared_before: bool,
    shared_after: bool,
}

/// The patterns of some values.
#[derive(Default)]
pub(crate) struct Index {
    patterns: Vec<Pattern>,
    long: Sampler<8, 4>,
    short: Sampler<4, 3>,
    /// Every head of a pattern that ends in a line feed.
    open_heads: Vec<SecretBytes>,
}

impl Index {
    pub(crate) fn new<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut patterns = Vec::new();
        let mut seen = HashSet::new();
        for pattern in values.into_iter().flat_map(forms).flat_map(|form| pieces(&form)) {
            let key = (pattern.bytes.clone(), pattern.shared_before, pattern.shared_after);
            if seen.insert(key) {
                patterns.push(pattern);
            }
        }
        let bytes = |long: bool| {
            (0u32..)
                .zip(&patterns)
                .map(|(number, pattern)| (number, pattern.bytes.as_slice()))
                .filter(move |(_, bytes)| (bytes.len() >= Sampler::<8, 4>::MIN_LEN) == long)
        };
        let (long, short) = (Sampler::new(bytes(true)), Sampler::new(bytes(false)));
        let open_heads = open_heads(&patterns);
        Self { patterns, long, short, open_heads }
    }

    /// Calls `found` with the range of every occurrence until it returns `false`.
    pub(crate) fn search(&self, text: &[u8], mut found: impl FnMut(Range<usize>) -> bool) {
        let mut look = |at: usize, place: Place| {
            let pattern = &self.patterns[place.pattern as usize];
            let bytes = pattern.bytes.as_slice();
            match at.checked_sub(place.offset as usize) {
                Some(start) if text[start..].starts_with(bytes) => {
                    found(pattern.grown(text, start..start + bytes.len()))
                }
                _ => true,
            }
        };
        if self.long.search(text, &mut look) {
            self.short.search(text, &mut look);
        }
    }

    /// Whether `text`, which ends in a line feed, may end inside an occurrence.
    pub(crate) fn open_after(&self, text: &[u8]) -> bool {
        self.open_heads.iter().any(|head| text.ends_with(head.as_slice()))
    }
}

fn open_heads(patterns: &[Pattern]) -> Vec<SecretBytes> {
    let bytes = patterns.iter().map(|pattern| pattern.bytes.as_slice());
    bytes
        .flat_map(|bytes| {
            memchr::memchr_iter(b'\n', bytes)
                .filter(|at| at + 1 < bytes.len())
                .map(|at| SecretBytes::new(bytes[..=at].to_vec()))
        })
        .collect()
}

impl Pattern {
    /// The occurrence, with the base64 characters that share bits with the value.
    fn grown(&self, text: &[u8], range: Range<usize>) -> Range<usize> {
        let at = |i: usize| text.get(i).copied();
        let mut range = range;
        if self.shared_before
            && range.start > 0
            && at(range.start - 1).is_some_and(|b| BASE64.has(b))
        {
            range.start -= 1;
        }
        if self.shared_after && at(range.end).is_some_and(|b| BASE64.has(b)) {
            range.end += 1;
        }
        range
    }
}

/// A form cut into pieces, each trimmed so that it can never straddle the edge
/// of a marker. Pieces too short to be searched for are left out.
fn pieces(form: &Form) -> Vec<Pattern> {
    let bytes = form.bytes.as_slice();
    let count = (bytes.len() / PIECE).max(1);
    (0..count)
        .map(|i| {
            let end = if i + 1 == count { bytes.len() } else { (i + 1) * PIECE };
            (i, trim(&bytes[i * PIECE..end]))
        })
        .filter(|(_, piece)| piece.len() >= MIN_VALUE_LEN && (count == 1 || varied(piece)))
        .map(|(i, piece)| Pattern {
            bytes: SecretBytes::new(piece.to_vec()),
            shared_before: form.shared_before && i == 0,
            shared_after: form.shared_after && i + 1 == count,
        })
        .collect()
}

/// Whether a piece of a longer value is more than a rule or an indent, which
/// any text may hold.
fn varied(piece: &[u8]) -> bool {
    let first = piece.first();
    piece.iter().filter(|b| Some(*b) != first).count() >= 8
}

/// Takes off what could be the end of a marker at the front and the start of
/// one at the back. Without this, the marker of one finding could complete an
/// occurrence of another value, and a second pass would find more than the first.
pub(crate) fn trim(mut bytes: &[u8]) -> &[u8] {
    // Most text has no byte of a marker at its edge.
    let of_marker =
        |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_uppercase() || b"[_]".contains(b));
    'front: while of_marker(bytes.first()) {
        for kind in Kind::ALL {
            let marker = kind.marker().as_bytes();
            for from in 1..marker.len() {
                if let Some(rest) = bytes.strip_prefix(&marker[from..]) {
                    bytes = rest;
                    continue 'front;
                }
            }
        }
        break;
    }
    'back: while of_marker(bytes.last()) {
        for kind in Kind::ALL {
            let marker = kind.marker().as_bytes();
            for to in 1..marker.len() {
                if let Some(rest) = bytes.strip_suffix(&marker[..to]) {
                    bytes = rest;
                    continue 'back;
                }
            }
        }
        break;
    }
    bytes
}
