//! Every limit of the broker API and its default.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The limits of a session. Sizes are in bytes, times in milliseconds, as the names say.
///
/// A broker states its own in [`SessionInfo`](crate::session::SessionInfo); one that is not
/// stated has the default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Limits {
    /// Request or response head. Default 64 KiB.
    pub header_block_bytes: u64,
    /// JSON body of an API call. Default 1 MiB.
    pub json_body_bytes: u64,
    /// Body of an egress request. Default 64 MiB.
    pub egress_request_bytes: u64,
    /// Body of an egress response. Default 256 MiB.
    pub egress_response_bytes: u64,
    /// Egress calls of a run. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub egress_calls: Option<u64>,
    /// Egress calls a second, with one second's worth in a burst. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub egress_calls_per_second: Option<u32>,
    /// Bodies of all egress requests of a run together. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub egress_total_request_bytes: Option<u64>,
    /// Bodies of all egress responses of a run together. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub egress_total_response_bytes: Option<u64>,
    /// One artifact. Default 4 GiB.
    pub artifact_bytes: u64,
    /// Requests of one plugin at a time. Default 256.
    pub concurrent_requests: u32,
    /// Resolving a name. Default 5 s.
    pub dns_ms: u64,
    /// Dialling an address, the TLS handshake included. Default 10 s.
    pub connect_ms: u64,
    /// From the request to the target's response head. Default 30 s.
    pub header_ms: u64,
    /// Silence on a connection that should talk. Default 60 s.
    pub idle_ms: u64,
    /// A call that states no deadline. Default 30 s.
    pub deadline_ms: u64,
    /// The longest deadline that a call may state. Default 10 min.
    pub max_deadline_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_block_bytes: 64 << 10,
            json_body_bytes: 1 << 20,
            egress_request_bytes: 64 << 20,
            egress_response_bytes: 256 << 20,
            egress_calls: None,
            egress_calls_per_second: None,
            egress_total_request_bytes: None,
            egress_total_response_bytes: None,
            artifact_bytes: 4 << 30,
            concurrent_requests: 256,
            dns_ms: 5_000,
            connect_ms: 10_000,
            header_ms: 30_000,
            idle_ms: 60_000,
            deadline_ms: 30_000,
            max_deadline_ms: 600_000,
        }
    }
}

impl Limits {
    /// The deadline of a call that asked for `stated_ms`: the default where it states none, and
    /// never more than the longest.
    #[must_use]
    pub fn deadline(&self, stated_ms: Option<u64>) -> Duration {
        Duration::from_millis(stated_ms.unwrap_or(self.deadline_ms).min(self.max_deadline_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stated_deadline_never_passes_the_longest() {
        let limits = Limits::default();
        assert_eq!(limits.deadline(None), Duration::from_secs(30));
        assert_eq!(limits.deadline(Some(5)), Duration::from_millis(5));
        assert_eq!(limits.deadline(Some(u64::MAX)), Duration::from_secs(600));
    }
}
