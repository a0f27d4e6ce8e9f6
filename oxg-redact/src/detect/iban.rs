//! International bank account numbers: country, length and check digits (ISO 13616).

use super::Scan;
use crate::bytes::{UPPER_DIGIT, left_edge};
use crate::kind::Kind;

/// Length by country, from the IBAN registry.
const LENGTHS: &[(&[u8; 2], usize)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HN", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SO", 23),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
    (b"YE", 30),
];

fn length(country: &[u8; 2]) -> Option<usize> {
    let at = LENGTHS.binary_search_by(|(known, _)| (*known).cmp(country)).ok()?;
    Some(LENGTHS[at].1)
}

/// `at` is where the country would stand.
pub(crate) fn at(scan: &mut Scan<'_>, at: usize) {
    if !scan.wants(Kind::Iban) {
        return;
    }
    let text = scan.text;
    if !text.get(at).is_some_and(u8::is_ascii_uppercase) {
        return;
    }
    let Some(length) = text.get(at..).and_then(<[u8]>::first_chunk).and_then(length) else {
        return;
    };
    let Some(evidence) = left_edge(text, at) else {
        return;
    };
    // The longest IBAN has 33 characters, in groups of four parted by blanks.
    let mut compact = [0; 33];
    let (mut len, mut end) = (0, at);
    while len < length {
        match text.get(end) {
            Some(b) if UPPER_DIGIT.has(*b) => {
                compact[len] = *b;
                len += 1;
            }
            Some(b' ' | b'-')
                if len >= 4 && text.get(end + 1).is_some_and(|b| UPPER_DIGIT.has(*b)) => {}
            _ => return,
        }
        end += 1;
    }
    let goes_on = text.get(end).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    if !goes_on && check_digits(&compact[..length]) {
        scan.add(Kind::Iban, "iban", at..end, evidence..end);
    }
}

/// ISO 7064, MOD 97-10, with the first four characters moved to the end.
fn check_digits(iban: &[u8]) -> bool {
    let value = iban[4..].iter().chain(&iban[..4]).fold(0u32, |sum, b| {
        if b.is_ascii_digit() {
            (sum * 10 + u32::from(b - b'0')) % 97
        } else {
            (sum * 100 + u32::from(b - b'A') + 10) % 97
        }
    });
    value == 1 && iban[2..4].iter().all(u8::is_ascii_digit)
}
