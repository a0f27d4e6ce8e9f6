//! Finds where one of some hundred fixed texts may stand, in one pass.
//!
//! Of each text its rarest three bytes are entered into a bit set, by hash and
//! with letter case folded. Every three bytes of a line are looked up there;
//! only where that hits are the texts themselves compared. An Aho-Corasick
//! automaton of so many texts does not fit into the first cache.

/// A text to be found.
pub(super) struct Needle<T> {
    pub(super) text: &'static str,
    /// Bytes that may follow a text of two bytes.
    pub(super) next: Option<&'static crate::bytes::ByteSet>,
    pub(super) ignore_case: bool,
    pub(super) action: T,
}

const GRAM: usize = 3;
/// Bits of a hash. The bit set takes 8 KiB.
const HASH_BITS: u32 = 16;
/// Folds capitals onto small letters. It makes other bytes alike too, which
/// only means that a few more places are looked at.
const FOLD: u64 = 0x2020_2020_2020_2020;
/// Places tested at once: those whose three bytes lie in eight.
const BATCH: usize = 8 - GRAM + 1;

/// A needle, and where in it the gram stands that it was entered by.
struct Entry {
    needle: u16,
    offset: u8,
}

pub(super) struct Prefilter<T> {
    needles: Vec<Needle<T>>,
    bits: Box<[u64; 1 << (HASH_BITS - 6)]>,
    /// By hash: where the entries of the gram begin in `entries`.
    first: Vec<(u16, u16)>,
    entries: Vec<Entry>,
}

impl<T: Copy> Prefilter<T> {
    pub(super) fn new(needles: Vec<Needle<T>>) -> Self {
        let mut bits = Box::new([0; 1 << (HASH_BITS - 6)]);
        let mut entered = Vec::new();
        for (number, needle) in (0u16..).zip(&needles) {
            for (hash, offset) in grams_of(needle) {
                bits[hash >> 6] |= 1 << (hash & 63);
                entered.push((hash, Entry { needle: number, offset }));
            }
        }
        entered.sort_by_key(|(hash, _)| *hash);
        let mut first = vec![(0, 0); 1 << HASH_BITS];
        for (place, (hash, _)) in (0u16..).zip(&entered) {
            let (from, to) = &mut first[*hash];
            if *to == 0 {
                *from = place;
            }
            *to = place + 1;
        }
        Self { needles, bits, first, entries: entered.into_iter().map(|(_, e)| e).collect() }
    }

    /// Calls `found` with the start of every occurrence. Starts may be out of
    /// order by the length of a needle.
    pub(super) fn search(&self, text: &[u8], mut found: impl FnMut(usize, &Needle<T>)) {
        let mut at = 0;
        while let Some(bytes) = text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
            self.batch(text, at, u64::from_le_bytes(*bytes), &mut found);
            at += BATCH;
        }
        let rest = &text[at..];
        let mut bytes = [0; 8];
        bytes[..rest.len()].copy_from_slice(rest);
        self.batch(text, at, u64::from_le_bytes(bytes), &mut found);
    }

    #[inline]
    fn batch(&self, text: &[u8], at: usize, word: u64, found: &mut impl FnMut(usize, &Needle<T>)) {
        let word = word | FOLD;
        let mut hits = 0u64;
        for i in 0..BATCH {
            let hash = hash(word >> (8 * i));
            hits |= (self.bits[hash >> 6] >> (hash & 63) & 1) << i;
        }
        while hits != 0 {
            let i = hits.trailing_zeros() as usize;
            hits &= hits - 1;
            self.compare(text, at + i, hash(word >> (8 * i)), found);
        }
    }

    #[inline]
    fn compare(
        &self,
        text: &[u8],
        at: usize,
        hash: usize,
        found: &mut impl FnMut(usize, &Needle<T>),
    ) {
        let (from, to) = self.first[hash];
        for entry in &self.entries[usize::from(from)..usize::from(to)] {
            let needle = &self.needles[usize::from(entry.needle)];
            let Some(start) = at.checked_sub(usize::from(entry.offset)) else {
                continue;
            };
            let Some(there) = text.get(start..start + needle.text.len()) else {
                continue;
            };
            let same = if needle.ignore_case {
                there.eq_ignore_ascii_case(needle.text.as_bytes())
            } else {
                there == needle.text.as_bytes()
            };
            if same {
                found(start, needle);
            }
        }
    }
}

#[inline]
fn hash(gram: u64) -> usize {
    // The shift drops what follows the gram.
    let gram = (gram as u32) << 8;
    (gram.wrapping_mul(0x9E37_79B1) >> (32 - HASH_BITS)) as usize
}

/// The hashes by which a needle is entered, each with the offset of its gram.
fn grams_of<T>(needle: &Needle<T>) -> Vec<(usize, u8)> {
    let text = needle.text.as_bytes();
    let entry = |gram: &[u8], offset: usize| {
        let mut bytes = [0; 8];
        bytes[..GRAM].copy_from_slice(gram);
        (hash(u64::from_le_bytes(bytes) | FOLD), u8::try_from(offset).unwrap_or(0))
    };
    match (text, needle.next) {
        ([a, b], Some(next)) => {
            let mut all: Vec<_> =
                (0..=u8::MAX).filter(|c| next.has(*c)).map(|c| entry(&[*a, *b, c], 0)).collect();
            all.sort_unstable();
            all.dedup();
            all
        }
        _ => text
            .windows(GRAM)
            .enumerate()
            .min_by_key(|(_, gram)| gram.iter().map(|b| commonness(*b)).sum::<u32>())
            .map(|(offset, gram)| entry(gram, offset))
            .into_iter()
            .collect(),
    }
}

/// How common a byte is in logs and prose, roughly: about ten times the
/// logarithm of its share.
fn commonness(byte: u8) -> u32 {
    match byte.to_ascii_lowercase() {
        b' ' | b'e' => 40,
        b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' => 36,
        b'0' | b'1' | b'2' | b'.' | b'-' | b':' | b'/' => 34,
        b'l' | b'c' | b'd' | b'u' | b'p' | b'm' | b'h' => 32,
        b'3'..=b'9' | b'=' | b'"' | b'_' => 30,
        b'f' | b'g' | b'b' | b'w' | b'y' => 26,
        b'v' | b'k' => 20,
        b'x' | b'j' | b'q' | b'z' => 12,
        _ => 16,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(needles: &[(&'static str, bool)], text: &str) -> Vec<(usize, &'static str)> {
        let needles = needles
            .iter()
            .map(|(text, ignore_case)| Needle {
                text,
                next: Some(&crate::bytes::ALNUM),
                ignore_case: *ignore_case,
                action: (),
            })
            .collect();
        let mut all = Vec::new();
        Prefilter::new(needles)
            .search(text.as_bytes(), |start, needle| all.push((start, needle.text)));
        all.sort_unstable();
        all
    }

    #[test]
    fn a_text_is_found_wherever_it_stands() {
        for before in 0..20 {
            for after in 0..10 {
                let text = format!("{}tokenX{}", ".".repeat(before), ".".repeat(after));
                assert_eq!(found(&[("token", true)], &text), [(before, "token")]);
                let text = format!("{}s.a{}", "-".repeat(before), "-".repeat(after));
                assert_eq!(found(&[("s.", false)], &text), [(before, "s.")]);
            }
        }
    }

    #[test]
    fn case_counts_only_where_it_is_said_to() {
        assert_eq!(
            found(&[("AKIA", false), ("key", true)], "akia KEY AKIA"),
            [(5, "key"), (9, "AKIA")]
        );
    }

    #[test]
    fn texts_that_share_their_rarest_bytes_are_all_found() {
        let needles = [("apikey", true), ("key", true), ("keyx", false)];
        assert_eq!(found(&needles, "apikeyx"), [(0, "apikey"), (3, "key"), (3, "keyx")]);
    }
}
