//! What the host sees of tasks.

use oxg_protocol::TaskId;
use serde_json::Value;

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
    /// What kind of work it is.
    pub kind: String,
    /// Its input.
    pub input: Value,
    /// What became of it.
    pub state: TaskState,
    /// How many attempts counted.
    pub attempts: u32,
    /// How each attempt that failed ended, the oldest first; the last 100 of them.
    pub history: Vec<String>,
}

/// How many tasks of a plugin are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskCounts {
    /// Waiting for a holder.
    pub queued: usize,
    /// Held by one.
    pub leased: usize,
    /// Done, and still remembered.
    pub completed: usize,
    /// Given up, and still remembered.
    pub dead_lettered: usize,
}

impl TaskCounts {
    /// Tasks to which something will still happen.
    #[must_use]
    pub fn open(&self) -> usize {
        self.queued + self.leased
    }
}
