//! Where numbers begin, and which detectors look at them.

use super::classes::Window;
use super::{Scan, card, iban, ip, national_id, phone};
use crate::bytes::before;
use crate::kind::Kind;

/// Whether any detector of numbers is switched on.
pub(crate) fn wanted(scan: &Scan<'_>) -> bool {
    [Kind::Card, Kind::Iban, Kind::Ssn, Kind::Nino, Kind::Passport, Kind::Phone, Kind::IpAddress]
        .into_iter()
        .any(|kind| scan.wants(kind))
}

/// Looks at the numbers that begin in the block at `from`.
#[inline]
pub(crate) fn at_block(scan: &mut Scan<'_>, from: usize, window: &Window) {
    for at in window.numbers() {
        by_shape(scan, from + at, window.digits_from(at));
    }
    if scan.wants(Kind::IpAddress) {
        for at in window.digit_runs().map(|at| from + at) {
            if is_free(scan.text, at) && !matches!(before(scan.text, at), Some(b'.' | b'_')) {
                ip::v4(scan, at);
            }
        }
    }
}

/// Whether no letter stands before the digit at `at`.
fn is_free(text: &[u8], at: usize) -> bool {
    !before(text, at).is_some_and(|b| b.is_ascii_alphabetic())
}

/// Calls the detectors that know a number of this shape. Most numbers are
/// times, counts and ports, which none does. `digits` tells which bytes from
/// `at` on are digits, the first in the lowest bit; there are at least two.
#[inline]
fn by_shape(scan: &mut Scan<'_>, at: usize, digits: u64) {
    let text = scan.text;
    let len = digits.trailing_ones();
    // Whether as many digits stand behind one other byte.
    let group = |len: u32, count: u32| {
        let wanted = (1 << count) - 1;
        digits >> (len + 1) & wanted == wanted
    };
    if !is_free(text, at) {
        // `GB82…`, `AB123456C`
        two_letters_and_digits(scan, at, 0);
        if (6..=9).contains(&len) {
            announced_id(scan, at, len);
        }
        return;
    }
    match len {
        2 => {
            // `AB 12 34 56 C`
            two_letters_and_digits(scan, at, 1);
            // `01 23 45 67 89`
            if digits & 0x7fff == 0b011_0110_1101_1011 {
                national(scan, at);
            }
        }
        // `123-45…`, `123) 45…`
        3 if group(3, 2) || digits & 0b111_0000 == 0b110_0000 => {
            three_digits(scan, at);
            national(scan, at);
        }
        // `0123 456…`, `1234-5678…`
        4 if group(4, 2) => {
            national(scan, at);
            if group(4, 4) {
                card(scan, at);
            }
        }
        // `01234 567…`
        5 if group(5, 2) => national(scan, at),
        6..=9 => {
            // `123456 7890…`, `12345678 9012…`
            if matches!(len, 6 | 8) && group(len, 4) {
                card(scan, at);
            }
            announced_id(scan, at, len);
        }
        12.. => card(scan, at),
        _ => {}
    }
}

/// A telephone number as it is written within a country; years and most counts
/// begin with other digits.
#[inline]
fn national(scan: &mut Scan<'_>, at: usize) {
    if matches!(scan.text.get(at), Some(b'0' | b'1')) {
        phone::national(scan, at);
    }
}

fn card(scan: &mut Scan<'_>, at: usize) {
    if !matches!(before(scan.text, at), Some(b'.' | b'_')) {
        card::at(scan, at);
    }
}

/// What a word has to announce.
fn announced_id(scan: &mut Scan<'_>, at: usize, len: u32) {
    if scan.announcements.is_empty() {
        return;
    }
    national_id::passport_at(scan, at, len as usize);
    if len == 9 {
        national_id::ssn_at(scan, at);
    }
}

/// Looks at the number at `at` if exactly two letters stand `apart` bytes before it.
#[inline]
fn two_letters_and_digits(scan: &mut Scan<'_>, at: usize, apart: usize) {
    let Some([head @ .., a, b]) = at.checked_sub(apart).and_then(|end| scan.text.get(..end)) else {
        return;
    };
    if b.is_ascii_alphabetic()
        && a.is_ascii_alphabetic()
        && !head.last().is_some_and(u8::is_ascii_alphanumeric)
    {
        let start = head.len();
        iban::at(scan, start);
        national_id::nino_at(scan, start);
    }
}

/// `at` is the first of three digits that others follow soon.
fn three_digits(scan: &mut Scan<'_>, at: usize) {
    match before(scan.text, at) {
        Some(b'.' | b'_') => {}
        Some(b'(') => phone::north_american(scan, at - 1),
        _ => {
            national_id::ssn_at(scan, at);
            phone::north_american(scan, at);
        }
    }
}
