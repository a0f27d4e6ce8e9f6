//! The tasks of one plugin, found by id, by key and by what is due next. Pure.

#[cfg(feature = "nats")]
mod mirrored;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use oxg_protocol::task::{Delivery, Enqueued, Extension, NewTask};
use oxg_protocol::{LeaseToken, TaskId};
use serde_json::Value;

use super::clock::Moment;
use super::record::{Record, Status};
use super::{Failure, Holder, TaskCounts, TaskError, TaskView};

/// The most open tasks, and the most bytes of them.
const MAX_OPEN: usize = 100_000;
const MAX_OPEN_BYTES: usize = 256 << 20;
/// The most settled tasks that are remembered, and the most bytes of them.
const MAX_SETTLED: usize = 10_000;
const MAX_SETTLED_BYTES: usize = 64 << 20;

/// The place of a task among all of its plugin.
pub(crate) type Number = u64;

/// What is to be written of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// All of it.
    Added,
    /// How far it is.
    Progressed,
    /// It is forgotten.
    Removed,
}

/// The tasks of one plugin.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    entries: BTreeMap<Number, Entry>,
    by_id: HashMap<TaskId, Number>,
    by_key: HashMap<String, Number>,
    /// What waits, by when it can be lent.
    due: BTreeSet<(Moment, Number)>,
    /// What ends by itself, by when.
    ends: BTreeSet<(Moment, Number)>,
    /// What is settled, the oldest first.
    settled: VecDeque<Number>,
    open_bytes: usize,
    settled_bytes: usize,
    counts: TaskCounts,
    next: Number,
    changes: BTreeMap<Number, Change>,
}

#[derive(Debug)]
struct Entry {
    record: Record,
    /// Of the work and of the output.
    bytes: usize,
}

impl Queue {
    /// Takes in a task that was written down earlier.
    pub(crate) fn restore(&mut self, number: Number, record: Record) {
        self.by_id.insert(record.work.id.clone(), number);
        self.by_key.insert(record.work.key.clone(), number);
        self.next = self.next.max(number + 1);
        let entry = Entry { bytes: record.bytes(), record };
        self.count_in(number, &entry);
        self.entries.insert(number, entry);
    }

    pub(crate) fn enqueue(
        &mut self,
        task: NewTask,
        id: TaskId,
        now: Moment,
    ) -> Result<Enqueued, TaskError> {
        let known = task.idempotency_key.as_ref().and_then(|key| self.by_key.get(key));
        if let Some(entry) = known.and_then(|number| self.entries.get(number)) {
            return Ok(Enqueued { task_id: entry.record.work.id.clone(), duplicate: true });
        }
        let record = Record::new(task, id.clone(), now);
        self.check_room(&record)?;
        let number = self.next;
        self.restore(number, record);
        self.changes.insert(number, Change::Added);
        Ok(Enqueued { task_id: id, duplicate: false })
    }

    /// Whether one more task may be added.
    pub(crate) fn check_room(&self, record: &Record) -> Result<(), TaskError> {
        if self.counts.open() >= MAX_OPEN {
            return Err(TaskError::Full("100 000 open tasks"));
        }
        if self.open_bytes + record.bytes() > MAX_OPEN_BYTES {
            return Err(TaskError::Full("256 MiB of open tasks"));
        }
        Ok(())
    }

    /// Lends out one task that is due, under `token`.
    pub(crate) fn lease(
        &mut self,
        token: LeaseToken,
        lease: Duration,
        now: Moment,
    ) -> Option<Delivery> {
        self.settle(now);
        let (due, number) = *self.due.first()?;
        if due > now {
            return None;
        }
        self.update(number, |record| record.lease(token, lease, now))
    }

    pub(crate) fn extend(
        &mut self,
        holder: &Holder,
        lease: Duration,
        now: Moment,
    ) -> Result<Extension, TaskError> {
        self.hold(holder, now, |record| record.extend(&holder.token, lease, now))
    }

    pub(crate) fn complete(
        &mut self,
        holder: &Holder,
        output: Option<Value>,
        now: Moment,
    ) -> Result<(), TaskError> {
        self.hold(holder, now, |record| record.complete(&holder.token, output))
    }

    pub(crate) fn fail(
        &mut self,
        holder: &Holder,
        failure: Failure,
        now: Moment,
    ) -> Result<(), TaskError> {
        self.hold(holder, now, |record| record.fail(&holder.token, failure, now))
    }

    pub(crate) fn release(&mut self, holder: &Holder, now: Moment) -> Result<(), TaskError> {
        self.hold(holder, now, |record| record.release(&holder.token))
    }

    pub(crate) fn cancel(&mut self, id: &TaskId) {
        let number = self.by_id.get(id).copied();
        let open = |entry: &&Entry| !entry.record.is_settled();
        if let Some(number) = number
            && self.entries.get(&number).as_ref().is_some_and(open)
        {
            self.update(number, Record::cancel);
        }
    }

    /// Ends the leases that have expired and the tasks whose time is up.
    pub(crate) fn settle(&mut self, now: Moment) {
        while let Some((_, number)) = self.ends.first().copied().filter(|(end, _)| *end <= now) {
            self.update(number, |record| record.settle(now));
        }
    }

    /// When [`Queue::settle`] or [`Queue::lease`] has something to do next.
    pub(crate) fn next_event(&self, now: Moment) -> Option<Moment> {
        let due = self.due.range((now, Number::MAX)..).map(|(due, _)| *due).next();
        let end = self.ends.first().map(|(end, _)| *end);
        due.into_iter().chain(end).min()
    }

    /// Every task as it is at `now`.
    pub(crate) fn views(&self, now: Moment) -> Vec<TaskView> {
        let view = |entry: &Entry| {
            if entry.record.ends().is_none_or(|end| end > now) {
                return entry.record.view();
            }
            let mut record = entry.record.clone();
            record.settle(now);
            record.view()
        };
        self.entries.values().map(view).collect()
    }

    pub(crate) fn counts(&self) -> TaskCounts {
        self.counts
    }

    /// What is to be written since the last time, and what it is about.
    pub(crate) fn take_changes(&mut self) -> BTreeMap<Number, Change> {
        std::mem::take(&mut self.changes)
    }

    pub(crate) fn record(&self, number: Number) -> Option<&Record> {
        self.entries.get(&number).map(|entry| &entry.record)
    }

    /// Changes the task of `holder`, if `change` finds that the token is right.
    fn hold<T>(
        &mut self,
        holder: &Holder,
        now: Moment,
        change: impl FnOnce(&mut Record) -> Result<T, TaskError>,
    ) -> Result<T, TaskError> {
        self.settle(now);
        let number = *self.by_id.get(&holder.task).ok_or(TaskError::NotFound)?;
        let entry = self.entries.get(&number).ok_or(TaskError::NotFound)?;
        if entry.record.is_settled() {
            // Nothing changes any more; it may be the same word again.
            return change(&mut entry.record.clone());
        }
        let pending = self.changes.contains_key(&number);
        let result = self.update(number, change).unwrap_or(Err(TaskError::NotFound));
        if result.is_err() && !pending {
            self.changes.remove(&number);
        }
        result
    }

    /// Changes an open task, and keeps every index in step.
    fn update<T>(&mut self, number: Number, change: impl FnOnce(&mut Record) -> T) -> Option<T> {
        let mut entry = self.entries.remove(&number)?;
        self.count_out(number, &entry);
        let result = change(&mut entry.record);
        entry.bytes = entry.record.bytes();
        self.count_in(number, &entry);
        self.entries.insert(number, entry);
        self.changes.entry(number).or_insert(Change::Progressed);
        self.forget();
        Some(result)
    }

    fn count_in(&mut self, number: Number, entry: &Entry) {
        let record = &entry.record;
        self.due.extend(record.due().map(|due| (due, number)));
        self.ends.extend(record.ends().map(|end| (end, number)));
        *self.count(&record.progress.status) += 1;
        if record.is_settled() {
            self.settled_bytes += entry.bytes;
            self.settled.push_back(number);
        } else {
            self.open_bytes += entry.bytes;
        }
    }

    /// Only open tasks change.
    fn count_out(&mut self, number: Number, entry: &Entry) {
        let record = &entry.record;
        if let Some(due) = record.due() {
            self.due.remove(&(due, number));
        }
        if let Some(end) = record.ends() {
            self.ends.remove(&(end, number));
        }
        *self.count(&record.progress.status) -= 1;
        self.open_bytes -= entry.bytes;
    }

    fn count(&mut self, status: &Status) -> &mut usize {
        match status {
            Status::Queued => &mut self.counts.queued,
            Status::Leased { .. } => &mut self.counts.leased,
            Status::Completed { .. } => &mut self.counts.completed,
            Status::DeadLettered { .. } => &mut self.counts.dead_lettered,
        }
    }

    /// Forgets the oldest settled tasks beyond what is remembered.
    fn forget(&mut self) {
        while self.settled.len() > MAX_SETTLED || self.settled_bytes > MAX_SETTLED_BYTES {
            let Some(number) = self.settled.pop_front() else { return };
            let Some(entry) = self.entries.remove(&number) else { continue };
            self.settled_bytes -= entry.bytes;
            *self.count(&entry.record.progress.status) -= 1;
            self.unname(&entry);
            self.changes.insert(number, Change::Removed);
        }
    }

    fn unname(&mut self, entry: &Entry) {
        self.by_id.remove(&entry.record.work.id);
        self.by_key.remove(&entry.record.work.key);
    }
}
