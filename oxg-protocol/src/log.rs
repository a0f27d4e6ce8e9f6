//! `POST /v1/logs`, and the lines of `run.log`: one redacted record a line.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::name::{RunId, TaskId};
use crate::trace::TraceId;

/// How much a record matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Level {
    /// Every step.
    Trace,
    /// For whoever looks for a fault.
    Debug,
    /// For whoever watches.
    Info,
    /// Something is odd.
    Warn,
    /// Something failed.
    Error,
}

/// One log record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogRecord {
    /// RFC 3339, UTC, to the millisecond.
    pub ts: String,
    /// How much it matters.
    pub level: Level,
    /// The module that speaks.
    pub target: String,
    /// What it says.
    pub msg: String,
    /// The plugin's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    /// The run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<RunId>,
    /// The task at hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<TaskId>,
    /// The trace at hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<TraceId>,
    /// Fields of the event.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub fields: Map<String, Value>,
    /// The spans around it, the outermost first: each its `name` and its fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<Map<String, Value>>,
}
