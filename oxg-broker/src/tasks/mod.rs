//! Tasks: work that is enqueued, and leased to a plugin for a time.
//!
//! | where | what |
//! |---|---|
//! | [`TaskStore`] | what a store of tasks promises, whatever holds it |
//! | [`MemoryTasks`] | tasks that end with the process; under Tokio's clock, so that tests need no sleep |
//! | [`DurableTasks`] | tasks that survive it: no answer leaves before it is on disk |
//! | `NatsTasks` | tasks that many brokers share, in NATS JetStream; feature `nats` |
//! | [`TaskView`], [`TaskCounts`] | what an operator sees |
//!
//! The rules are in one place for every store: a task's in `record`, those among the tasks of a
//! plugin in `queue`. Both are pure: they are told the time and do no I/O.

mod changes;
mod clock;
mod durable;
mod lent;
mod memory;
#[cfg(test)]
mod model;
#[cfg(feature = "nats")]
mod nats;
mod plugins;
mod queue;
mod queues;
mod record;
mod session;
mod store;
#[cfg(test)]
mod tests;
mod view;

pub use changes::Changes;
pub use durable::DurableTasks;
pub use memory::MemoryTasks;
#[cfg(feature = "nats")]
pub use nats::NatsTasks;
pub use store::{Failure, Holder, Storing, TaskError, TaskStore};
pub use view::{TaskCounts, TaskState, TaskView};

pub(crate) use session::Tasks;
