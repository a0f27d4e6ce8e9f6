//! Finds where one of many byte strings may occur, by samples of the text.
//!
//! At every `STRIDE`th byte a window of `WINDOW` bytes is hashed and looked up
//! in a bit filter, and only where that hits, in a table of the places that
//! hold such a window. Each pattern is entered at `STRIDE` consecutive offsets,
//! so every occurrence meets a sample.

use std::ops::Range;

/// Where a window lies in a pattern.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) pattern: u32,
    pub(super) offset: u32,
    /// The part of the hash that the table is not ordered by.
    tag: u32,
}

#[derive(Default)]
pub(super) struct Sampler<const WINDOW: usize, const STRIDE: usize> {
    /// Each hash sets two bits in one word. Length is a power of two, or zero.
    filter: Vec<u64>,
    /// By the first bits of a hash: where its places begin. One more at the end.
    firsts: Vec<u32>,
    places: Vec<Place>,
}

/// Bits of the filter for each place, at least.
const BITS_PER_PLACE: usize = 16;
/// Samples that are looked up at once.
const GROUP: usize = 4;
/// Offsets of a pattern that are tried for the least crowded.
const TRIED: usize = 8;

impl<const WINDOW: usize, const STRIDE: usize> Sampler<WINDOW, STRIDE> {
    /// Fewest bytes of a pattern.
    pub(super) const MIN_LEN: usize = WINDOW + STRIDE - 1;

    /// A sampler for patterns with their numbers.
    pub(super) fn new<'a>(patterns: impl Iterator<Item = (u32, &'a [u8])> + Clone) -> Self {
        let count = patterns.clone().count() * STRIDE;
        if count == 0 {
            return Self::default();
        }
        let words = (count * BITS_PER_PLACE / 64).next_power_of_two().max(64);
        let buckets = count.next_power_of_two().max(64);
        let mut crowd = vec![0u32; buckets];
        let mut entered: Vec<(u64, Place)> = Vec::with_capacity(count);
        for (pattern, bytes) in patterns {
            let Some(last) = bytes.len().checked_sub(Self::MIN_LEN) else {
                continue;
            };
            // Values share heads (an issuer's prefix) and tails (a domain), so
            // the least crowded of some offsets is taken.
            let crowding = |from: &usize| -> u32 {
                (0..STRIDE).map(|i| crowd[top(hash_at::<WINDOW>(bytes, from + i), buckets)]).sum()
            };
            let step = (last / TRIED).max(1);
            let from = (0..=last).rev().step_by(step).min_by_key(crowding).unwrap_or(last);
            for offset in from..from + STRIDE {
                let hash = hash_at::<WINDOW>(bytes, offset);
                crowd[top(hash, buckets)] += 1;
                let offset = u32::try_from(offset).unwrap_or(u32::MAX);
                entered.push((hash, Place { pattern, offset, tag: tag(hash) }));
            }
        }
        entered.sort_unstable_by_key(|(hash, place)| (*hash, place.pattern));
        let mut filter = vec![0; words];
        let mut firsts = vec![0u32; buckets + 1];
        for (hash, _) in &entered {
            filter[top(*hash, words)] |= two_bits(*hash);
            firsts[top(*hash, buckets) + 1] += 1;
        }
        for i in 0..buckets {
            firsts[i + 1] += firsts[i];
        }
        Self { filter, firsts, places: entered.into_iter().map(|(_, place)| place).collect() }
    }

    /// Calls `look` with each sample that meets a window of a pattern, until it
    /// returns `false`. Returns whether it never did.
    #[inline]
    pub(super) fn search(&self, text: &[u8], look: &mut impl FnMut(usize, Place) -> bool) -> bool {
        if self.filter.is_empty() || text.len() < WINDOW {
            return true;
        }
        let last = text.len() - WINDOW;
        let mut at = 0;
        // Several samples to one branch: most groups have no hit.
        while at + (GROUP - 1) * STRIDE <= last {
            let hit = (0..GROUP).fold(false, |hit, i| {
                hit | self.may_hold(hash_at::<WINDOW>(text, at + i * STRIDE))
            });
            let end = at + GROUP * STRIDE;
            if hit && !self.search_group(text, at..end, look) {
                return false;
            }
            at = end;
        }
        self.search_group(text, at..last + 1, look)
    }

    /// Whether a window with this hash may be known.
    #[inline]
    fn may_hold(&self, hash: u64) -> bool {
        let bits = two_bits(hash);
        self.filter[top(hash, self.filter.len())] & bits == bits
    }

    fn search_group(
        &self,
        text: &[u8],
        group: Range<usize>,
        look: &mut impl FnMut(usize, Place) -> bool,
    ) -> bool {
        group.step_by(STRIDE).all(|at| {
            let hash = hash_at::<WINDOW>(text, at);
            !self.may_hold(hash) || self.look_up(hash, at, look)
        })
    }

    fn look_up(&self, hash: u64, at: usize, look: &mut impl FnMut(usize, Place) -> bool) -> bool {
        let bucket = top(hash, self.firsts.len() - 1);
        let range = self.firsts[bucket] as usize..self.firsts[bucket + 1] as usize;
        self.places[range]
            .iter()
            .filter(|place| place.tag == tag(hash))
            .all(|place| look(at, *place))
    }
}

/// The hash of the window at `at`.
#[inline]
fn hash_at<const WINDOW: usize>(bytes: &[u8], at: usize) -> u64 {
    let mut window = [0; 8];
    window[..WINDOW].copy_from_slice(&bytes[at..at + WINDOW]);
    u64::from_le_bytes(window).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// The first bits of a hash, as an index into `len`, a power of two.
#[inline]
fn top(hash: u64, len: usize) -> usize {
    (hash >> (u64::BITS - len.trailing_zeros())) as usize
}

/// Two bits of a word for a hash, by other bits than [`top`] takes. The lowest
/// are not good enough: they depend on few bits of the window.
#[inline]
fn two_bits(hash: u64) -> u64 {
    1 << (hash >> 34 & 63) | 1 << (hash >> 28 & 63)
}

#[inline]
fn tag(hash: u64) -> u32 {
    (hash >> 16) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_met_wherever_it_stands() {
        let patterns: Vec<Vec<u8>> = (11..80)
            .map(|len: u8| (0..len).map(|i| i.wrapping_mul(len) ^ 0x5a).collect())
            .collect();
        let sampler: Sampler<8, 4> = Sampler::new((0..).zip(patterns.iter().map(Vec::as_slice)));
        for (number, pattern) in (0..).zip(&patterns) {
            for before in 0..9 {
                let text = [&vec![b' '; before][..], pattern, b"  "].concat();
                let mut met = false;
                sampler.search(&text, &mut |at, place| {
                    met |= place.pattern == number
                        && at.checked_sub(place.offset as usize) == Some(before);
                    true
                });
                assert!(met, "{number} behind {before}");
            }
        }
    }
}
