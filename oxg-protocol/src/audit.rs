//! The audit: one JSON line a decision, never sampled, in the host's own record shape.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Decision {
    /// Nothing; it happened.
    Info,
    /// Yes.
    Allow,
    /// No.
    Deny,
}

/// What was decided on: the `event_type` of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventType {
    /// A session began or ended.
    Session,
    /// A call without a valid token.
    Authentication,
    /// An outbound request.
    Egress,
    /// A secret was asked for.
    Secret,
    /// An artifact was written, read or removed.
    Artifact,
    /// A task changed hands.
    Task,
    /// A finding came in.
    Finding,
    /// Anything else that the API refused.
    Api,
}

/// One line of `audit.jsonl`, redacted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// RFC 3339, UTC, to the millisecond.
    pub timestamp: String,
    /// The part of the host that decided; here `broker`.
    pub component: String,
    /// Who asked; empty where it is not known.
    pub plugin_id: String,
    /// What it was about.
    pub event_type: EventType,
    /// What was decided.
    pub decision: Decision,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The particulars: `request_id`, `task_id`, and what belongs to the event.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    /// The trace at hand.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub trace_id: String,
}
