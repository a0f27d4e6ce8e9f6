//! Telephone numbers: international (E.164), North American, and any number
//! that a word such as `phone:` announces.

use std::ops::Range;

use super::Scan;
use crate::bytes::{ALNUM, ByteSet, DIGIT, before};
use crate::kind::Kind;

/// Words that announce a number.
pub(crate) const WORDS: &[&str] = &[
    "phone",
    "mobile",
    "tel",
    "fax",
    "msisdn",
    "cell",
    "whatsapp",
    "telefon",
    "telephone",
    "call",
    "number is",
];

/// What may stand between such a word and the number.
const FILLERS: &[&[u8]] = &[b" number", b" no", b" is"];

static BETWEEN: ByteSet = ByteSet::new(" .()/-");
/// E.164: at most fifteen digits.
const DIGITS_MAX: usize = 15;

/// Reads digits with single separators between groups. Returns the number of
/// digits, of groups, and the end.
fn read(text: &[u8], at: usize) -> (usize, usize, usize) {
    let (mut digits, mut groups, mut end) = (0, 0, at);
    loop {
        let gap = BETWEEN.run(&text[end..], 3);
        let size = DIGIT.run(&text[end + gap..], DIGITS_MAX + 1);
        if size == 0 || gap > 2 || groups > 0 && gap == 0 || digits + size > DIGITS_MAX {
            break;
        }
        digits += size;
        groups += 1;
        end += gap + size;
    }
    (digits, groups, end)
}

/// Whether the number goes on after `end` in a way that no phone number does.
fn goes_on(text: &[u8], end: usize) -> bool {
    match &text[end..] {
        [b'-' | b'.' | b':' | b'/' | b',' | b' ', b, ..] => b.is_ascii_digit(),
        [b, ..] => ALNUM.has(*b) || *b == b'_',
        [] => false,
    }
}

/// `at` is where `+` stands.
pub(crate) fn international(scan: &mut Scan<'_>, at: usize) {
    if !scan.wants(Kind::Phone) {
        return;
    }
    let text = scan.text;
    if before(text, at)
        .is_some_and(|b| ALNUM.has(b) || matches!(b, b'_' | b'+' | b')' | b'=' | b'/'))
        && !matches!(before(text, at), Some(b'='))
    {
        return;
    }
    let (digits, groups, end) = read(text, at + 1);
    let enough = if groups == 1 { 10 } else { 8 };
    if digits < enough || !matches!(text.get(at + 1), Some(b'1'..=b'9')) || goes_on(text, end) {
        return;
    }
    // `+1.234567890` is a number, `+1.234.567.890` a telephone number.
    let decimal =
        groups == 2 && text.get(at + 2) == Some(&b'.') || text[at + 1..end].contains(&b'/');
    if !decimal {
        scan.add(Kind::Phone, "phone-international", at..end, at..end + 1);
    }
}

/// `ddd-ddd-dddd`, `ddd.ddd.dddd` or `(ddd) ddd-dddd` of the North American
/// Numbering Plan, whose area and exchange codes begin with 2 to 9.
pub(crate) fn north_american(scan: &mut Scan<'_>, at: usize) {
    if !scan.wants(Kind::Phone) {
        return;
    }
    let text = scan.text;
    let code = |at: usize| {
        text.get(at..at + 3).is_some_and(|c| matches!(c[0], b'2'..=b'9') && DIGIT.run(c, 3) == 3)
    };
    let start = at;
    let (exchange, separator) = if text.get(at) == Some(&b'(') {
        if !code(at + 1) || text.get(at + 4) != Some(&b')') {
            return;
        }
        let blank = usize::from(text.get(at + 5) == Some(&b' '));
        (at + 5 + blank, *b"-. ")
    } else {
        match text.get(at + 3) {
            Some(b @ (b'-' | b'.')) if code(at) => (at + 4, [*b; 3]),
            _ => return,
        }
    };
    let start = country_in_front(text, start);
    if before(text, start).is_some_and(|b| ALNUM.has(b) || matches!(b, b'-' | b'.' | b'_' | b'/')) {
        return;
    }
    let end = exchange + 8;
    let fits = code(exchange)
        && text.get(exchange + 3).is_some_and(|b| separator.contains(b))
        && text.get(exchange + 4..end).is_some_and(|line| DIGIT.run(line, 4) == 4);
    let more = match text.get(end..) {
        Some([b'-' | b'.', b, ..]) => ALNUM.has(*b),
        Some([b, ..]) => ALNUM.has(*b) || *b == b'_',
        _ => false,
    };
    if fits && !more {
        scan.add(Kind::Phone, "phone-north-american", start..end, start..end + 1);
    }
}

/// Where a country code of one or two digits in front of a number begins:
/// `1-415-555-0132`.
fn country_in_front(text: &[u8], start: usize) -> usize {
    match text.get(..start) {
        Some([head @ .., b'0'..=b'9', b'-' | b'.']) => {
            let digits = 1 + usize::from(head.last().is_some_and(u8::is_ascii_digit));
            start - 1 - digits
        }
        _ => start,
    }
}

/// A number as it is written within a country, by how its digits are grouped.
/// `at` is the first digit.
pub(crate) fn national(scan: &mut Scan<'_>, at: usize) {
    let text = scan.text;
    let Some(head @ [first, second, third]) = text.get(at..).and_then(<[u8]>::first_chunk) else {
        return;
    };
    if !scan.wants(Kind::Phone)
        || !matches!(first, b'0' | b'1')
        || matches!(before(text, at), Some(b'-' | b'.' | b'/' | b':' | b'_'))
    {
        return;
    }
    let (mut sizes, mut count, mut end) = ([0; 6], 0, at);
    let mut separator = None;
    while count < sizes.len() {
        let size = DIGIT.run(&text[end..], 9);
        if size == 0 {
            return;
        }
        sizes[count] = size;
        count += 1;
        end += size;
        match (text.get(end), text.get(end + 1)) {
            (Some(b @ (b' ' | b'-' | b'.')), Some(b'0'..=b'9'))
                if separator.is_none_or(|separator| separator == *b) =>
            {
                separator = Some(*b);
                end += 1;
            }
            _ => break,
        }
    }
    let dashes = separator == Some(b'-');
    let blanks = separator == Some(b' ');
    let known = match (&sizes[..count], first) {
        // Japan and Korea, mobile; China, mobile.
        ([3, 4, 4], b'0') if dashes => matches!(second, b'1' | b'5' | b'7'..=b'9'),
        ([3, 4, 4], b'1') => dashes && matches!(second, b'3'..=b'9'),
        // France and its neighbours.
        ([2, 2, 2, 2, 2], b'0') => matches!(second, b'1'..=b'9'),
        // The United Kingdom.
        ([3, 4, 4], b'0') if blanks => *second == b'2',
        ([5, 6] | [5, 3, 3] | [4, 3, 4], b'0') if blanks => matches!(second, b'1' | b'7'),
        // Australia, mobile; Germany, Italy and others with area codes.
        ([4, 3, 3], b'0') if blanks => *second == b'4',
        ([4, 6..=8], b'0') if dashes || blanks => head.starts_with(b"01") && *third != b'0',
        _ => false,
    };
    if known && !goes_on(text, end) {
        scan.add(Kind::Phone, "phone-national", at..end, at.saturating_sub(1)..end + 2);
    }
}

/// A number after a word that announces it. `word` is where the word stands.
pub(crate) fn at_word(scan: &mut Scan<'_>, word: Range<usize>) {
    if !scan.wants(Kind::Phone) {
        return;
    }
    let text = scan.text;
    // Ends of words ("hotel", "intel") announce nothing; `mobilePhone` does.
    if before(text, word.start).is_some_and(|b| b.is_ascii_alphabetic())
        && !text[word.start].is_ascii_uppercase()
    {
        return;
    }
    // `phone number is …`
    let mut end = word.end;
    for filler in FILLERS {
        if text.get(end..).is_some_and(|rest| {
            rest.get(..filler.len()).is_some_and(|there| there.eq_ignore_ascii_case(filler))
        }) {
            end += filler.len();
        }
    }
    let after = text[end..]
        .iter()
        .take(12)
        .take_while(|b| matches!(b, b' ' | b'\t' | b':' | b'=' | b'"' | b'\'' | b'#' | b'.' | b'>'))
        .count();
    let from = end + after;
    if after == 0 || !matches!(text.get(from), Some(b'0'..=b'9' | b'(')) {
        return;
    }
    let (digits, groups, end) = read(text, from);
    let enough = if groups == 1 { 9 } else { 7 };
    if digits < enough || goes_on(text, end) || is_date(&text[from..end]) {
        return;
    }
    scan.add(Kind::Phone, "phone-after-word", from..end, word.start..end + 1);
}

/// `yyyy-mm-dd` and what may follow it.
fn is_date(text: &[u8]) -> bool {
    matches!(
        text,
        [b'1' | b'2', _, _, _, b'-' | b'/' | b'.', b'0' | b'1', _, b'-' | b'/' | b'.', ..]
    )
}
