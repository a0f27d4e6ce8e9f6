//! One task: its states, and what leads from one to another. Pure.

use std::sync::Arc;
use std::time::Duration;

use oxg_protocol::task::{Delivery, Extension, NewTask};
use oxg_protocol::{Digest, LeaseToken, TaskId, TraceParent};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use subtle::ConstantTimeEq as _;

use super::clock::{Moment, millis};
use super::{Failure, TaskError, TaskState, TaskView};

/// The longest lease that a holder can ask for, and the longest delay.
const MAX_LEASE: Duration = Duration::from_secs(600);
/// The shortest lease: less could not be renewed in time.
const MIN_LEASE: Duration = Duration::from_millis(100);
/// The longest reason that is kept, in bytes.
const MAX_REASON: usize = 2048;
/// The most ends of attempts that are kept.
const MAX_HISTORY: usize = 100;

/// One task.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) work: Arc<Work>,
    pub(crate) progress: Progress,
    /// Which writing of the progress this is, where a store counts them.
    #[cfg_attr(not(feature = "nats"), allow(dead_code, reason = "the other stores do not"))]
    pub(crate) revision: u64,
}

/// What never changes of a task.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Work {
    pub(crate) id: TaskId,
    pub(crate) key: String,
    kind: String,
    input: Value,
    max_attempts: u32,
    deadline_ms: Option<u64>,
    /// Of the input.
    size: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    traceparent: Option<TraceParent>,
}

/// How far a task is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Progress {
    pub(crate) status: Status,
    attempts: u32,
    history: Vec<String>,
    not_before: Moment,
    deadline: Option<Moment>,
    cancel: bool,
}

/// Tokens are kept as digests: whoever reads the store cannot act for a holder.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Queued,
    Leased { token: Digest, expires: Moment },
    Completed { token: Digest, output: Option<Value> },
    DeadLettered { reason: String },
}

impl Record {
    pub(crate) fn new(task: NewTask, id: TaskId, now: Moment) -> Self {
        let work = Work {
            key: task.idempotency_key.unwrap_or_else(|| id.to_string()),
            id,
            size: size(&task.input),
            kind: task.kind,
            input: task.input,
            max_attempts: task.max_attempts,
            deadline_ms: task.deadline_ms,
            traceparent: task.traceparent,
        };
        Self::of(Arc::new(work), Progress::new(now))
    }

    pub(crate) fn of(work: Arc<Work>, progress: Progress) -> Self {
        Self { work, progress, revision: 0 }
    }

    pub(crate) fn is_settled(&self) -> bool {
        matches!(self.progress.status, Status::Completed { .. } | Status::DeadLettered { .. })
    }

    /// About what the task takes in memory and on disk.
    pub(crate) fn bytes(&self) -> usize {
        let output = match &self.progress.status {
            Status::Completed { output: Some(output), .. } => size(output),
            _ => 0,
        };
        self.work.size + output
    }

    /// From when on the task can be lent; `None` if it is not waiting.
    pub(crate) fn due(&self) -> Option<Moment> {
        matches!(self.progress.status, Status::Queued).then_some(self.progress.not_before)
    }

    /// When its lease or its time ends by itself.
    pub(crate) fn ends(&self) -> Option<Moment> {
        match self.progress.status {
            // No lease reaches past the deadline.
            Status::Leased { expires, .. } => Some(expires),
            Status::Queued => self.progress.deadline,
            _ => None,
        }
    }

    /// Lends the task out under `token`.
    pub(crate) fn lease(&mut self, token: LeaseToken, lease: Duration, now: Moment) -> Delivery {
        let progress = &mut self.progress;
        progress.attempts += 1;
        if progress.deadline.is_none() {
            let time = self.work.deadline_ms.map(Duration::from_millis);
            progress.deadline = time.map(|time| now.after(time));
        }
        let expires = progress.lease_until(now, lease);
        progress.status = Status::Leased { token: digest(&token), expires };
        Delivery {
            task_id: self.work.id.clone(),
            kind: self.work.kind.clone(),
            attempt: progress.attempts,
            lease_token: token,
            lease_expires_in_ms: millis(now.until(expires)),
            deadline_in_ms: progress.deadline.map(|deadline| millis(now.until(deadline))),
            idempotency_key: self.work.key.clone(),
            input: self.work.input.clone(),
            traceparent: self.work.traceparent,
        }
    }

    pub(crate) fn extend(
        &mut self,
        token: &LeaseToken,
        lease: Duration,
        now: Moment,
    ) -> Result<Extension, TaskError> {
        self.check(token)?;
        let until = self.progress.lease_until(now, lease);
        if let Status::Leased { expires, .. } = &mut self.progress.status {
            *expires = until;
        }
        Ok(Extension {
            lease_expires_in_ms: millis(now.until(until)),
            cancel_requested: self.progress.cancel,
            draining: false,
        })
    }

    pub(crate) fn complete(
        &mut self,
        token: &LeaseToken,
        output: Option<Value>,
    ) -> Result<(), TaskError> {
        if let Status::Completed { token: by, .. } = &self.progress.status
            && same(by, token)
        {
            return Ok(());
        }
        self.check(token)?;
        self.progress.status = Status::Completed { token: digest(token), output };
        Ok(())
    }

    pub(crate) fn fail(
        &mut self,
        token: &LeaseToken,
        failure: Failure,
        now: Moment,
    ) -> Result<(), TaskError> {
        self.check(token)?;
        self.progress.not_before = now.after(failure.retry_after.min(MAX_LEASE));
        self.end_attempt(failure.reason, failure.retryable);
        Ok(())
    }

    pub(crate) fn release(&mut self, token: &LeaseToken) -> Result<(), TaskError> {
        self.check(token)?;
        self.progress.attempts = self.progress.attempts.saturating_sub(1);
        self.progress.status = Status::Queued;
        Ok(())
    }

    pub(crate) fn cancel(&mut self) {
        self.progress.cancel = true;
    }

    /// Ends a lease that has expired, and the task if its time is up.
    pub(crate) fn settle(&mut self, now: Moment) {
        if matches!(self.progress.status, Status::Leased { expires, .. } if expires <= now) {
            self.end_attempt("the lease expired".to_owned(), true);
        }
        if !self.is_settled() && self.progress.deadline.is_some_and(|deadline| deadline <= now) {
            let reason = "its deadline passed".to_owned();
            self.progress.status = Status::DeadLettered { reason };
        }
    }

    pub(crate) fn view(&self) -> TaskView {
        TaskView {
            id: self.work.id.clone(),
            kind: self.work.kind.clone(),
            input: self.work.input.clone(),
            state: match &self.progress.status {
                Status::Queued => TaskState::Queued,
                Status::Leased { .. } => TaskState::Leased,
                Status::Completed { output, .. } => TaskState::Completed(output.clone()),
                Status::DeadLettered { reason } => {
                    TaskState::DeadLettered { reason: reason.clone() }
                }
            },
            attempts: self.progress.attempts,
            history: self.progress.history.clone(),
        }
    }

    fn check(&self, token: &LeaseToken) -> Result<(), TaskError> {
        match &self.progress.status {
            Status::Leased { token: current, .. } if same(current, token) => Ok(()),
            _ => Err(TaskError::LeaseLost),
        }
    }

    fn end_attempt(&mut self, reason: String, retryable: bool) {
        let reason = shortened(reason);
        let progress = &mut self.progress;
        if progress.history.len() == MAX_HISTORY {
            progress.history.remove(0);
        }
        progress.history.push(reason.clone());
        let spent = progress.attempts >= self.work.max_attempts;
        progress.status =
            if retryable && !spent { Status::Queued } else { Status::DeadLettered { reason } };
    }
}

impl Progress {
    /// Of a task that nobody has had yet.
    pub(crate) fn new(now: Moment) -> Self {
        Self {
            status: Status::Queued,
            attempts: 0,
            history: Vec::new(),
            not_before: now,
            deadline: None,
            cancel: false,
        }
    }

    /// The same by another clock: `translate` tells what a moment is there.
    #[cfg(feature = "nats")]
    pub(crate) fn by_another_clock(mut self, translate: impl Fn(Moment) -> Moment) -> Self {
        self.not_before = translate(self.not_before);
        self.deadline = self.deadline.map(&translate);
        if let Status::Leased { expires, .. } = &mut self.status {
            *expires = translate(*expires);
        }
        self
    }

    /// `lease` from now, but not past the deadline.
    fn lease_until(&self, now: Moment, lease: Duration) -> Moment {
        let wanted = now.after(lease.clamp(MIN_LEASE, MAX_LEASE));
        self.deadline.map_or(wanted, |deadline| wanted.min(deadline))
    }
}

fn digest(token: &LeaseToken) -> Digest {
    Digest::of(token.expose().as_bytes())
}

fn same(kept: &Digest, token: &LeaseToken) -> bool {
    kept.as_bytes().ct_eq(digest(token).as_bytes()).into()
}

fn shortened(mut reason: String) -> String {
    if reason.len() > MAX_REASON {
        let end = (0..=MAX_REASON).rev().find(|at| reason.is_char_boundary(*at));
        reason.truncate(end.unwrap_or_default());
        reason.push('…');
    }
    reason
}

/// About what a value takes, without writing it.
fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(size).sum::<usize>() + 2,
        Value::Object(fields) => {
            fields.iter().map(|(key, value)| key.len() + size(value) + 4).sum::<usize>() + 2
        }
        _ => 8,
    }
}
