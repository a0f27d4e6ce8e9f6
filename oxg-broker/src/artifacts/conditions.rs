//! What must hold for a call to be done, and which part of an artifact it is about.

use std::ops::Range;

use oxg_protocol::{Digest, ErrorCode};

use crate::error::{Refusal, refuse};

/// What must hold for a write to happen (RFC 9110, 13.1).
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Conditions {
    /// `If-None-Match: *`: there is none yet.
    pub(crate) create_only: bool,
    /// `If-Match`: the present one has this digest.
    pub(crate) replaces: Option<Digest>,
    /// `Repr-Digest`: the bytes have this digest.
    pub(crate) digest: Option<Digest>,
}

impl Conditions {
    /// Whether a write may replace `present`.
    pub(crate) fn allow(&self, present: Option<Digest>) -> Result<(), Refusal> {
        let detail = if self.create_only && present.is_some() {
            "the artifact exists already"
        } else if self.replaces.is_some() && self.replaces != present {
            "the artifact is another one by now"
        } else {
            return Ok(());
        };
        Err(refuse(ErrorCode::PreconditionFailed, detail))
    }

    /// Whether the bytes that came may be stored.
    pub(crate) fn check(&self, digest: Digest) -> Result<(), Refusal> {
        if self.digest.is_some_and(|claimed| claimed != digest) {
            let detail = format!("the bytes have the digest {digest}; send them again");
            return Err(refuse(ErrorCode::DigestMismatch, detail));
        }
        Ok(())
    }
}

/// One range of bytes, as `Range` asks for it (RFC 9110, 14.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ByteRange {
    /// From the first to the second byte, both included.
    Within(u64, u64),
    /// From this byte on.
    From(u64),
    /// So many bytes at the end.
    Last(u64),
}

impl ByteRange {
    /// The range in the value of a `Range` field. `None` where it is malformed, of another unit, or
    /// several ranges: the whole is served then, as RFC 9110, 14.2 has it.
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let (first, last) = value.strip_prefix("bytes=")?.trim().split_once('-')?;
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| text.parse().unwrap_or(u64::MAX))
        };
        match (first, last) {
            ("", last) => Some(Self::Last(number(last)?)),
            (first, "") => Some(Self::From(number(first)?)),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Self::Within(first, last))
            }
        }
    }

    /// The bytes of an artifact of `size` that the range means.
    pub(crate) fn resolve(self, size: u64) -> Result<Range<u64>, Refusal> {
        let range = match self {
            Self::Within(first, last) => first..size.min(last.saturating_add(1)),
            Self::From(first) => first..size,
            Self::Last(count) => size.saturating_sub(count)..size,
        };
        if range.start < range.end {
            return Ok(range);
        }
        let detail = format!("the artifact has {size} bytes; none of them is in the range");
        let mut refusal = refuse(ErrorCode::RangeNotSatisfiable, detail);
        refusal.size = Some(size);
        Err(refusal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_range_is_read_as_the_rfc_has_it() {
        use ByteRange::{From, Last, Within};
        for (text, range) in [
            ("bytes=0-0", Some(Within(0, 0))),
            ("bytes=5-", Some(From(5))),
            ("bytes=-5", Some(Last(5))),
            ("bytes=5-4", None),
            ("bytes=0-1,3-4", None),
            ("bytes=+1-2", None),
            ("bytes=-", None),
            ("lines=0-1", None),
        ] {
            assert_eq!(ByteRange::parse(text), range, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_range_lies_within_the_artifact_or_is_refused(a: u64, b: u64, size: u64) {
            for range in [ByteRange::From(a), ByteRange::Last(a), ByteRange::Within(a.min(b), a.max(b))] {
                if let Ok(found) = range.resolve(size) {
                    prop_assert!(found.start < found.end && found.end <= size);
                }
            }
        }
    }
}
