//! What Vault answers to a read.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use http::StatusCode;
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::VaultError;

/// An answer that says something of the secret.
#[derive(Deserialize)]
pub(super) struct Answer {
    data: Option<Versioned>,
    #[serde(default)]
    errors: Vec<IgnoredAny>,
    /// In seconds; 0 where the engine gives no lease.
    #[serde(default)]
    lease_duration: u64,
}

#[derive(Deserialize)]
struct Versioned {
    /// `null` where the version was deleted.
    data: Option<HashMap<String, Text>>,
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    version: u64,
}

/// A field that is there.
pub(super) struct Found {
    /// `None` where it is no text.
    pub(super) value: Option<SecretString>,
    pub(super) version: Option<u64>,
    pub(super) ttl: Option<Duration>,
}

impl Answer {
    /// Reads the answer, if its status is one of a read.
    pub(super) fn parse(status: StatusCode, body: &[u8]) -> Result<Self, VaultError> {
        match status.as_u16() {
            200 | 404 => {}
            403 => return Err(VaultError::Denied),
            429 => return Err(VaultError::RateLimited),
            standby @ (472 | 473) => return Err(VaultError::Standby(standby)),
            503 => return Err(VaultError::Sealed),
            other if status.is_redirection() => return Err(VaultError::Redirect(other)),
            other => return Err(VaultError::Status(other)),
        }
        let answer: Self = serde_json::from_slice(body)
            // Only the place: the message may quote a value.
            .map_err(|error| VaultError::Answer { line: error.line() })?;
        match (&answer.data, status) {
            // A deleted version is a 404 with its metadata, an absent secret one without errors.
            (None, StatusCode::NOT_FOUND) if !answer.errors.is_empty() => Err(VaultError::NoRoute),
            (None, StatusCode::OK) => Err(VaultError::Answer { line: 0 }),
            _ => Ok(answer),
        }
    }

    /// The field of the secret, where both are there.
    pub(super) fn secret(self, field: &str) -> Result<Option<Found>, VaultError> {
        let Some(Versioned { data: Some(mut fields), metadata }) = self.data else {
            return Ok(None);
        };
        let ttl = Some(self.lease_duration).filter(|seconds| *seconds > 0);
        Ok(fields.remove(field).map(|Text(value)| Found {
            value,
            version: Some(metadata.version),
            ttl: ttl.map(Duration::from_secs),
        }))
    }
}

/// A field's value, where it is a text. It goes to where it is wiped without a stop in between.
struct Text(Option<SecretString>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Text, E> {
        Ok(Text(Some(value.into())))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Text, E> {
        Ok(Text(None))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Text, E> {
        Ok(Text(None))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Text, E> {
        Ok(Text(None))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Text, E> {
        Ok(Text(None))
    }

    fn visit_unit<E: Error>(self) -> Result<Text, E> {
        Ok(Text(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Text, A::Error> {
        IgnoredAny.visit_seq(seq).map(|_| Text(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Text, A::Error> {
        IgnoredAny.visit_map(map).map(|_| Text(None))
    }
}
