//! The protocol's version and its features. Neither is ever a crate's version.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// `MAJOR.MINOR` of the broker API.
///
/// Two peers understand each other when their major versions are equal; within one major version
/// a peer ignores what it does not know.
///
/// ```
/// use oxg_protocol::ProtocolVersion;
///
/// let newer: ProtocolVersion = "1.7".parse()?;
/// assert!(ProtocolVersion::CURRENT.understands(newer));
/// # Ok::<(), oxg_protocol::version::VersionError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProtocolVersion {
    /// Changes when an old peer could misread a new one.
    pub major: u16,
    /// Changes when something is added.
    pub minor: u16,
}

/// Features that a peer may name beside the version. An unknown one is ignored; a missing one
/// that the other side requires is a clear error.
pub mod feature {
    /// Absolute-form egress for `http` and `https` targets.
    pub const EGRESS: &str = "egress";
    /// WebSocket through egress.
    pub const WEBSOCKET: &str = "websocket";
    /// Secrets by handle: `oxg-inject` on egress.
    pub const INJECT: &str = "inject";
    /// Secrets lent by value.
    pub const SECRETS: &str = "secrets";
    /// Artifacts in one call.
    pub const ARTIFACTS: &str = "artifacts";
    /// Leased tasks.
    pub const TASKS: &str = "tasks";
    /// Findings as NDJSON.
    pub const FINDINGS: &str = "findings";
    /// Log records as NDJSON.
    pub const LOGS: &str = "logs";
}

impl ProtocolVersion {
    /// The version that this crate describes.
    pub const CURRENT: Self = Self { major: 1, minor: 0 };

    /// Whether a peer of this version can talk to one of `other`.
    #[must_use]
    pub fn understands(self, other: Self) -> bool {
        self.major == other.major
    }
}

/// A text that is not `MAJOR.MINOR`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a protocol version; expected MAJOR.MINOR, for example \"1.0\"")]
pub struct VersionError(String);

impl fmt::Display for ProtocolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for ProtocolVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let number = |part: &str| match part.as_bytes() {
            [b'0'] | [b'1'..=b'9', ..] if part.bytes().all(|b| b.is_ascii_digit()) => {
                part.parse().ok()
            }
            _ => None,
        };
        text.split_once('.')
            .and_then(|(major, minor)| Some(Self { major: number(major)?, minor: number(minor)? }))
            .ok_or_else(|| VersionError(text.chars().take(32).collect()))
    }
}

impl TryFrom<String> for ProtocolVersion {
    type Error = VersionError;

    fn try_from(text: String) -> Result<Self, VersionError> {
        text.parse()
    }
}

impl From<ProtocolVersion> for String {
    fn from(version: ProtocolVersion) -> Self {
        version.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_spelling_is_a_version() {
        assert_eq!("1.0".parse(), Ok(ProtocolVersion::CURRENT));
        for bad in ["1", "1.", ".0", "01.0", "1.00", "+1.0", "1.0.0", " 1.0", "1.65536"] {
            assert!(bad.parse::<ProtocolVersion>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_major_step_is_not_understood() {
        assert!(!ProtocolVersion::CURRENT.understands(ProtocolVersion { major: 2, minor: 0 }));
    }
}
