//! `GET /v1/secrets/{name}`: a secret, lent by value.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

use crate::name::LeaseId;

/// A secret on loan. `Debug` does not show the value; serialising does, for the wire.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SecretGrant {
    /// The value.
    #[serde(serialize_with = "expose")]
    pub value: SecretString,
    /// Grows with each rotation.
    pub version: u64,
    /// For how long.
    pub lease: Lease,
}

/// A line of `GET /v1/secrets/{name}/watch`: the present version first, then each new one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SecretVersion {
    /// Grows with each rotation.
    pub version: u64,
}

impl SecretVersion {
    /// A version.
    #[must_use]
    pub fn new(version: u64) -> Self {
        Self { version }
    }
}

/// For how long a secret is lent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Lease {
    /// The lease's id.
    pub id: LeaseId,
    /// Time left, in milliseconds.
    pub expires_in_ms: u64,
    /// Whether it can be renewed.
    pub renewable: bool,
    /// The longest that renewals can reach, from the first grant on, in milliseconds.
    pub max_ttl_ms: u64,
}

impl SecretGrant {
    /// A grant of `value`.
    #[must_use]
    pub fn new(value: SecretString, version: u64, lease: Lease) -> Self {
        Self { value, version, lease }
    }
}

impl Lease {
    /// A lease that cannot be renewed.
    #[must_use]
    pub fn fixed(id: LeaseId, expires_in_ms: u64) -> Self {
        Self { id, expires_in_ms, renewable: false, max_ttl_ms: expires_in_ms }
    }
}

fn expose<S: Serializer>(value: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(value.expose_secret())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_goes_over_the_wire_and_nowhere_else() {
        let lease = Lease::fixed("l-1".parse().unwrap(), 1000);
        let grant = SecretGrant::new("s3cr3t-value".into(), 1, lease);
        assert!(!format!("{grant:?}").contains("s3cr3t-value"));
        let text = serde_json::to_string(&grant).unwrap();
        let back: SecretGrant = serde_json::from_str(&text).unwrap();
        assert_eq!(back.value.expose_secret(), "s3cr3t-value");
        assert_eq!(back.lease, grant.lease);
    }
}
