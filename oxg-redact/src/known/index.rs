//! Finds every occurrence of many byte strings in one pass.
//!
//! Text is sampled at every third byte. A window of four bytes there is looked
//! up in a bit filter, and only where that hits, in a table of the patterns
//! that hold the window. Each pattern is entered at three consecutive offsets,
//! so every occurrence meets a sample.

use std::collections::HashMap;
use std::ops::Range;

use super::encodings::{Form, forms};
use super::refusal::MIN_VALUE_LEN;
use super::secret_bytes::SecretBytes;
use crate::bytes::BASE64;
use crate::kind::Kind;

const WINDOW: usize = 4;
const STRIDE: usize = 3;
/// A form is searched for in pieces of this length, the last one up to twice
/// as long. It bounds the work at a candidate, and finds most of a value that
/// was cut off.
const PIECE: usize = 64;

struct Pattern {
    bytes: SecretBytes,
    shared_before: bool,
    shared_after: bool,
}

/// Where a window lies in a pattern.
#[derive(Clone, Copy)]
struct Place {
    pattern: u32,
    offset: u32,
}

/// The patterns of some values.
#[derive(Default)]
pub(crate) struct Index {
    patterns: Vec<Pattern>,
    /// One bit for each hash of a window. Length is a power of two, or zero.
    filter: Vec<u64>,
    shift: u32,
    places: HashMap<[u8; WINDOW], Vec<Place>>,
}

impl Index {
    pub(crate) fn new<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut index = Self::default();
        let mut seen = std::collections::HashSet::new();
        for value in values {
            for form in forms(value) {
                for pattern in pieces(&form) {
                    if seen.insert((
                        pattern.bytes.clone(),
                        pattern.shared_before,
                        pattern.shared_after,
                    )) {
                        index.patterns.push(pattern);
                    }
                }
            }
        }
        index.enter_all();
        index
    }

    fn enter_all(&mut self) {
        if self.patterns.is_empty() {
            return;
        }
        let bits = (self.patterns.len() * STRIDE * 16).next_power_of_two().max(1 << 12);
        self.filter = vec![0; bits / 64];
        self.shift = 32 - bits.trailing_zeros().min(32);
        for (number, pattern) in (0u32..).zip(&self.patterns) {
            let bytes = pattern.bytes.as_slice();
            let last = bytes.len() - (WINDOW + STRIDE - 1);
            let load = |from: &usize| {
                (0..STRIDE)
                    .map(|i| self.places.get(&window(bytes, from + i)).map_or(0, Vec::len))
                    .sum::<usize>()
            };
            // Values share heads (an issuer's prefix) and tails (a domain), so
            // the least crowded of some offsets is taken.
            let from =
                [last, last / 2, last / 3, last / 4, 0].into_iter().min_by_key(load).unwrap_or(0);
            for offset in from..from + STRIDE {
                let key = window(bytes, offset);
                let hash = hash(key, self.shift);
                self.filter[hash / 64] |= 1 << (hash % 64);
                self.places
                    .entry(key)
                    .or_default()
                    .push(Place { pattern: number, offset: u32::try_from(offset).unwrap_or(0) });
            }
        }
    }

    /// Calls `found` with the range of every occurrence until it returns `false`.
    pub(crate) fn search(&self, text: &[u8], mut found: impl FnMut(Range<usize>) -> bool) {
        if self.filter.is_empty() {
            return;
        }
        for (i, bytes) in text.windows(WINDOW).enumerate().step_by(STRIDE) {
            let Ok(key) = <[u8; WINDOW]>::try_from(bytes) else {
                continue;
            };
            let hash = hash(key, self.shift);
            if self.filter[hash / 64] & (1 << (hash % 64)) == 0 {
                continue;
            }
            for place in self.places.get(&key).into_iter().flatten() {
                let pattern = &self.patterns[place.pattern as usize];
                let bytes = pattern.bytes.as_slice();
                let Some(start) = i.checked_sub(place.offset as usize) else {
                    continue;
                };
                if text[start..].starts_with(bytes)
                    && !found(pattern.grown(text, start..start + bytes.len()))
                {
                    return;
                }
            }
        }
    }

    /// The patterns that hold a line feed.
    pub(crate) fn multi_line(&self) -> impl Iterator<Item = &[u8]> {
        self.patterns
            .iter()
            .map(|p| p.bytes.as_slice())
            .filter(|bytes| memchr::memchr(b'\n', bytes).is_some())
    }
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

fn window(bytes: &[u8], at: usize) -> [u8; WINDOW] {
    [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]
}

#[inline]
fn hash(window: [u8; WINDOW], shift: u32) -> usize {
    (u32::from_le_bytes(window).wrapping_mul(0x9E37_79B1) >> shift) as usize
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
    'front: loop {
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
    'back: loop {
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
