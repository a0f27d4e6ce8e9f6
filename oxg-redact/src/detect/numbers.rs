//! Where numbers begin, and which detectors look at them.

use super::{Scan, card, iban, ip, national_id, phone};
use crate::bytes::{ALNUM, before};
use crate::kind::Kind;

/// Bytes looked at together.
const BLOCK: usize = 64;

pub(crate) fn run(scan: &mut Scan<'_>) {
    let personal = [Kind::Card, Kind::Iban, Kind::Ssn, Kind::Nino, Kind::Phone];
    let ips = scan.wants(Kind::IpAddress);
    if !ips && !personal.into_iter().any(|kind| scan.wants(kind)) {
        return;
    }
    let text = scan.text;
    // Whether the block before ended in a digit.
    let mut carry = 0;
    for (number, block) in text.chunks(BLOCK).enumerate() {
        let digits = digit_mask(block);
        let mut starts = digits & !(digits << 1 | carry);
        carry = digits >> (BLOCK - 1);
        while starts != 0 {
            let at = starts.trailing_zeros();
            starts &= starts - 1;
            // Of a run that goes on in the next block only the head counts here.
            let len = (digits >> at).trailing_ones() as usize;
            let at = at as usize;
            let open = at + len == BLOCK;
            start(scan, number * BLOCK + at, len, open, ips);
        }
    }
    if ips {
        ip::v6(scan);
    }
}

/// One bit for each byte of `block` that is a digit. Eight bytes go at a time.
fn digit_mask(block: &[u8]) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let mut mask = 0;
    for (i, chunk) in block.chunks(8).enumerate() {
        let mut bytes = [0; 8];
        match chunk.first_chunk::<8>() {
            Some(whole) => bytes = *whole,
            None => bytes[..chunk.len()].copy_from_slice(chunk),
        }
        // Of each byte: below ten once the bits of `0` are taken away.
        let value = u64::from_le_bytes(bytes) ^ (ONES * 0x30);
        let over = ((value & (ONES * 0x7f)) + ONES * 0x76) | value;
        let is_digit = (!over & (ONES * 0x80)) >> 7;
        // Gathers the lowest bit of each byte in the highest byte.
        mask |= (is_digit.wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * i);
    }
    mask
}

/// `at` is the first of a run of `len` digits, or of more if it is `open`.
#[inline]
fn start(scan: &mut Scan<'_>, at: usize, len: usize, open: bool, ips: bool) {
    match before(scan.text, at) {
        Some(last) if ALNUM.has(last) || last == b'_' => {
            // Two letters in front may be a country, or the prefix of a NINO.
            let text = scan.text;
            if len >= 2 || open {
                if let Some(from) = at.checked_sub(2).filter(|from| two_letters(text, *from)) {
                    iban::at(scan, from);
                    national_id::nino_at(scan, from);
                }
            }
        }
        Some(b'+') => phone::international(scan, at - 1),
        Some(b'(') => {
            phone::north_american(scan, at - 1);
            bare(scan, at, len, open, ips);
        }
        Some(b'.') => {}
        Some(last) => {
            if last == b' ' && len == 2 && at >= 3 && two_letters(scan.text, at - 3) {
                national_id::nino_at(scan, at - 3);
                iban::at(scan, at - 3);
            }
            bare(scan, at, len, open, ips);
        }
        None => bare(scan, at, len, open, ips),
    }
}

fn two_letters(text: &[u8], at: usize) -> bool {
    matches!(text.get(at..), Some([a, b, ..]) if a.is_ascii_alphabetic() && b.is_ascii_alphabetic())
        && before(text, at).is_none_or(|b| !b.is_ascii_alphanumeric() || at >= 2)
}

#[inline]
fn bare(scan: &mut Scan<'_>, at: usize, len: usize, open: bool, ips: bool) {
    // A date, a time or a counter ends here.
    if len >= 12 || open || matches!(len, 4 | 6 | 8) && grouped(scan.text, at + len) {
        card::at(scan, at);
    }
    if len == 3 || open {
        national_id::ssn_at(scan, at);
        phone::north_american(scan, at);
    }
    if ips {
        ip::v4(scan, at);
    }
}

/// Whether a group of at least four digits follows.
#[inline]
fn grouped(text: &[u8], at: usize) -> bool {
    matches!(text.get(at..at + 5), Some([b' ' | b'-', group @ ..]) if group.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_has_a_bit_for_each_digit_and_for_nothing_else() {
        for byte in 0..=u8::MAX {
            for at in [0, 7, 8, 30, 63] {
                let mut block = [b'x'; BLOCK];
                block[at] = byte;
                let expected = u64::from(byte.is_ascii_digit()) << at;
                assert_eq!(digit_mask(&block), expected, "{byte} at {at}");
            }
        }
        assert_eq!(digit_mask(b"a12-3"), 0b10110);
    }
}
