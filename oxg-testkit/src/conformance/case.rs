//! What every case has, whatever it tests.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a case tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Kind {
    /// A plugin, as a process.
    Plugin,
    /// A broker, at its socket.
    Broker,
}

/// The name of a case: `group/name` in lower case, digits and hyphens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CaseId(String);

/// A text that is no [`CaseId`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no case id; expected group/name in lower case, digits and hyphens")]
pub struct CaseIdError(String);

impl CaseId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CaseId {
    type Err = CaseIdError;

    fn from_str(text: &str) -> Result<Self, CaseIdError> {
        let word = |part: &str| {
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            !part.is_empty() && part.len() <= 64 && part.bytes().all(plain)
        };
        match text.split_once('/') {
            Some((group, name)) if word(group) && word(name) => Ok(Self(text.to_owned())),
            _ => Err(CaseIdError(text.chars().take(160).collect())),
        }
    }
}

impl TryFrom<String> for CaseId {
    type Error = CaseIdError;

    fn try_from(text: String) -> Result<Self, CaseIdError> {
        text.parse()
    }
}

impl From<CaseId> for String {
    fn from(id: CaseId) -> Self {
        id.0
    }
}

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a case says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CaseInfo {
    /// Its name.
    pub id: CaseId,
    /// What it tests.
    pub kind: Kind,
    /// The rule, in a sentence.
    pub must: String,
    /// The chapter of the protocol that has the rule.
    pub source: String,
}
