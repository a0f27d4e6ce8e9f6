//! The audit: one line a decision, never sampled, redacted, in the host's own record shape.

use std::time::SystemTime;

use oxg_protocol::audit::{AuditRecord, Decision, EventType};
use oxg_protocol::{ErrorCode, Problem, TraceId, TraceParent};
use oxg_redact::Redactor;
use serde_json::{Map, Value};

use crate::error::{BrokerError, Refusal, refuse};
use crate::jsonl::JsonLines;

/// Writes the audit. A decision that cannot be written down is not carried out.
#[derive(Debug)]
pub(crate) struct Audit {
    lines: JsonLines,
    redactor: Redactor,
}

/// A decision, before it is written.
#[derive(Debug)]
pub(crate) struct Entry {
    event: EventType,
    decision: Decision,
    reason: String,
    metadata: Map<String, Value>,
    trace_id: Option<TraceId>,
}

impl Entry {
    pub(crate) fn new(event: EventType, decision: Decision, reason: impl Into<String>) -> Self {
        Self { event, decision, reason: reason.into(), metadata: Map::new(), trace_id: None }
    }

    /// A call that was refused, with all that its problem says.
    pub(crate) fn refused(event: EventType, problem: &Problem) -> Self {
        // What the broker or the target failed at is not a decision.
        let decision = if problem.status < 500 { Decision::Deny } else { Decision::Info };
        let mut entry = Self::new(event, decision, problem.detail.as_str())
            .with("code", problem.code().as_str());
        for (key, value) in [
            ("capability", &problem.capability),
            ("destination", &problem.destination),
            ("manifest_hint", &problem.manifest_hint),
        ] {
            if let Some(value) = value {
                entry = entry.with(key, value.as_str());
            }
        }
        entry
    }

    /// The entry with another reason.
    pub(crate) fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = reason.into();
        self
    }

    /// The entry as a step of a trace.
    pub(crate) fn traced(mut self, trace: Option<TraceParent>) -> Self {
        let Some(trace) = trace else { return self };
        self.trace_id = Some(trace.trace_id);
        self.with("span_id", trace.span_id.to_string())
    }

    pub(crate) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.metadata.insert(key.to_owned(), value.into());
        self
    }
}

impl Audit {
    pub(crate) fn new(lines: JsonLines, redactor: Redactor) -> Self {
        Self { lines, redactor }
    }

    /// What keeps secrets out of it.
    pub(crate) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// Writes `entry` down on behalf of `plugin_id`.
    pub(crate) fn record(&self, plugin_id: &str, entry: Entry) -> Result<(), Refusal> {
        let mut metadata = Value::Object(entry.metadata);
        self.redactor.redact_json(&mut metadata);
        let record = AuditRecord {
            timestamp: humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
            component: "broker".to_owned(),
            plugin_id: plugin_id.to_owned(),
            event_type: entry.event,
            decision: entry.decision,
            reason: self.redactor.redact(&entry.reason).into_owned(),
            metadata: match metadata {
                Value::Object(map) => map,
                _ => Map::new(),
            },
            // An id is chosen by the plugin, and may be what a secret looks like in hexadecimal.
            trace_id: entry
                .trace_id
                .map(|id| self.redactor.redact(&id.to_string()).into_owned())
                .unwrap_or_default(),
        };
        self.lines.append(&record).map_err(|error| unwritten(&error))
    }

    /// Waits until what was recorded so far outlives a loss of power.
    pub(crate) async fn on_disk(&self) -> Result<(), Refusal> {
        self.lines.on_disk().await.map_err(|error| unwritten(&error))
    }

    pub(crate) fn read(&self) -> Result<Vec<AuditRecord>, BrokerError> {
        self.lines
            .read()
            .map_err(|source| BrokerError::Directory { path: "audit.jsonl".into(), source })
    }
}

fn unwritten(error: &std::io::Error) -> Refusal {
    let detail = format!("the decision could not be written to the audit ({})", error.kind());
    refuse(ErrorCode::Unavailable, detail)
}
