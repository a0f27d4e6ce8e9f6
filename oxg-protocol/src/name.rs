//! Names, ids and tokens: each a type of its own, checked once where it enters.

use std::fmt;
use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

pub use crate::artifact_name::{ArtifactName, ArtifactNameError};

/// Why a text is not the name or id it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {what}: expected {expected}")]
pub struct NameError {
    what: &'static str,
    expected: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $type:ident, $what:literal, $expected:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(String);

        impl $type {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        text_traits!($type);

        /// Names compare and hash as their text does.
        impl std::borrow::Borrow<str> for $type {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                let check: fn(&str) -> bool = $check;
                if check(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(NameError { what: $what, expected: $expected })
                }
            }
        }
    };
}

fn is_plain(text: &str, longest: usize) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    let starts_well = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    starts_well && text.len() <= longest && text.bytes().all(allowed)
}

id!(
    /// The name of a secret: 1 to 128 of `a-z`, `0-9`, `.`, `_`, `-`, starting with a letter or digit.
    SecretName,
    "secret name",
    "1 to 128 of a-z, 0-9, '.', '_', '-', starting with a letter or digit",
    |text| is_plain(text, 128) && !text.bytes().any(|b| b.is_ascii_uppercase())
);
id!(
    /// The id of a task, given by the broker.
    TaskId,
    "task id",
    "1 to 128 letters, digits, '.', '_', '-'",
    |text| is_plain(text, 128)
);
id!(
    /// The id of a lease on a secret, given by the broker.
    LeaseId,
    "lease id",
    "1 to 128 letters, digits, '.', '_', '-'",
    |text| is_plain(text, 128)
);
id!(
    /// The id of an upload, given by the broker.
    UploadId,
    "upload id",
    "1 to 128 letters, digits, '.', '_', '-'",
    |text| is_plain(text, 128)
);
id!(
    /// The id of one run of a plugin.
    RunId,
    "run id",
    "1 to 64 letters, digits, '.', '_', '-'",
    |text| is_plain(text, 64)
);
id!(
    /// The id of a finding: 26 characters of Crockford's base 32 in upper case, as the host checks it.
    FindingId,
    "finding id",
    "26 characters of 0-9 A-H J K M N P-T V-Z",
    |text| text.len() == 26 && text.bytes().all(|b| CROCKFORD.contains(&b))
);

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl FindingId {
    /// The id that stands for `digest`: its first 130 bits. The same finding of the same task gets
    /// the same id, so that a task which is delivered twice reports it once.
    #[must_use]
    pub fn from_digest(digest: &crate::Digest) -> Self {
        let bytes = digest.as_bytes();
        let text = (0..26)
            .map(|index| {
                let bit = index * 5;
                let pair = u16::from_be_bytes([bytes[bit / 8], bytes[bit / 8 + 1]]);
                char::from(CROCKFORD[usize::from(pair >> (11 - bit % 8)) & 31])
            })
            .collect();
        Self(text)
    }
}

/// The proof that a delivery of a task is the current one. Unique per delivery; a stale one gets
/// `lease_lost`, never a late success.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct LeaseToken(SecretString);

impl LeaseToken {
    /// The token's text, for the wire and for a comparison in constant time.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for LeaseToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LeaseToken([REDACTED_SECRET])")
    }
}

impl FromStr for LeaseToken {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if is_plain(text, 128) {
            Ok(Self(text.into()))
        } else {
            Err(NameError {
                what: "lease token",
                expected: "1 to 128 letters, digits, '.', '_', '-'",
            })
        }
    }
}

impl TryFrom<String> for LeaseToken {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl Serialize for LeaseToken {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Digest;

    #[test]
    fn the_host_accepts_every_id_that_a_digest_gives() {
        for seed in 0..200_u8 {
            let id = FindingId::from_digest(&Digest::of(&[seed]));
            assert_eq!(id.as_str().parse(), Ok(id));
        }
        assert_ne!(
            FindingId::from_digest(&Digest::of(b"a")),
            FindingId::from_digest(&Digest::of(b"b"))
        );
    }

    #[test]
    fn names_with_odd_characters_are_refused() {
        for bad in ["", "-a", "a b", "A", "a/b", "a%2f", "\u{e9}", &"a".repeat(129)] {
            assert!(bad.parse::<SecretName>().is_err(), "{bad:?}");
        }
        assert!("api-token".parse::<SecretName>().is_ok());
        assert!("01ARZ3NDEKTSV4RRFFQ69G5FAU".parse::<FindingId>().is_err());
    }

    #[test]
    fn a_lease_token_does_not_print() {
        let token: LeaseToken = "abc123".parse().unwrap();
        assert!(!format!("{token:?}").contains("abc123"));
        assert_eq!(serde_json::to_string(&token).unwrap(), "\"abc123\"");
    }
}
