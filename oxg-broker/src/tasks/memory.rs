//! Tasks that end with the process.

use std::future::ready;

use oxg_manifest::PluginName;

use super::clock::{Clock, Moment};
use super::plugins::Plugins;
use super::queue::Queue;
use super::queues::Queues;
use super::{Storing, TaskError};

/// Tasks in memory, under Tokio's clock: where a test pauses that, leases end without waiting.
#[derive(Debug)]
pub struct MemoryTasks(Plugins);

impl MemoryTasks {
    /// A store without tasks.
    #[must_use]
    pub fn new() -> Self {
        Self(Plugins::new(Clock::starting_at(Moment::default())))
    }
}

impl Default for MemoryTasks {
    fn default() -> Self {
        Self::new()
    }
}

impl Queues for MemoryTasks {
    fn change<'a, T: Send + 'static>(
        &'a self,
        plugin: &'a PluginName,
        change: impl FnOnce(&mut Queue, Moment) -> Result<T, TaskError> + Send + 'static,
    ) -> Storing<'a, T> {
        let plugin = self.0.get(plugin);
        let now = self.0.now();
        let mut queue = plugin.queue();
        let result = change(&mut queue, now);
        let changed = !queue.take_changes().is_empty();
        drop(queue);
        if changed {
            plugin.ring(now);
        }
        Box::pin(ready(result))
    }

    fn plugins(&self) -> &Plugins {
        &self.0
    }
}
