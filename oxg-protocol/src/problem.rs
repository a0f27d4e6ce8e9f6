//! `application/problem+json` (RFC 9457), with the members that a program can act on.

use serde::{Deserialize, Serialize};

use crate::error_code::ErrorCode;

/// What the broker answers instead of the result.
///
/// ```
/// use oxg_protocol::{ErrorCode, Problem};
///
/// let problem = Problem::new(ErrorCode::DestinationDenied, "https://evil.test is not in the manifest")
///     .with_capability("http")
///     .with_destination("https://evil.test:443");
/// assert_eq!(problem.status, 403);
/// assert_eq!(problem.code(), ErrorCode::DestinationDenied);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Problem {
    /// `urn:oxg:error:CODE`. Kept as text: a newer broker may have codes that this crate lacks.
    #[serde(rename = "type")]
    pub kind: String,
    /// A few words that go with the code.
    #[serde(default)]
    pub title: String,
    /// The HTTP status.
    #[serde(default)]
    pub status: u16,
    /// What happened, in a sentence.
    #[serde(default)]
    pub detail: String,
    /// The capability that is missing or does not reach far enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capability: Option<String>,
    /// The destination that was asked for: `scheme://host:port`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// The line of `manifest.json` that would allow the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest_hint: Option<String>,
    /// How long to wait before the next try, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// The current offset of an upload, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// The size of the artifact that a range lies outside of, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The id under which the audit names the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl Problem {
    /// The media type.
    pub const MEDIA_TYPE: &str = "application/problem+json";

    /// A problem with the code's title and status.
    #[must_use]
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("{}{code}", ErrorCode::URN_PREFIX),
            title: code.title().to_owned(),
            status: code.status(),
            detail: detail.into(),
            capability: None,
            destination: None,
            manifest_hint: None,
            retry_after_ms: None,
            offset: None,
            size: None,
            request_id: None,
        }
    }

    /// The code; [`ErrorCode::Internal`] where it is one that this crate does not know.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.kind.parse().unwrap_or(ErrorCode::Internal)
    }

    /// Names the capability.
    #[must_use]
    pub fn with_capability(mut self, capability: impl Into<String>) -> Self {
        self.capability = Some(capability.into());
        self
    }

    /// Names the destination.
    #[must_use]
    pub fn with_destination(mut self, destination: impl Into<String>) -> Self {
        self.destination = Some(destination.into());
        self
    }

    /// Says which line of the manifest would allow the call.
    #[must_use]
    pub fn with_manifest_hint(mut self, line: impl Into<String>) -> Self {
        self.manifest_hint = Some(line.into());
        self
    }

    /// Says how long to wait before the next try.
    #[must_use]
    pub fn with_retry_after_ms(mut self, milliseconds: u64) -> Self {
        self.retry_after_ms = Some(milliseconds);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_a_newer_broker_are_ignored() {
        let text =
            r#"{"type":"urn:oxg:error:not_found","title":"x","status":404,"detail":"d","later":1}"#;
        let problem: Problem = serde_json::from_str(text).unwrap();
        assert_eq!(problem.code(), ErrorCode::NotFound);
    }

    #[test]
    fn an_unknown_code_counts_as_internal() {
        let text = r#"{"type":"urn:oxg:error:from_tomorrow"}"#;
        let problem: Problem = serde_json::from_str(text).unwrap();
        assert_eq!(problem.code(), ErrorCode::Internal);
    }
}
