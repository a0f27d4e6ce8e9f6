//! Letters and digits as bits: one bit a byte, a word of bits for each block.

/// Bytes of a block.
pub(super) const BLOCK: usize = 64;

/// Which bytes of a block are letters and digits of ASCII.
#[derive(Clone, Copy, Default)]
pub(super) struct Classes {
    alnum: u64,
    digits: u64,
    capitals: u64,
    /// Whether one of [`RARE`] is among them.
    rare: bool,
}

/// Bytes beside which something is looked for, and which most lines do not hold.
pub(super) const RARE: [u8; 7] = *b"@~$\\%\x1b+";

impl Classes {
    /// Of the block that begins at `from`, or of what there is of it.
    #[inline]
    pub(super) fn of(text: &[u8], from: usize) -> Self {
        let rest = text.get(from..).unwrap_or_default();
        match rest.first_chunk::<BLOCK>() {
            Some(block) => Self::of_block(block),
            None if rest.is_empty() => Self::default(),
            None => {
                let mut block = [0; BLOCK];
                block[..rest.len()].copy_from_slice(rest);
                Self::of_block(&block)
            }
        }
    }

    fn of_block(block: &[u8; BLOCK]) -> Self {
        // Loops without a branch over arrays of fixed length become vector code.
        let mut alnum = [0; BLOCK];
        let mut rare = 0;
        for (class, byte) in alnum.iter_mut().zip(block) {
            let digit = byte.wrapping_sub(b'0') < 10;
            let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
            *class = u8::from(digit | letter);
            rare |= RARE.iter().fold(0, |any, rare| any | u8::from(byte == rare));
        }
        // Among them these bits tell letters from digits, and small ones from capitals.
        let (alnum, letters, small) = (bits(&alnum, 0), bits(block, 6), bits(block, 5));
        let letters = alnum & letters;
        Self { alnum, digits: alnum & !letters, capitals: letters & !small, rare: rare != 0 }
    }

    fn small(&self) -> u64 {
        self.alnum & !self.digits & !self.capitals
    }
}

/// Bit `bit` of each of the bytes, side by side.
#[inline]
fn bits(bytes: &[u8; BLOCK], bit: u32) -> u64 {
    let mut bits = 0;
    for (i, eight) in bytes.as_chunks::<8>().0.iter().enumerate() {
        let lowest = u64::from_le_bytes(*eight) >> bit & 0x0101_0101_0101_0101;
        // The product gathers them in its highest byte.
        bits |= lowest.wrapping_mul(0x0102_0408_1020_4080) >> 56 << (8 * i);
    }
    bits
}

/// A block between its neighbours.
#[derive(Clone, Copy, Default)]
pub(super) struct Window {
    before: Classes,
    block: Classes,
    behind: Classes,
}

/// Each bit of a block moved to the byte behind it.
#[inline]
fn next(bits: u64, before: u64) -> u64 {
    bits << 1 | before >> 63
}

/// Each bit of a block moved to the byte before it.
#[inline]
fn previous(bits: u64, behind: u64) -> u64 {
    bits >> 1 | behind << 63
}

impl Window {
    /// The window of the first block of a text.
    #[inline]
    pub(super) fn first(text: &[u8]) -> Self {
        Self {
            before: Classes::default(),
            block: Classes::of(text, 0),
            behind: Classes::of(text, BLOCK),
        }
    }

    /// Moves on to the next block, which is followed by that at `behind`.
    #[inline]
    pub(super) fn advance(&mut self, text: &[u8], behind: usize) {
        *self = Self { before: self.block, block: self.behind, behind: Classes::of(text, behind) };
    }

    #[inline]
    pub(super) fn has_rare(&self) -> bool {
        self.block.rare
    }

    /// Where words of letters begin, within a run of letters too: `accessToken`, `APIKey`.
    #[inline]
    pub(super) fn word_starts(&self) -> Bits {
        let Self { before, block, behind } = self;
        let letters = block.alnum & !block.digits;
        let small = block.small();
        let after_alnum = next(block.alnum, before.alnum);
        let after_small = next(small, before.small());
        let after_capital = next(block.capitals, before.capitals);
        let before_small = previous(small, behind.small());
        let within = block.capitals & (after_small | after_capital & before_small);
        Bits(letters & !after_alnum | within)
    }

    /// The last bytes of words of at least five letters; at the start of the
    /// block also of shorter ones.
    #[inline]
    pub(super) fn word_ends(&self) -> Bits {
        let letters = self.block.alnum & !self.block.digits;
        let two = letters & (letters << 1 | 1);
        let four = two & (two << 2 | 0b11);
        let five = four & (letters << 4 | 0b1111);
        Bits(five & !previous(self.block.alnum, self.behind.alnum))
    }

    /// Where runs of at least 32 letters and digits begin; at the end of the
    /// block also shorter ones that end with it or beyond it.
    #[inline]
    pub(super) fn long_runs(&self) -> Bits {
        let mut runs = self.block.alnum;
        for step in [1, 2, 4, 8, 16] {
            runs &= runs >> step | !(u64::MAX >> step);
        }
        Bits(runs & !next(self.block.alnum, self.before.alnum))
    }

    /// Where digits begin.
    #[inline]
    pub(super) fn digit_runs(&self) -> Bits {
        Bits(self.block.digits & !next(self.block.digits, self.before.digits))
    }

    /// Where at least two digits begin.
    #[inline]
    pub(super) fn numbers(&self) -> Bits {
        Bits(self.digit_runs().0 & previous(self.block.digits, self.behind.digits))
    }

    /// Which of the bytes from the one at `at` of the block on are digits, the
    /// first in the lowest bit.
    #[inline]
    pub(super) fn digits_from(&self, at: usize) -> u64 {
        // In two steps, as no shift moves all bits out.
        self.block.digits >> at | self.behind.digits << 1 << (BLOCK - 1 - at)
    }
}

/// The places of the bits that are set, in order.
#[derive(Clone, Copy)]
pub(super) struct Bits(u64);

impl Bits {
    #[inline]
    pub(super) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those for which `keep` holds.
    #[inline]
    pub(super) fn only(self, keep: impl Fn(usize) -> bool) -> Self {
        Self(self.fold(0, |bits, at| bits | u64::from(keep(at)) << at))
    }

    #[inline]
    pub(super) fn has(self, at: usize) -> bool {
        self.0 >> at & 1 == 1
    }
}

impl Iterator for Bits {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let at = self.0.trailing_zeros() as usize;
        self.0 &= self.0 - 1;
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_has_its_own_class_and_changes_no_other() {
        for byte in 0..=u8::MAX {
            for at in [0, 7, 8, 30, 63] {
                let mut block = [b'-'; BLOCK];
                block[at] = byte;
                let classes = Classes::of(&block, 0);
                assert_eq!(classes.digits, u64::from(byte.is_ascii_digit()) << at, "{byte}");
                assert_eq!(classes.alnum, u64::from(byte.is_ascii_alphanumeric()) << at, "{byte}");
                assert_eq!(classes.capitals, u64::from(byte.is_ascii_uppercase()) << at, "{byte}");
                assert_eq!(classes.rare, RARE.contains(&byte), "{byte}");
            }
        }
    }

    /// The windows of a text, each with where its block begins.
    fn windows(text: &[u8]) -> Vec<(usize, Window)> {
        let mut window = Window::first(text);
        let mut all = Vec::new();
        for from in (0..text.len()).step_by(BLOCK) {
            all.push((from, window));
            window.advance(text, from + 2 * BLOCK);
        }
        all
    }

    fn places(text: &str, bits: fn(&Window) -> Bits) -> Vec<usize> {
        let windows = windows(text.as_bytes());
        windows.iter().flat_map(|(from, window)| bits(window).map(move |at| from + at)).collect()
    }

    #[test]
    fn words_and_numbers_begin_where_they_do_wherever_blocks_end() {
        for shift in 0..2 * BLOCK {
            let text = format!("{}userToken=APIKey2x 12 345 x9", " ".repeat(shift));
            let at = |offsets: &[usize]| offsets.iter().map(|o| o + shift).collect::<Vec<_>>();
            assert_eq!(places(&text, Window::word_starts), at(&[0, 4, 10, 13, 26]), "{shift}");
            assert_eq!(places(&text, Window::numbers), at(&[19, 22]), "{shift}");
            let ends = places(&text, Window::word_ends);
            assert!(ends.contains(&(shift + 8)), "{shift}: {ends:?}");
        }
    }

    #[test]
    fn no_long_run_is_missed_and_short_ones_only_at_the_end_of_a_block() {
        for shift in 0..2 * BLOCK {
            for len in [8, 31, 32, 33, 64, 100] {
                let text = format!("{}{} end.", "-".repeat(shift), "a1".repeat(50).split_at(len).0);
                let met = places(&text, Window::long_runs).contains(&shift);
                let to_the_end = shift % BLOCK + len >= BLOCK;
                assert!(if len >= 32 { met } else { met == to_the_end }, "{len} at {shift}");
            }
        }
    }

    #[test]
    fn the_digits_from_a_place_on_are_read_across_blocks() {
        for shift in 0..BLOCK {
            let text = format!("{}11.22.333", " ".repeat(shift));
            let (_, window) = windows(text.as_bytes())[0];
            assert_eq!(window.digits_from(shift), 0b1_1101_1011, "{shift}");
        }
    }
}
