//! `/v1/tasks`: work, leased for a time. At least once, in no promised order.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::name::{LeaseToken, TaskId};
use crate::trace::TraceParent;

/// `POST /v1/tasks/lease`: a long poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseRequest {
    /// At most this many deliveries; 1 to [`LeaseRequest::MAX`].
    pub max: u32,
    /// How long to wait for the first one, in milliseconds.
    pub wait_ms: u64,
    /// How long each lease shall last, in milliseconds.
    pub lease_ms: u64,
}

impl LeaseRequest {
    /// The most deliveries that one call can ask for.
    pub const MAX: u32 = 64;
}

/// The answer to a [`LeaseRequest`]; empty when the wait was in vain.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Deliveries {
    /// The tasks.
    pub deliveries: Vec<Delivery>,
    /// The broker is stopping: there will be no more.
    #[serde(default)]
    pub draining: bool,
}

impl Deliveries {
    /// The answer with `deliveries`.
    #[must_use]
    pub fn new(deliveries: Vec<Delivery>, draining: bool) -> Self {
        Self { deliveries, draining }
    }
}

/// One task, lent to one holder for one attempt.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Delivery {
    /// The task.
    pub task_id: TaskId,
    /// What kind of work it is; the plugin and whoever enqueues agree on the words.
    pub kind: String,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// The proof that this delivery is the current one.
    pub lease_token: LeaseToken,
    /// Time left on the lease, in milliseconds.
    pub lease_expires_in_ms: u64,
    /// Time left for the task as a whole, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_in_ms: Option<u64>,
    /// The key under which it was enqueued.
    pub idempotency_key: String,
    /// The work itself.
    pub input: Value,
    /// The trace that the task belongs to, if whoever enqueued it told one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<TraceParent>,
}

/// `POST /v1/tasks/{id}/extend`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ExtendRequest {
    /// Of the delivery.
    pub lease_token: LeaseToken,
    /// The new time to live from now on, in milliseconds.
    pub lease_ms: u64,
}

/// The answer to an [`ExtendRequest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// Time left on the lease, in milliseconds.
    pub lease_expires_in_ms: u64,
    /// Somebody asked to stop this task.
    #[serde(default)]
    pub cancel_requested: bool,
    /// The broker is stopping.
    #[serde(default)]
    pub draining: bool,
}

/// `POST /v1/tasks/{id}/complete`. Idempotent for the same lease token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CompleteRequest {
    /// Of the delivery.
    pub lease_token: LeaseToken,
    /// The result, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Value>,
}

/// `POST /v1/tasks/{id}/fail`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FailRequest {
    /// Of the delivery.
    pub lease_token: LeaseToken,
    /// `false`: another attempt cannot help; the task is dead-lettered at once.
    pub retryable: bool,
    /// The earliest time for the next attempt, in milliseconds from now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// Why, in a sentence.
    pub reason: String,
}

/// `POST /v1/tasks/{id}/release`: gives the task back; does not count as an attempt.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReleaseRequest {
    /// Of the delivery.
    pub lease_token: LeaseToken,
}

/// `POST /v1/tasks`: enqueues work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewTask {
    /// See [`Delivery::kind`]. Default `task`.
    #[serde(default = "default_kind")]
    pub kind: String,
    /// The work itself.
    pub input: Value,
    /// Two tasks with one key are one task. Absent: the broker makes one up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// Attempts before the task is dead-lettered. Default 3.
    #[serde(default = "default_attempts")]
    pub max_attempts: u32,
    /// Time for the task as a whole from its first delivery on, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<u64>,
    /// See [`Delivery::traceparent`]. Absent: that of the call that enqueues it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<TraceParent>,
}

fn default_kind() -> String {
    "task".to_owned()
}

fn default_attempts() -> u32 {
    3
}

impl NewTask {
    /// A task of the default kind.
    ///
    /// ```
    /// use oxg_protocol::task::NewTask;
    ///
    /// let task = NewTask::new(serde_json::json!({ "url": "https://shop.test/" }));
    /// assert_eq!((task.kind.as_str(), task.max_attempts), ("task", 3));
    /// ```
    #[must_use]
    pub fn new(input: Value) -> Self {
        Self {
            kind: default_kind(),
            input,
            idempotency_key: None,
            max_attempts: default_attempts(),
            deadline_ms: None,
            traceparent: None,
        }
    }
}

/// The answer to a [`NewTask`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enqueued {
    /// The task.
    pub task_id: TaskId,
    /// It was there already, under the same key.
    #[serde(default)]
    pub duplicate: bool,
}
