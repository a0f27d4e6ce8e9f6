//! What a store of tasks promises.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use oxg_manifest::PluginName;
use oxg_protocol::task::{Delivery, Enqueued, Extension, NewTask};
use oxg_protocol::{ErrorCode, LeaseToken, TaskId};
use serde_json::Value;

use super::{Changes, TaskCounts, TaskView};
use crate::error::{Refusal, refuse};

/// What a store answers, once it is as safe as the store promises.
pub type Storing<'a, T> = Pin<Box<dyn Future<Output = Result<T, TaskError>> + Send + 'a>>;

/// Where tasks are kept, for every plugin of a broker. The tasks of one plugin are none of
/// another's.
///
/// Each answer is final: a durable store gives it when the change is on disk. Dropping a call may
/// leave its change done or not done, never half done.
///
/// The rules of the protocol hold for every implementation; one suite of tests is run against all:
///
/// - a delivery has a token that no other delivery ever had; once its lease has ended, been given
///   back or been replaced, the token is worth nothing ([`TaskError::LeaseLost`]);
/// - a task is lent to one holder at a time, at most `max_attempts` times, not counting releases;
///   the end of a lease counts as an attempt;
/// - after the last attempt, a failure that cannot be retried or the task's deadline, the task is
///   a dead letter, with the reason and how its attempts ended;
/// - completing twice with one token is completing once;
/// - enqueueing twice with one `idempotency_key` is enqueueing once, for as long as the task is
///   remembered: all open tasks are, and the last 10 000 settled ones up to 64 MiB.
///
/// At most 100 000 open tasks a plugin, and 256 MiB of them ([`TaskError::Full`]).
pub trait TaskStore: fmt::Debug + Send + Sync + 'static {
    /// Adds a task.
    fn enqueue<'a>(&'a self, plugin: &'a PluginName, task: NewTask) -> Storing<'a, Enqueued>;

    /// Lends up to `max` tasks that are due now, each for `lease`. Does not wait.
    fn lease<'a>(
        &'a self,
        plugin: &'a PluginName,
        max: u32,
        lease: Duration,
    ) -> Storing<'a, Vec<Delivery>>;

    /// Moves the end of a lease to `lease` from now.
    fn extend<'a>(
        &'a self,
        plugin: &'a PluginName,
        holder: Holder,
        lease: Duration,
    ) -> Storing<'a, Extension>;

    /// Ends a task well.
    fn complete<'a>(
        &'a self,
        plugin: &'a PluginName,
        holder: Holder,
        output: Option<Value>,
    ) -> Storing<'a, ()>;

    /// Ends an attempt badly.
    fn fail<'a>(
        &'a self,
        plugin: &'a PluginName,
        holder: Holder,
        failure: Failure,
    ) -> Storing<'a, ()>;

    /// Takes a task back; the attempt does not count.
    fn release<'a>(&'a self, plugin: &'a PluginName, holder: Holder) -> Storing<'a, ()>;

    /// Asks the holder, present or next, to stop. A task that is unknown or settled stays as it is.
    fn cancel<'a>(&'a self, plugin: &'a PluginName, task: TaskId) -> Storing<'a, ()>;

    /// Ends the leases that have expired and the tasks whose time is up. Every other change does
    /// so first.
    fn settle<'a>(&'a self, plugin: &'a PluginName) -> Storing<'a, ()>;

    /// The tasks that are remembered, in the order in which they were enqueued.
    fn views(&self, plugin: &PluginName) -> Vec<TaskView>;

    /// How many there are in each state.
    fn counts(&self, plugin: &PluginName) -> TaskCounts;

    /// Tells when the tasks change.
    fn changes(&self, plugin: &PluginName) -> Changes;
}

/// Who says that it holds a task, and the proof.
#[derive(Debug, Clone)]
pub struct Holder {
    /// The task.
    pub task: TaskId,
    /// The token of the delivery.
    pub token: LeaseToken,
}

/// How an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Why, in a sentence; 2 KiB of it are kept.
    pub reason: String,
    /// Whether another attempt can help.
    pub retryable: bool,
    /// The least time until the next attempt; at most ten minutes.
    pub retry_after: Duration,
}

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// No task has this id, or it was settled long ago and is forgotten.
    #[error("there is no such task")]
    NotFound,
    /// The token is not that of the current lease.
    #[error("the lease has expired or the task is settled; drop this attempt")]
    LeaseLost,
    /// There are as many open tasks as a plugin may have.
    #[error("the queue is full ({0}); enqueue more once tasks are done")]
    Full(&'static str),
    /// The task, or its output, is longer than the store takes.
    #[error("it takes {bytes} bytes, and the task store takes {limit}; put it into an artifact")]
    TooLarge {
        /// How many bytes are to be kept.
        bytes: usize,
        /// The most that can be.
        limit: usize,
    },
    /// The change could not be made safe, and was not made.
    #[error("the task store cannot write: {0}")]
    Store(String),
    /// The system gave no random bytes.
    #[error("the system gives no random bytes")]
    Random,
}

impl From<TaskError> for Refusal {
    fn from(error: TaskError) -> Self {
        let code = match error {
            TaskError::NotFound => ErrorCode::NotFound,
            TaskError::LeaseLost => ErrorCode::LeaseLost,
            TaskError::Full(_) => ErrorCode::RateLimited,
            TaskError::TooLarge { .. } => ErrorCode::PayloadTooLarge,
            TaskError::Store(_) => ErrorCode::Unavailable,
            TaskError::Random => ErrorCode::Internal,
        };
        refuse(code, error.to_string())
    }
}
