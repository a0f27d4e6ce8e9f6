//! National numbers: the social security number of the United States and the
//! national insurance number of the United Kingdom.

use super::Scan;
use crate::bytes::{DIGIT, before, left_edge, right_edge};
use crate::kind::Kind;

/// `ddd-dd-dddd` in the ranges that the Social Security Administration gives out.
pub(crate) fn ssn_at(scan: &mut Scan<'_>, at: usize) {
    let text = scan.text;
    let Some(number) = text.get(at..at + 11) else {
        return;
    };
    let fits = number
        .iter()
        .enumerate()
        .all(|(i, b)| if i == 3 || i == 6 { *b == b'-' } else { b.is_ascii_digit() });
    if !fits || matches!(before(text, at), Some(b'-' | b'/')) {
        return;
    }
    let goes_on = match &text[at + 11..] {
        [b'-', b, ..] => b.is_ascii_alphanumeric(),
        rest => !right_edge(rest, 0),
    };
    let (area, group, serial) = (&number[..3], &number[4..6], &number[7..]);
    let given_out =
        area != b"000" && area != b"666" && area[0] != b'9' && group != b"00" && serial != b"0000";
    if given_out && !goes_on {
        scan.add(Kind::Ssn, "us-ssn", at..at + 11, at..at + 12);
    }
}

/// Two letters, six digits and a letter from A to D, with or without blanks
/// after each pair. `at` is where the first letter would stand.
pub(crate) fn nino_at(scan: &mut Scan<'_>, at: usize) {
    let text = scan.text;
    let Some([a, b, ..]) = text.get(at..) else {
        return;
    };
    let prefix = [*a, *b];
    let never = [*b"BG", *b"GB", *b"KN", *b"NK", *b"NT", *b"TN", *b"ZZ"];
    let letters = a.is_ascii_uppercase()
        && b.is_ascii_uppercase()
        && !b"DFIQUV".contains(a)
        && !b"DFIQUVO".contains(b);
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
    if !matches!(text.get(end), Some(b'A'..=b'D')) || !right_edge(text, end + 1) {
        return;
    }
    scan.add(Kind::Nino, "uk-nino", at..end + 1, evidence..end + 1);
}
