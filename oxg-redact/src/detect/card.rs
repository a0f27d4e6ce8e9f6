//! Payment cards: issuer and length (ISO/IEC 7812) and the Luhn check digit.

use super::Scan;
use super::context::Announced;
use crate::bytes::{DIGIT, before};
use crate::kind::Kind;

const MIN: usize = 13;
const MAX: usize = 19;
const GROUPS_MAX: usize = 5;

/// `at` is the first digit of a number.
pub(crate) fn at(scan: &mut Scan<'_>, at: usize) {
    if !scan.wants(Kind::Card) || before(scan.text, at) == Some(b'-') {
        return;
    }
    let text = scan.text;
    let groups = Groups::read(text, at);
    // The longest number that fits: a short group behind may be something else.
    for count in (1..=groups.count).rev() {
        let (len, end) = groups.ends[count - 1];
        let digits = &groups.digits[..len];
        let whole = if count == 1 { len >= MIN } else { is_grouping(&groups.sizes[..count]) };
        if !whole || !luhn(digits) || goes_on(text, end) {
            continue;
        }
        let evidence = if is_issued(digits, count > 1) {
            at
        } else if let Some(word) = scan.announced(at, Announced::Card) {
            word
        } else {
            continue;
        };
        scan.add(Kind::Card, "card", at..end, evidence..groups.ends[groups.count - 1].1 + 1);
        return;
    }
}

fn goes_on(text: &[u8], end: usize) -> bool {
    match &text[end..] {
        [b'-' | b'.', b, ..] => b.is_ascii_digit(),
        [b, ..] => b.is_ascii_alphanumeric() || *b == b'_',
        [] => false,
    }
}

/// Digits in groups with the same separator between them.
struct Groups {
    digits: [u8; MAX],
    sizes: [usize; GROUPS_MAX],
    /// For each group, the number of digits up to it and where it ends.
    ends: [(usize, usize); GROUPS_MAX],
    count: usize,
}

impl Groups {
    fn read(text: &[u8], at: usize) -> Self {
        let mut groups = Self {
            digits: [0; MAX],
            sizes: [0; GROUPS_MAX],
            ends: [(0, at); GROUPS_MAX],
            count: 0,
        };
        let (mut len, mut from) = (0, at);
        let mut separator = None;
        while groups.count < GROUPS_MAX {
            let size = DIGIT.run(&text[from..], MAX + 1);
            if size == 0 || len + size > MAX {
                break;
            }
            groups.digits[len..len + size].copy_from_slice(&text[from..from + size]);
            len += size;
            from += size;
            groups.sizes[groups.count] = size;
            groups.ends[groups.count] = (len, from);
            groups.count += 1;
            let next = text.get(from).copied().filter(|b| matches!(b, b' ' | b'-'));
            if next.is_none() || separator.is_some() && separator != next {
                break;
            }
            separator = next;
            from += 1;
        }
        groups
    }
}

/// How cards print their digits.
fn is_grouping(sizes: &[usize]) -> bool {
    matches!(
        sizes,
        [4, 4, 4, 1..=4] | [4, 4, 4, 4, 1..=3] | [4, 6, 5] | [4, 6, 4] | [6, 13] | [8, 8]
    )
}

/// Whether an issuer gives out numbers that begin so and have this length.
fn is_issued(digits: &[u8], grouped: bool) -> bool {
    let head = digits[..6].iter().fold(0u32, |n, d| n * 10 + u32::from(d - b'0'));
    let len = digits.len();
    // Nineteen bare digits are more often an id.
    let long = grouped && (16..=19).contains(&len) || len == 16;
    match head {
        400_000..=499_999 => matches!(len, 13 | 16) || grouped && len == 19,
        340_000..=349_999 | 370_000..=379_999 => len == 15,
        510_000..=559_999 | 222_100..=272_099 => len == 16,
        300_000..=305_999 | 309_500..=309_599 | 360_000..=369_999 | 380_000..=399_999 => {
            len == 14 || long
        }
        352_800..=358_999 => long,
        601_100..=601_199 | 622_126..=622_925 | 644_000..=659_999 => long,
        220_000..=220_499 | 620_000..=629_999 | 810_000..=817_199 => long,
        500_000..=509_999 | 560_000..=589_999 | 600_000..=699_999 => {
            long || grouped && (13..=15).contains(&len)
        }
        _ => false,
    }
}

/// The check of ISO/IEC 7812-1, annex B.
pub(crate) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, digit)| {
            let digit = u32::from(digit - b'0');
            match (i % 2, digit) {
                (0, d) => d,
                (_, d @ 5..) => d * 2 - 9,
                (_, d) => d * 2,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}
