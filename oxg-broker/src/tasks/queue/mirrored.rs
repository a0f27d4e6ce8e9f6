//! A queue that follows what is decided elsewhere: it is told how tasks are, and is asked what it
//! would do.

use std::collections::HashSet;

use oxg_protocol::TaskId;

use super::{Change, Number, Queue, Record};
use crate::tasks::clock::Moment;

impl Queue {
    /// Takes `record` in, in the place of what was known of the task. One that is settled stays as
    /// it is.
    pub(crate) fn put(&mut self, number: Number, record: Record) {
        let older = self.by_id.get(&record.work.id).copied();
        for known in [Some(number), older.filter(|older| *older != number)].into_iter().flatten() {
            let Some(entry) = self.entries.remove(&known) else { continue };
            if !entry.record.is_settled() {
                self.count_out(known, &entry);
            } else if known == number {
                self.entries.insert(known, entry);
                return;
            } else {
                // It was forgotten elsewhere, and its key is used anew.
                self.settled_bytes -= entry.bytes;
                *self.count(&entry.record.progress.status) -= 1;
            }
            self.unname(&entry);
        }
        self.restore(number, record);
        self.forget();
    }

    /// The tasks that [`put`](Self::put) made it forget since the last time.
    pub(crate) fn take_forgotten(&mut self) -> Vec<Number> {
        let changes = self.take_changes().into_iter();
        changes.filter(|(_, change)| *change == Change::Removed).map(|(number, _)| number).collect()
    }

    pub(crate) fn find(&self, id: &TaskId) -> Option<(Number, &Record)> {
        let number = *self.by_id.get(id)?;
        self.record(number).map(|record| (number, record))
    }

    pub(crate) fn id_of_key(&self, key: &str) -> Option<&TaskId> {
        let number = self.by_key.get(key)?;
        self.record(*number).map(|record| &record.work.id)
    }

    /// Up to `max` tasks that can be lent at `now`, the one that waits longest first.
    pub(crate) fn lendable(
        &self,
        max: usize,
        now: Moment,
        except: &HashSet<Number>,
    ) -> Vec<(Number, &Record)> {
        let due = self.due.range(..=(now, Number::MAX)).map(|(_, number)| *number);
        let free = due.filter(|number| !except.contains(number));
        free.filter_map(|number| self.record(number).map(|record| (number, record)))
            .filter(|(_, record)| record.ends().is_none_or(|end| end > now))
            .take(max)
            .collect()
    }

    /// The tasks whose lease or time has ended by `now`, and nobody has written that down.
    pub(crate) fn ended(&self, now: Moment) -> Vec<(Number, &Record)> {
        let ended = self.ends.range(..=(now, Number::MAX));
        ended
            .filter_map(|(_, number)| self.record(*number).map(|record| (*number, record)))
            .collect()
    }
}
