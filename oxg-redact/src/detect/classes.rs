//! Letters and digits as bits: one bit a byte, eight bytes at a time.

/// Bytes of a block.
pub(super) const BLOCK: usize = 64;

/// Which bytes of a block are letters and digits of ASCII.
#[derive(Clone, Copy, Default)]
pub(super) struct Classes {
    alnum: u64,
    digits: u64,
    capitals: u64,
    /// Whether one of [`RARE`] is among them.
    pub(super) rare: bool,
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

    #[inline]
    fn of_block(block: &[u8; BLOCK]) -> Self {
        // Loops without a branch over arrays of fixed length become vector code.
        let (mut digits, mut letters, mut capitals) = ([0; BLOCK], [0; BLOCK], [0; BLOCK]);
        let mut rare = 0;
        for (i, byte) in block.iter().enumerate() {
            digits[i] = u8::from(byte.wrapping_sub(b'0') < 10);
            letters[i] = u8::from((byte | 0x20).wrapping_sub(b'a') < 26);
            capitals[i] = u8::from(byte.wrapping_sub(b'A') < 26);
            rare |= RARE.iter().fold(0, |any, rare| any | u8::from(byte == rare));
        }
        let (digits, letters) = (bits(&digits), bits(&letters));
        Self { alnum: letters | digits, digits, capitals: bits(&capitals), rare: rare != 0 }
    }
}

/// The lowest bits of the bytes side by side.
#[inline]
fn bits(bytes: &[u8; BLOCK]) -> u64 {
    let mut bits = 0;
    for (i, eight) in bytes.as_chunks::<8>().0.iter().enumerate() {
        // The product gathers them in its highest byte.
        let gathered = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        bits |= gathered << (8 * i);
    }
    bits
}

/// A block with what lies before and behind it, so that a shift tells what
/// stands beside each of its bytes, up to [`REACH`] away.
#[derive(Clone, Copy)]
pub(super) struct Window {
    pub(super) alnum: u128,
    pub(super) digits: u128,
    pub(super) capitals: u128,
}

/// How far a window reaches beyond its block.
pub(super) const REACH: u32 = 32;

impl Window {
    #[inline]
    pub(super) fn new(before: Classes, block: Classes, behind: Classes) -> Self {
        let join = |class: fn(&Classes) -> u64| {
            u128::from(class(&before)) >> REACH
                | u128::from(class(&block)) << REACH
                | u128::from(class(&behind)) << (REACH + BLOCK as u32)
        };
        Self {
            alnum: join(|c| c.alnum),
            digits: join(|c| c.digits),
            capitals: join(|c| c.capitals),
        }
    }

    /// The bits of the block itself.
    #[inline]
    pub(super) fn block(bits: u128) -> Bits {
        Bits((bits >> REACH) as u64)
    }
}

/// The places of the bits that are set, in order.
#[derive(Clone, Copy)]
pub(super) struct Bits(u64);

impl Bits {
    #[inline]
    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
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

/// Where at least `count` bits are set in a row, from their first on.
#[inline]
pub(super) fn runs_of(bits: u128, count: u32) -> u128 {
    let (mut runs, mut len) = (bits, 1);
    while len < count {
        let step = len.min(count - len);
        runs &= runs >> step;
        len += step;
    }
    runs
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

    #[test]
    fn runs_are_told_by_their_length() {
        assert_eq!(runs_of(0b0111_0110, 3), 0b0001_0000);
        assert_eq!(runs_of(0b0111_0110, 2), 0b0011_0010);
        assert_eq!(runs_of(u128::MAX >> 96, 32), 1);
    }
}
