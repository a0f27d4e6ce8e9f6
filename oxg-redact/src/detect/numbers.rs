//! Where numbers begin, and which detectors look at them.

use super::classes::{Window, runs_of};
use super::{Scan, card, iban, ip, national_id, phone};
use crate::bytes::{DIGIT, before};
use crate::kind::Kind;

/// Whether any detector of numbers is switched on.
pub(crate) fn wanted(scan: &Scan<'_>) -> bool {
    [Kind::Card, Kind::Iban, Kind::Ssn, Kind::Nino, Kind::Passport, Kind::Phone, Kind::IpAddress]
        .into_iter()
        .any(|kind| scan.wants(kind))
}

/// Looks at the numbers that begin in the block at `from`. Shifts tell which of
/// them have the shape of something; most are times, counts and ports.
#[inline]
pub(crate) fn at_block(scan: &mut Scan<'_>, from: usize, window: &Window) {
    let Window { alnum, digits, .. } = *window;
    let starts = digits & !(digits << 1);
    let two = digits & digits >> 1;
    // All shapes but that of an IP address begin with two digits.
    if Window::block(two).is_empty() && !scan.wants(Kind::IpAddress) {
        return;
    }
    let letters = alnum & !digits;
    let four = runs_of(digits, 4);
    let free = starts & !(alnum << 1);
    // `1234-5678…`, `123456 7890…`, `12345678 9012…`, or in one piece.
    let groups = |count: u32| runs_of(digits, count) & !(digits >> count) & four >> (count + 1);
    // `123456789`, `078051120`: only where a word announces them.
    let ids = starts & runs_of(digits, 6) & !runs_of(digits, 10);
    let cards = free & (runs_of(digits, 12) | groups(4) | groups(6) | groups(8));
    // `123-45…`, `123) 45…`
    let short = free & two & digits >> 2 & !(digits >> 3) & (two >> 4 | two >> 5 & !(digits >> 4));
    // `GB82…`, `AB123456C`, `AB 12 34 56 C`
    let two_letters = letters & letters << 1 & !(alnum << 2);
    let joined = starts & two & two_letters << 1;
    let apart = free & two & !(digits >> 2) & two_letters << 2;
    // `01 23 45 67 89`, `01234 567…`, `0123 456…`
    let pair = two & !(digits >> 2);
    let pairs = free & pair & pair >> 3 & pair >> 6 & pair >> 9 & pair >> 12;
    let four_or_five = four & (!(digits >> 4) & two >> 5 | digits >> 4 & !(digits >> 5) & two >> 6);
    let national = pairs | free & (four_or_five | short);
    if cards | national | ids | joined | apart != 0 {
        for at in Window::block(cards) {
            if !matches!(before(scan.text, from + at), Some(b'.' | b'_')) {
                card::at(scan, from + at);
            }
        }
        for at in Window::block(short) {
            three_digits(scan, from + at);
        }
        for at in Window::block(national) {
            phone::national(scan, from + at);
        }
        for at in Window::block(ids) {
            let at = from + at;
            let len = DIGIT.run(&scan.text[at..], 10);
            national_id::passport_at(scan, at, len);
            if len == 9 {
                national_id::ssn_at(scan, at);
            }
        }
        for at in Window::block(joined) {
            two_letters_and_digits(scan, (from + at).checked_sub(2));
        }
        for at in Window::block(apart) {
            two_letters_and_digits(scan, (from + at).checked_sub(3));
        }
    }
    if scan.wants(Kind::IpAddress) {
        for at in Window::block(free) {
            if !matches!(before(scan.text, from + at), Some(b'.' | b'_')) {
                ip::v4(scan, from + at);
            }
        }
    }
}

fn two_letters_and_digits(scan: &mut Scan<'_>, at: Option<usize>) {
    if let Some(at) = at {
        iban::at(scan, at);
        national_id::nino_at(scan, at);
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
