//! What takes the place of a finding: its marker, and what a marker may tell.

use std::fmt;

use crate::kind::Kind;

/// What the marker of a kind tells about what it stands for.
///
/// ```
/// use oxg_redact::{Kind, Mask, Redactor};
///
/// let redactor = Redactor::builder().mask(Kind::Card, Mask::LastFour).build()?;
/// assert_eq!(redactor.redact("paid by 4111 1111 1111 1111"), "paid by [REDACTED_CARD:1111]");
/// # Ok::<(), oxg_redact::RefusedValue>(())
/// ```
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mask {
    /// Nothing: `[REDACTED_CARD]`.
    #[default]
    Marker,
    /// The last four letters or digits of a finding that has at least twelve:
    /// `[REDACTED_CARD:1111]`. Of a shorter one, nothing.
    LastFour,
    /// A short keyed fingerprint, the same wherever the same text was found
    /// under the same key: `[REDACTED_SECRET:1a2b3c4d]`. It is the start of
    /// HMAC-SHA-256 (RFC 2104), so without the key it does not help to guess
    /// what was there. Without a key set, nothing.
    #[cfg(feature = "fingerprint")]
    Fingerprint,
}

/// Longest marker, in bytes. Each finding of a text makes it longer by less.
pub const MAX_MARKER_LEN: usize = 32;
/// Longest text behind the colon of a marker.
pub(crate) const SUFFIX_MAX: usize = 8;
const LAST: usize = 4;
/// Fewest letters and digits of which the last may be shown.
const LAST_OF: usize = 12;
#[cfg(feature = "fingerprint")]
const FINGERPRINT_BYTES: usize = 4;

/// The masks of all kinds.
#[derive(Clone, Default)]
pub(crate) struct Masks {
    by_kind: [Mask; Kind::ALL.len()],
    #[cfg(feature = "fingerprint")]
    key: Option<hmac::Hmac<sha2::Sha256>>,
}

impl Masks {
    pub(crate) fn set(&mut self, kind: Kind, mask: Mask) {
        if let Some(slot) = self.by_kind.get_mut(kind as usize) {
            *slot = mask;
        }
    }

    #[cfg(feature = "fingerprint")]
    pub(crate) fn set_key(&mut self, key: &[u8]) {
        use hmac::KeyInit as _;
        // A key of any length is one for HMAC.
        self.key = hmac::Hmac::new_from_slice(key).ok();
    }

    /// Whether markers may hold more than their kind.
    pub(crate) fn tell_more(&self) -> bool {
        self.by_kind.iter().any(|mask| *mask != Mask::Marker)
    }

    /// Writes the marker of `kind` for `found`. It is ASCII.
    pub(crate) fn write(&self, kind: Kind, found: &[u8], out: &mut impl FnMut(&str)) {
        let marker = kind.marker();
        let mut suffix = [0; SUFFIX_MAX];
        let len = match self.by_kind.get(kind as usize) {
            Some(Mask::LastFour) => last_four(found, &mut suffix),
            #[cfg(feature = "fingerprint")]
            Some(Mask::Fingerprint) => self.fingerprint(found, &mut suffix),
            _ => 0,
        };
        let suffix = suffix.get(..len).and_then(|suffix| std::str::from_utf8(suffix).ok());
        match (suffix, marker.strip_suffix(']')) {
            (Some(suffix), Some(head)) if !suffix.is_empty() => {
                out(head);
                out(":");
                out(suffix);
                out("]");
            }
            _ => out(marker),
        }
    }

    #[cfg(feature = "fingerprint")]
    fn fingerprint(&self, found: &[u8], out: &mut [u8; SUFFIX_MAX]) -> usize {
        use hmac::Mac as _;
        let Some(key) = &self.key else {
            return 0;
        };
        let mut mac = key.clone();
        mac.update(found);
        let tag = mac.finalize().into_bytes();
        let digits = b"0123456789abcdef";
        for (byte, pair) in tag.iter().take(FINGERPRINT_BYTES).zip(out.chunks_exact_mut(2)) {
            pair.copy_from_slice(&[digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]);
        }
        FINGERPRINT_BYTES * 2
    }
}

fn last_four(found: &[u8], out: &mut [u8; SUFFIX_MAX]) -> usize {
    let told = || found.iter().rev().filter(|b| b.is_ascii_alphanumeric());
    if told().count() < LAST_OF {
        return 0;
    }
    for (slot, byte) in out.iter_mut().take(LAST).rev().zip(told()) {
        *slot = *byte;
    }
    LAST
}

/// Never shows the key.
impl fmt::Debug for Masks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Masks").field("by_kind", &self.by_kind).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Redactor;

    #[test]
    fn no_marker_is_longer_than_the_limit() {
        for kind in Kind::ALL {
            assert!(kind.marker().len() + 1 + SUFFIX_MAX <= MAX_MARKER_LEN, "{kind}");
        }
    }

    #[test]
    fn of_a_short_finding_no_end_is_shown() {
        let redactor = Redactor::builder().mask(Kind::NamedSecret, Mask::LastFour).build().unwrap();
        assert_eq!(redactor.redact("password=hunter2!"), "password=[REDACTED_SECRET]");
    }

    #[cfg(feature = "fingerprint")]
    #[test]
    fn a_fingerprint_is_the_start_of_the_hmac_and_differs_by_key() {
        let redactor = |key: &[u8]| {
            Redactor::builder()
                .mask(Kind::Email, Mask::Fingerprint)
                .fingerprint_key(key)
                .build()
                .unwrap()
        };
        // RFC 4231, test case 2: HMAC of "what do ya want for nothing?" with "Jefe".
        let mut masks = Masks::default();
        masks.set(Kind::Email, Mask::Fingerprint);
        masks.set_key(b"Jefe");
        let mut out = String::new();
        masks.write(Kind::Email, b"what do ya want for nothing?", &mut |part| out.push_str(part));
        assert_eq!(out, "[REDACTED_EMAIL:5bdcc146]");

        let text = "jo@example.org and jo@example.org";
        let once = redactor(b"one").redact(text).into_owned();
        let (first, second) = once.split_once(" and ").unwrap();
        assert_eq!(first, second);
        assert_ne!(once, redactor(b"two").redact(text));
        assert_eq!(redactor(b"one").redact(&once), once);
    }
}
