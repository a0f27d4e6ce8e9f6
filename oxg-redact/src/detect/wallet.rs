//! Addresses of Bitcoin wallets: base58 with a checksum (Base58Check), and
//! bech32 (BIP 173 and BIP 350).

#[cfg(feature = "wallet")]
use std::ops::Range;

#[cfg(feature = "wallet")]
use sha2::{Digest as _, Sha256};

use super::Scan;
use crate::bytes::{LOWER_DIGIT, left_edge, right_edge};
use crate::kind::Kind;

/// Anchor of bech32.
pub(crate) const ANCHOR: &str = "bc1";
const BECH32_MAX: usize = 90;
const BECH32: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
#[cfg(feature = "wallet")]
const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// One byte of version, a hash of twenty bytes, four of checksum.
#[cfg(feature = "wallet")]
const PAYLOAD: usize = 25;

/// `at` is where the anchor stands.
pub(crate) fn bech32_at(scan: &mut Scan<'_>, at: usize) {
    let text = scan.text;
    let Some(evidence) = left_edge(text, at) else {
        return;
    };
    let len = LOWER_DIGIT.run(&text[at..], BECH32_MAX + 1);
    let end = at + len;
    if (42..=BECH32_MAX).contains(&len)
        && right_edge(text, end)
        && bech32_checksum(&text[at + ANCHOR.len()..end])
    {
        scan.add(Kind::Wallet, "bitcoin-bech32", at..end, evidence..end);
    }
}

/// `run` is a run of letters and digits.
#[cfg(feature = "wallet")]
pub(crate) fn base58_at(scan: &mut Scan<'_>, run: Range<usize>) {
    let text = &scan.text[run.clone()];
    let outside = left_edge(scan.text, run.start).is_some() && right_edge(scan.text, run.end);
    if (32..=35).contains(&text.len())
        && matches!(text.first(), Some(b'1' | b'3'))
        && outside
        && base58_checksum(text)
    {
        scan.add(Kind::Wallet, "bitcoin-base58", run.clone(), run);
    }
}

/// The checksum of the two standards, over `bc` and the data.
fn bech32_checksum(data: &[u8]) -> bool {
    // `bc`, expanded as the standard says.
    let mut sum = [3, 3, 0, 2, 3].into_iter().fold(1, polymod);
    for byte in data {
        let Some(value) = BECH32.iter().position(|b| b == byte) else {
            return false;
        };
        sum = polymod(sum, value as u32);
    }
    matches!(sum, 1 | 0x2bc8_30a3)
}

fn polymod(sum: u32, value: u32) -> u32 {
    let top = sum >> 25;
    let sum = (sum & 0x01ff_ffff) << 5 ^ value;
    [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3]
        .iter()
        .enumerate()
        .filter(|(i, _)| top >> i & 1 == 1)
        .fold(sum, |sum, (_, generator)| sum ^ generator)
}

#[cfg(feature = "wallet")]
fn base58_checksum(text: &[u8]) -> bool {
    let mut bytes = [0u8; PAYLOAD];
    for byte in text {
        let Some(digit) = BASE58.iter().position(|b| b == byte) else {
            return false;
        };
        let mut carry = digit as u32;
        for byte in bytes.iter_mut().rev() {
            carry += u32::from(*byte) * 58;
            *byte = carry as u8;
            carry >>= 8;
        }
        if carry != 0 {
            return false;
        }
    }
    let (payload, checksum) = bytes.split_at(PAYLOAD - 4);
    Sha256::digest(Sha256::digest(payload)).starts_with(checksum)
}

#[cfg(test)]
mod tests {
    use crate::Redactor;

    #[test]
    fn addresses_go_if_their_checksum_is_right() {
        let redactor = Redactor::default();
        let base58: &[&str] = if cfg!(feature = "wallet") {
            &["1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "3P14159f73E4gFr7JterCCQh9QjiTjiZrG"]
        } else {
            &[]
        };
        for address in base58.iter().chain(&["bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"]) {
            assert_eq!(redactor.redact(&format!("to {address}.")), "to [REDACTED_WALLET].");
            let wrong = format!("{}x{}", &address[..10], &address[11..]);
            assert_eq!(redactor.redact(&wrong), wrong);
        }
    }
}
