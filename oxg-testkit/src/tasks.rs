//! The tasks of one session, and who holds them: so that a test can take them away.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use oxg_broker::tasks::{
    Changes, Failure, Holder, MemoryTasks, Storing, TaskCounts, TaskError, TaskStore, TaskView,
};
use oxg_manifest::PluginName;
use oxg_protocol::TaskId;
use oxg_protocol::task::{Delivery, Enqueued, Extension, NewTask};
use serde_json::Value;

use crate::host::lock;

/// Tasks in memory that know their holders. A clone is the same store.
#[derive(Debug, Clone, Default)]
pub(crate) struct LentTasks(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    store: MemoryTasks,
    lent: Mutex<Vec<Holder>>,
}

impl LentTasks {
    /// Ends every lease as if its time were over: the attempt counts, and the task is lent anew.
    pub(crate) async fn lose_leases(&self, plugin: &PluginName) {
        let lent = std::mem::take(&mut *lock(&self.0.lent));
        for holder in lent {
            let failure = Failure {
                reason: "its lease was taken away by the test".to_owned(),
                retryable: true,
                retry_after: Duration::ZERO,
            };
            // One that is done or given back by now has no lease to lose.
            let _: Result<(), TaskError> = self.0.store.fail(plugin, holder, failure).await;
        }
    }
}

impl TaskStore for LentTasks {
    fn enqueue<'a>(&'a self, plugin: &'a PluginName, task: NewTask) -> Storing<'a, Enqueued> {
        self.0.store.enqueue(plugin, task)
    }

    fn lease<'a>(
        &'a self,
        plugin: &'a PluginName,
        max: u32,
        lease: Duration,
    ) -> Storing<'a, Vec<Delivery>> {
        Box::pin(async move {
            let deliveries = self.0.store.lease(plugin, max, lease).await?;
            let holders = deliveries.iter().map(|delivery| Holder {
                task: delivery.task_id.clone(),
                token: delivery.lease_token.clone(),
            });
            lock(&self.0.lent).extend(holders);
            Ok(deliveries)
        })
    }

    fn extend<'a>(
        &'a self,
        plugin: &'a PluginName,
        holder: Holder,
        lease: Duration,
    ) -> Storing<'a, Extension> {
        self.0.store.extend(plugin, holder, lease)
    }

    fn complete<'a>(
        &'a self,
        plugin: &'a PluginName,
        holder: Holder,
        output: Option<Value>,
    ) -> Storing<'a, ()> {
        self.0.store.complete(plugin, holder, output)
    }

    fn fail<'a>(
        &'a self,
        plugin: &'a PluginName,
        holder: Holder,
        failure: Failure,
    ) -> Storing<'a, ()> {
        self.0.store.fail(plugin, holder, failure)
    }

    fn release<'a>(&'a self, plugin: &'a PluginName, holder: Holder) -> Storing<'a, ()> {
        self.0.store.release(plugin, holder)
    }

    fn cancel<'a>(&'a self, plugin: &'a PluginName, task: TaskId) -> Storing<'a, ()> {
        self.0.store.cancel(plugin, task)
    }

    fn settle<'a>(&'a self, plugin: &'a PluginName) -> Storing<'a, ()> {
        self.0.store.settle(plugin)
    }

    fn views(&self, plugin: &PluginName) -> Vec<TaskView> {
        self.0.store.views(plugin)
    }

    fn counts(&self, plugin: &PluginName) -> TaskCounts {
        self.0.store.counts(plugin)
    }

    fn changes(&self, plugin: &PluginName) -> Changes {
        self.0.store.changes(plugin)
    }
}
