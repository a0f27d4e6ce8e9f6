//! The queue itself: no clock, no lock, no I/O. Every call takes the time and settles what is due.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use oxg_protocol::task::{Delivery, Enqueued, Extension, NewTask};
use oxg_protocol::{ErrorCode, LeaseToken, TaskId};
use serde_json::Value;
use subtle::ConstantTimeEq as _;
use tokio::time::Instant;

use crate::error::{Refusal, refuse};

/// The longest lease that a holder can ask for.
const MAX_LEASE: Duration = Duration::from_secs(600);
/// The shortest lease: less could not be renewed in time.
const MIN_LEASE: Duration = Duration::from_millis(100);

/// What became of a task.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum TaskState {
    /// It waits for a holder.
    Queued,
    /// It has one.
    Leased,
    /// It is done, with this output.
    Completed(Option<Value>),
    /// It will not be tried again.
    DeadLettered {
        /// Why, in a sentence.
        reason: String,
    },
}

impl TaskState {
    /// Whether nothing will happen to the task any more.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        matches!(self, Self::Completed(_) | Self::DeadLettered { .. })
    }
}

/// A task as the host sees it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TaskView {
    /// The task.
    pub id: TaskId,
    /// Its input.
    pub input: Value,
    /// What became of it.
    pub state: TaskState,
    /// How many attempts counted.
    pub attempts: u32,
    /// How each attempt that failed ended, the oldest first.
    pub history: Vec<String>,
}

#[derive(Debug)]
struct Entry {
    view: TaskView,
    task: NewTask,
    key: String,
    not_before: Instant,
    deadline: Option<Instant>,
    lease: Option<Lease>,
    /// The token under which it was completed, so that a repeated `complete` succeeds.
    completed_by: Option<LeaseToken>,
    cancel: bool,
}

#[derive(Debug)]
struct Lease {
    token: LeaseToken,
    expires: Instant,
}

/// The tasks of one plugin.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    entries: BTreeMap<u64, Entry>,
    by_id: HashMap<TaskId, u64>,
    by_key: HashMap<String, u64>,
}

impl Queue {
    pub(crate) fn enqueue(&mut self, task: NewTask, id: TaskId, now: Instant) -> Enqueued {
        let key = task.idempotency_key.clone().unwrap_or_else(|| id.to_string());
        if let Some(entry) = self.by_key.get(&key).and_then(|number| self.entries.get(number)) {
            return Enqueued { task_id: entry.view.id.clone(), duplicate: true };
        }
        let number = self.entries.len() as u64;
        let view = TaskView {
            id: id.clone(),
            input: task.input.clone(),
            state: TaskState::Queued,
            attempts: 0,
            history: Vec::new(),
        };
        self.by_id.insert(id.clone(), number);
        self.by_key.insert(key.clone(), number);
        let entry = Entry {
            view,
            task,
            key,
            not_before: now,
            deadline: None,
            lease: None,
            completed_by: None,
            cancel: false,
        };
        self.entries.insert(number, entry);
        Enqueued { task_id: id, duplicate: false }
    }

    /// Lends out one task that is due, under `token`.
    pub(crate) fn lease(
        &mut self,
        token: LeaseToken,
        lease: Duration,
        now: Instant,
    ) -> Option<Delivery> {
        self.settle(now);
        let lease = lease.clamp(MIN_LEASE, MAX_LEASE);
        let entry = self
            .entries
            .values_mut()
            .find(|entry| entry.view.state == TaskState::Queued && entry.not_before <= now)?;
        entry.view.state = TaskState::Leased;
        entry.view.attempts += 1;
        if entry.deadline.is_none() {
            let time = entry.task.deadline_ms.map(Duration::from_millis);
            entry.deadline = time.and_then(|time| now.checked_add(time));
        }
        let expires = entry.lease_until(now + lease);
        entry.lease = Some(Lease { token: token.clone(), expires });
        Some(Delivery {
            task_id: entry.view.id.clone(),
            kind: entry.task.kind.clone(),
            attempt: entry.view.attempts,
            lease_token: token,
            lease_expires_in_ms: millis(expires - now),
            deadline_in_ms: entry.deadline.map(|deadline| millis(deadline - now)),
            idempotency_key: entry.key.clone(),
            input: entry.view.input.clone(),
        })
    }

    pub(crate) fn extend(
        &mut self,
        id: &TaskId,
        token: &LeaseToken,
        lease: Duration,
        now: Instant,
    ) -> Result<Extension, Refusal> {
        let entry = self.held(id, token, now)?;
        let expires = entry.lease_until(now + lease.clamp(MIN_LEASE, MAX_LEASE));
        if let Some(lease) = &mut entry.lease {
            lease.expires = expires;
        }
        Ok(Extension {
            lease_expires_in_ms: millis(expires - now),
            cancel_requested: entry.cancel,
            draining: false,
        })
    }

    pub(crate) fn complete(
        &mut self,
        id: &TaskId,
        token: &LeaseToken,
        output: Option<Value>,
        now: Instant,
    ) -> Result<(), Refusal> {
        let repeated = self
            .entry(id)
            .and_then(|entry| entry.completed_by.as_ref())
            .is_some_and(|by| same(by, token));
        if repeated {
            return Ok(());
        }
        let entry = self.held(id, token, now)?;
        entry.lease = None;
        entry.completed_by = Some(token.clone());
        entry.view.state = TaskState::Completed(output);
        Ok(())
    }

    pub(crate) fn fail(
        &mut self,
        id: &TaskId,
        token: &LeaseToken,
        failure: Failure,
        now: Instant,
    ) -> Result<(), Refusal> {
        let entry = self.held(id, token, now)?;
        entry.not_before = now + failure.retry_after.min(MAX_LEASE);
        entry.end_attempt(failure.reason, failure.retryable);
        Ok(())
    }

    /// Takes a task back; the attempt does not count.
    pub(crate) fn release(
        &mut self,
        id: &TaskId,
        token: &LeaseToken,
        now: Instant,
    ) -> Result<(), Refusal> {
        let entry = self.held(id, token, now)?;
        entry.lease = None;
        entry.view.attempts -= 1;
        entry.view.state = TaskState::Queued;
        Ok(())
    }

    /// Asks the holder, present or next, to stop.
    pub(crate) fn cancel(&mut self, id: &TaskId) {
        let number = self.by_id.get(id).copied();
        if let Some(entry) = number.and_then(|number| self.entries.get_mut(&number)) {
            entry.cancel = true;
        }
    }

    /// Ends the leases that have expired and the tasks whose time is up.
    pub(crate) fn settle(&mut self, now: Instant) {
        for entry in self.entries.values_mut().filter(|entry| !entry.view.state.is_settled()) {
            if entry.lease.as_ref().is_some_and(|lease| lease.expires <= now) {
                entry.end_attempt("the lease expired".to_owned(), true);
            }
            let late = entry.deadline.is_some_and(|deadline| deadline <= now);
            if late && !entry.view.state.is_settled() {
                entry.view.state =
                    TaskState::DeadLettered { reason: "its deadline passed".to_owned() };
            }
        }
    }

    /// When [`Queue::settle`] or [`Queue::lease`] has something to do next.
    pub(crate) fn next_event(&self, now: Instant) -> Option<Instant> {
        let open = self.entries.values().filter(|entry| !entry.view.state.is_settled());
        open.flat_map(|entry| match &entry.lease {
            // No lease reaches past the deadline.
            Some(lease) => [Some(lease.expires), None],
            None => [Some(entry.not_before).filter(|time| *time > now), entry.deadline],
        })
        .flatten()
        .min()
    }

    pub(crate) fn views(&self) -> impl Iterator<Item = &TaskView> {
        self.entries.values().map(|entry| &entry.view)
    }

    fn entry(&self, id: &TaskId) -> Option<&Entry> {
        self.by_id.get(id).and_then(|number| self.entries.get(number))
    }

    /// The entry, if `token` is that of its current lease.
    fn held(
        &mut self,
        id: &TaskId,
        token: &LeaseToken,
        now: Instant,
    ) -> Result<&mut Entry, Refusal> {
        self.settle(now);
        let number = self
            .by_id
            .get(id)
            .ok_or_else(|| refuse(ErrorCode::NotFound, "there is no such task"))?;
        self.entries
            .get_mut(number)
            .filter(|entry| entry.lease.as_ref().is_some_and(|lease| same(&lease.token, token)))
            .ok_or_else(|| {
                refuse(
                    ErrorCode::LeaseLost,
                    "the lease has expired or the task is settled; drop this attempt",
                )
            })
    }
}

/// How an attempt failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) reason: String,
    pub(crate) retryable: bool,
    pub(crate) retry_after: Duration,
}

impl Entry {
    /// `wanted`, but not past the deadline.
    fn lease_until(&self, wanted: Instant) -> Instant {
        self.deadline.map_or(wanted, |deadline| wanted.min(deadline))
    }

    fn end_attempt(&mut self, reason: String, retryable: bool) {
        self.lease = None;
        self.view.history.push(reason.clone());
        let spent = self.view.attempts >= self.task.max_attempts;
        self.view.state = if retryable && !spent {
            TaskState::Queued
        } else {
            TaskState::DeadLettered { reason }
        };
    }
}

fn same(left: &LeaseToken, right: &LeaseToken) -> bool {
    left.expose().as_bytes().ct_eq(right.expose().as_bytes()).into()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
