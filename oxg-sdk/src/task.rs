use std::time::Duration;

use oxg_protocol::task::Delivery;
use oxg_protocol::{TaskId, TraceId};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;

use crate::json_path;

/// One piece of work, lent to this plugin for one attempt.
#[derive(Debug, Clone)]
pub struct Task {
    id: TaskId,
    kind: String,
    attempt: u32,
    idempotency_key: String,
    deadline: Option<Instant>,
    input: Value,
    trace_id: TraceId,
}

/// A task's input is not what the plugin takes.
#[derive(Debug, thiserror::Error)]
#[error("the input of the task is not what the plugin takes: {}{source}", json_path::prefix(.path))]
#[non_exhaustive]
pub struct InputError {
    /// Where in the input, as in `pages[2].url`. Empty: the input as a whole, or not known.
    pub path: String,
    /// What is wrong there.
    source: json_path::Mismatch,
}

impl Task {
    pub(crate) fn new(delivery: Delivery, trace_id: TraceId, now: Instant) -> Self {
        Self {
            trace_id,
            id: delivery.task_id,
            kind: delivery.kind,
            attempt: delivery.attempt,
            idempotency_key: delivery.idempotency_key,
            deadline: delivery.deadline_in_ms.map(|left| now + Duration::from_millis(left)),
            input: delivery.input,
        }
    }

    /// Its id: the same in every attempt.
    #[must_use]
    pub fn id(&self) -> &TaskId {
        &self.id
    }

    /// What kind of work it is. The plugin and whoever enqueues agree on the words.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// 1 for the first attempt.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The key under which it was enqueued; two tasks with one key are one task.
    #[must_use]
    pub fn idempotency_key(&self) -> &str {
        &self.idempotency_key
    }

    /// The trace that it belongs to: that of whoever enqueued it, or a new one. The calls, the log
    /// and the audit of the task all carry it.
    #[must_use]
    pub fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// The time that is left for the task, where it has a deadline.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        self.deadline.map(|end| end.saturating_duration_since(Instant::now()))
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// The work itself, as a type of the plugin.
    ///
    /// # Errors
    /// [`InputError`] says where the input is not what `T` takes. It fails the task for good:
    /// another attempt would see the same input.
    pub fn input<T: DeserializeOwned>(&self) -> Result<T, InputError> {
        json_path::read(&self.input).map_err(|(path, source)| InputError { path, source })
    }

    /// The work itself, as it came.
    #[must_use]
    pub fn raw_input(&self) -> &Value {
        &self.input
    }
}
