//! National numbers: the social security number of the United States and the
//! national insurance number of the United Kingdom.

use super::Scan;
use super::context::Announced;
use crate::bytes::{DIGIT, before, left_edge, right_edge};
use crate::kind::Kind;

/// `ddd-dd-dddd` or `ddd.dd.dddd` in the ranges that the Social Security
/// Administration gives out; with blanks or in one piece if a word announces it.
pub(crate) fn ssn_at(scan: &mut Scan<'_>, at: usize) {
    let text = scan.text;
    let separator = text.get(at + 3).copied().filter(|b| !b.is_ascii_digit());
    let len = if separator.is_some() { 11 } else { 9 };
    let Some(number) = text.get(at..at + len) else {
        return;
    };
    if matches!(before(text, at), Some(b'-' | b'/' | b'.')) {
        return;
    }
    let mut digits = [0; 9];
    let mut count = 0;
    for (i, byte) in number.iter().enumerate() {
        match separator {
            Some(separator) if i == 3 || i == 6 => {
                if *byte != separator {
                    return;
                }
            }
            _ if byte.is_ascii_digit() => {
                digits[count] = *byte;
                count += 1;
            }
            _ => return,
        }
    }
    let goes_on = match &text[at + len..] {
        [b'-' | b'.', b, ..] => b.is_ascii_alphanumeric(),
        rest => !right_edge(rest, 0),
    };
    let [area @ .., _, _, _, _, _, _] = &digits;
    let given_out = area != b"000"
        && area != b"666"
        && area[0] != b'9'
        && &digits[3..5] != b"00"
        && &digits[5..] != b"0000";
    if !given_out || goes_on {
        return;
    }
    let evidence = match separator {
        Some(b'-' | b'.') => Some(at),
        Some(b' ') if is_alone(text, at, at + len) => Some(at.saturating_sub(2)),
        Some(b' ') | None => scan.announced(at, Announced::Ssn),
        Some(_) => None,
    };
    if let Some(evidence) = evidence {
        let more = usize::from(separator == Some(b' ') && text.get(at + len) != Some(&b'\n'));
        scan.add(Kind::Ssn, "us-ssn", at..at + len, evidence..at + len + 1 + more);
    }
}

/// Whether a group of digits is no part of a row of numbers.
fn is_alone(text: &[u8], start: usize, end: usize) -> bool {
    let digit = |b: u8| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b':' | b'%' | b'$');
    let no_row = |first: Option<u8>, second: Option<u8>| match first {
        Some(b' ' | b'\t' | b',') => !second.is_some_and(digit),
        Some(first) => !digit(first),
        None => true,
    };
    let ahead = start.checked_sub(2).and_then(|at| text.get(at)).copied();
    no_row(before(text, start), ahead) && no_row(text.get(end).copied(), text.get(end + 1).copied())
}

/// Six to nine digits, up to two letters in front, where a word announces a
/// passport. `at` is the first digit.
pub(crate) fn passport_at(scan: &mut Scan<'_>, at: usize, len: usize) {
    let text = scan.text;
    let letters = text[..at].iter().rev().take(3).take_while(|b| b.is_ascii_alphabetic()).count();
    if !(6..=9).contains(&len) || letters > 2 || !right_edge(text, at + len) {
        return;
    }
    let start = at - letters;
    if let Some(evidence) = scan.announced(start, Announced::Passport) {
        scan.add(Kind::Passport, "passport", start..at + len, evidence..at + len + 1);
    }
}

/// Two letters, six digits and a letter from A to D, with or without blanks
/// after each pair. `at` is where the first letter would stand.
pub(crate) fn nino_at(scan: &mut Scan<'_>, at: usize) {
    let text = scan.text;
    let Some([a, b, ..]) = text.get(at..) else {
        return;
    };
    let lower = a.is_ascii_lowercase();
    let prefix = [a.to_ascii_uppercase(), b.to_ascii_uppercase()];
    let never = [*b"BG", *b"GB", *b"KN", *b"NK", *b"NT", *b"TN", *b"ZZ"];
    // In one case throughout: small letters are seen as well.
    let letters = a.is_ascii_alphabetic()
        && b.is_ascii_alphabetic()
        && b.is_ascii_lowercase() == lower
        && !b"DFIQUV".contains(&prefix[0])
        && !b"DFIQUVO".contains(&prefix[1]);
    if !letters || never.contains(&prefix) {
        return;
    }
    let Some(evidence) = left_edge(text, at) else {
        return;
    };
    let blank = usize::from(text.get(at + 2) == Some(&b' '));
    let mut end = at + 2;
    for _ in 0..3 {
        end += blank;
        let Some(pair) = text.get(end..end + 2) else {
            return;
        };
        if blank == 1 && text[end - 1] != b' ' || DIGIT.run(pair, 2) != 2 {
            return;
        }
        end += 2;
    }
    if text.get(end) == Some(&b' ') {
        end += 1;
    }
    let suffix = match text.get(end) {
        Some(b'A'..=b'D') => !lower,
        Some(b'a'..=b'd') => lower,
        _ => false,
    };
    if !suffix || !right_edge(text, end + 1) {
        return;
    }
    scan.add(Kind::Nino, "uk-nino", at..end + 1, evidence..end + 1);
}
