//! `POST /v1/findings`: what a plugin reports. One JSON object a line, idempotent by id.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::digest::Hasher;
use crate::name::FindingId;
use crate::problem::Problem;

/// How bad it is, by the host's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth mending.
    Low,
    /// A weakness.
    Medium,
    /// A hole.
    High,
    /// A hole in use.
    Critical,
}

impl Severity {
    /// Every severity, the mildest first.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The word that the host writes: `info`, `low`, `med`, `high`, `crit`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "med",
            Self::High => "high",
            Self::Critical => "crit",
        }
    }
}

text_traits!(Severity);

/// A text that is no severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a severity is one of info, low, med, high, crit")]
pub struct SeverityError;

impl FromStr for Severity {
    type Err = SeverityError;

    fn from_str(text: &str) -> Result<Self, SeverityError> {
        Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or(SeverityError)
    }
}

/// One finding, as a plugin sends it.
///
/// ```
/// use oxg_protocol::{Finding, Severity};
///
/// let finding = Finding::low("web.header.missing", "Content-Security-Policy is not set")
///     .target("https://shop.test/")
///     .meta("header", "content-security-policy");
/// assert_eq!(finding.severity, Severity::Low);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Finding {
    /// Absent until the SDK or the broker gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<FindingId>,
    /// The kind of finding, dotted: `web.header.missing`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What was found, in a sentence.
    pub message: String,
    /// How bad it is.
    pub severity: Severity,
    /// Where it was found, usually a URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// What proves it. Absent: the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// Anything else.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}

impl Finding {
    /// A finding of any severity.
    #[must_use]
    pub fn new(severity: Severity, kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            id: None,
            kind: kind.into(),
            message: message.into(),
            severity,
            target: None,
            evidence: None,
            metadata: BTreeMap::new(),
        }
    }

    /// A finding that is worth knowing.
    #[must_use]
    pub fn info(kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Severity::Info, kind, message)
    }

    /// A finding that is worth mending.
    #[must_use]
    pub fn low(kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Severity::Low, kind, message)
    }

    /// A weakness.
    #[must_use]
    pub fn medium(kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Severity::Medium, kind, message)
    }

    /// A hole.
    #[must_use]
    pub fn high(kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Severity::High, kind, message)
    }

    /// A hole in use.
    #[must_use]
    pub fn critical(kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Severity::Critical, kind, message)
    }

    /// Says where it was found.
    #[must_use]
    pub fn target(mut self, target: impl Into<String>) -> Self {
        self.target = Some(target.into());
        self
    }

    /// Says what proves it.
    #[must_use]
    pub fn evidence(mut self, evidence: impl Into<String>) -> Self {
        self.evidence = Some(evidence.into());
        self
    }

    /// The id that follows from what the finding says, the plugin's name and the task: whoever makes
    /// it, and in whichever run, the same finding of the same task has the same. `task` is empty
    /// outside of one.
    #[must_use]
    pub fn derive_id(&self, plugin: &str, task: &str) -> FindingId {
        let mut hasher = Hasher::default();
        // The length before each part keeps two lists of parts from looking the same.
        let mut add = |part: &str| {
            hasher.update(&(part.len() as u64).to_be_bytes());
            hasher.update(part.as_bytes());
        };
        add(plugin);
        add(task);
        add(&self.kind);
        add(self.target.as_deref().unwrap_or_default());
        add(&self.message);
        add(self.evidence.as_deref().unwrap_or_default());
        for (key, value) in &self.metadata {
            add(key);
            add(value);
        }
        FindingId::from_digest(&hasher.finish())
    }

    /// Adds a piece of metadata.
    #[must_use]
    pub fn meta(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }
}

/// The answer to one line of `POST /v1/findings`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Receipt {
    /// The finding is kept, now or from an earlier call, under this id.
    Accepted(FindingId),
    /// It is not kept.
    Rejected(Problem),
}

/// A finding as the host keeps it: a line of `findings.jsonl`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingRecord {
    /// The record's version: [`FindingRecord::VERSION`].
    pub version: String,
    /// The finding's id.
    pub id: FindingId,
    /// Who reported it.
    pub plugin: String,
    /// The kind of finding.
    #[serde(rename = "type")]
    pub kind: String,
    /// What was found.
    pub message: String,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// What proves it.
    pub evidence: String,
    /// How bad it is.
    pub severity: Severity,
    /// When: RFC 3339, UTC, to the second.
    pub ts: String,
    /// Anything else.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub meta: BTreeMap<String, String>,
}

impl FindingRecord {
    /// The version that this crate describes.
    pub const VERSION: &str = "0.2";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_reads_back() {
        let finding = Finding::high("a.b", "m").target("t").evidence("e").meta("k", "v");
        let text = serde_json::to_string(&finding).unwrap();
        assert_eq!(serde_json::from_str::<Finding>(&text).unwrap(), finding);
        assert!(text.contains(r#""type":"a.b""#) && text.contains(r#""severity":"high""#));
    }

    #[test]
    fn an_id_follows_from_every_part_and_from_nothing_else() {
        let finding = || Finding::low("a.b", "m").target("t").evidence("e").meta("k", "v");
        let id = finding().derive_id("p", "t-1");
        assert_eq!(finding().derive_id("p", "t-1"), id);
        let others = [
            finding().derive_id("q", "t-1"),
            finding().derive_id("p", "t-2"),
            finding().derive_id("pt", "-1"),
            finding().target("u").derive_id("p", "t-1"),
            finding().evidence("f").derive_id("p", "t-1"),
            finding().meta("k", "w").derive_id("p", "t-1"),
            finding().meta("kv", "").derive_id("p", "t-1"),
            Finding::low("a.b", "n").target("t").evidence("e").meta("k", "v").derive_id("p", "t-1"),
            Finding::low("a.c", "m").target("t").evidence("e").meta("k", "v").derive_id("p", "t-1"),
        ];
        for other in others {
            assert_ne!(other, id);
        }
    }

    #[test]
    fn severities_are_in_order() {
        assert!(Severity::ALL.is_sorted());
    }
}
