//! Tokens that end in a checksum of themselves, in the manner of GitHub and npm:
//! a prefix and `_`, thirty characters, and their CRC-32 in six digits of base 62.
//!
//! Other issuers took the format over, so any prefix counts.

use std::ops::Range;

use super::Scan;
use crate::bytes::{LOWER_DIGIT, before};
use crate::kind::Kind;

const RANDOM: usize = 30;
const CHECKSUM: usize = 6;
/// Length of what follows the `_`.
pub(crate) const LEN: usize = RANDOM + CHECKSUM;
const PREFIX_MAX: usize = 16;

/// `run` is a run of letters and digits.
pub(crate) fn at(scan: &mut Scan<'_>, run: Range<usize>) {
    let text = scan.text;
    if run.len() != LEN || before(text, run.start) != Some(b'_') {
        return;
    }
    let prefix = LOWER_DIGIT.run_back(&text[..run.start - 1], PREFIX_MAX + 1);
    let (random, checksum) = text[run.clone()].split_at(RANDOM);
    if (1..=PREFIX_MAX).contains(&prefix) && base62(checksum) == Some(crc32(random)) {
        let range = run.start - 1 - prefix..run.end;
        scan.add(Kind::Token, "checksummed-token", range.clone(), range);
    }
}

fn base62(digits: &[u8]) -> Option<u32> {
    let value = digits.iter().try_fold(0u64, |value, byte| {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'A'..=b'Z' => byte - b'A' + 10,
            b'a'..=b'z' => byte - b'a' + 36,
            _ => return None,
        };
        Some(value * 62 + u64::from(digit))
    })?;
    u32::try_from(value).ok()
}

/// CRC-32 of ISO 3309, bit by bit: it is asked for seldom.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Redactor;

    fn token(prefix: &str, random: &str) -> String {
        let alphabet = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut crc = crc32(random.as_bytes()) as usize;
        let mut digits = Vec::new();
        for _ in 0..CHECKSUM {
            digits.insert(0, alphabet[crc % 62]);
            crc /= 62;
        }
        format!("{prefix}_{random}{}", String::from_utf8(digits).unwrap())
    }

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn a_token_of_any_issuer_goes_if_its_checksum_is_right() {
        let good = token("acme", "Zx81Zx81Zx81Zx81Zx81Zx81Zx81Zx");
        assert_eq!(Redactor::default().redact(&format!("<{good}>")), "<[REDACTED_SECRET]>");
        let bad = good.replace("acme_Z", "acme_Y");
        assert_eq!(Redactor::default().redact(&bad), bad);
    }
}
