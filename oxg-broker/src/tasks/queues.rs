//! What the stores that keep their queues in memory have in common.

use std::time::Duration;

use oxg_manifest::PluginName;
use oxg_protocol::task::{Delivery, Enqueued, Extension, NewTask};
use oxg_protocol::{LeaseToken, TaskId};
use serde_json::Value;

use super::clock::Moment;
use super::plugins::Plugins;
use super::queue::Queue;
use super::{Changes, Failure, Holder, Storing, TaskCounts, TaskError, TaskStore, TaskView};
use crate::random;

/// A store that changes a [`Queue`] and answers once that is safe.
pub(crate) trait Queues: std::fmt::Debug + Send + Sync + 'static {
    fn change<'a, T: Send + 'static>(
        &'a self,
        plugin: &'a PluginName,
        change: impl FnOnce(&mut Queue, Moment) -> Result<T, TaskError> + Send + 'static,
    ) -> Storing<'a, T>;

    fn plugins(&self) -> &Plugins;
}

impl<Q: Queues> TaskStore for Q {
    fn enqueue<'a>(&'a self, plugin: &'a PluginName, task: NewTask) -> Storing<'a, Enqueued> {
        self.change(plugin, |queue, now| {
            let id = random::hex::<8>().ok().and_then(|id| format!("t-{id}").parse().ok());
            queue.enqueue(task, id.ok_or(TaskError::Random)?, now)
        })
    }

    fn lease<'a>(
        &'a self,
        plugin: &'a PluginName,
        max: u32,
        lease: Duration,
    ) -> Storing<'a, Vec<Delivery>> {
        self.change(plugin, move |queue, now| {
            let mut deliveries = Vec::new();
            for _ in 0..max {
                let token = match token() {
                    Ok(token) => token,
                    Err(error) if deliveries.is_empty() => return Err(error),
                    Err(_) => break,
                };
                let Some(delivery) = queue.lease(token, lease, now) else { break };
                deliveries.push(delivery);
            }
            Ok(deliveries)
        })
    }

    fn extend<'a>(
        &'a self,
        plugin: &'a PluginName,
        holder: Holder,
        lease: Duration,
    ) -> Storing<'a, Extension> {
        self.change(plugin, move |queue, now| queue.extend(&holder, lease, now))
    }

    fn complete<'a>(
        &'a self,
        plugin: &'a PluginName,
        holder: Holder,
        output: Option<Value>,
    ) -> Storing<'a, ()> {
        self.change(plugin, move |queue, now| queue.complete(&holder, output, now))
    }

    fn fail<'a>(
        &'a self,
        plugin: &'a PluginName,
        holder: Holder,
        failure: Failure,
    ) -> Storing<'a, ()> {
        self.change(plugin, move |queue, now| queue.fail(&holder, failure, now))
    }

    fn release<'a>(&'a self, plugin: &'a PluginName, holder: Holder) -> Storing<'a, ()> {
        self.change(plugin, move |queue, now| queue.release(&holder, now))
    }

    fn cancel<'a>(&'a self, plugin: &'a PluginName, task: TaskId) -> Storing<'a, ()> {
        self.change(plugin, move |queue, _| {
            queue.cancel(&task);
            Ok(())
        })
    }

    fn settle<'a>(&'a self, plugin: &'a PluginName) -> Storing<'a, ()> {
        self.change(plugin, |queue, now| {
            queue.settle(now);
            Ok(())
        })
    }

    fn views(&self, plugin: &PluginName) -> Vec<TaskView> {
        self.plugins().views(plugin)
    }

    fn counts(&self, plugin: &PluginName) -> TaskCounts {
        self.plugins().counts(plugin)
    }

    fn changes(&self, plugin: &PluginName) -> Changes {
        self.plugins().changes(plugin)
    }
}

/// A token that no delivery ever had.
pub(crate) fn token() -> Result<LeaseToken, TaskError> {
    let text = random::hex::<16>().map_err(|_| TaskError::Random)?;
    text.parse().map_err(|_| TaskError::Random)
}
