//! The tasks of one session: those of its plugin, until it drains.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use oxg_manifest::PluginName;
use oxg_protocol::task::{
    CompleteRequest, Deliveries, Enqueued, ExtendRequest, Extension, FailRequest, LeaseRequest,
    NewTask, ReleaseRequest,
};
use oxg_protocol::{ErrorCode, TaskId};
use tokio::sync::{oneshot, watch};
use tokio::time::sleep;

use super::lent::Lent;
use super::{Failure, Holder, TaskCounts, TaskError, TaskStore, TaskView};
use crate::error::{BrokerError, Refusal, refuse};

/// The tasks of one session.
#[derive(Debug)]
pub(crate) struct Tasks {
    store: Arc<dyn TaskStore>,
    plugin: PluginName,
    draining: watch::Sender<bool>,
}

impl Tasks {
    pub(crate) fn new(store: Arc<dyn TaskStore>, plugin: PluginName) -> Self {
        Self { store, plugin, draining: watch::Sender::new(false) }
    }

    pub(crate) async fn enqueue(&self, task: NewTask) -> Result<Enqueued, BrokerError> {
        if self.is_draining() {
            return Err(BrokerError::Stopped);
        }
        Ok(self.store.enqueue(&self.plugin, task).await?)
    }

    /// Waits up to the asked time for the first task, then lends what is due.
    pub(crate) async fn lease(&self, request: LeaseRequest) -> Result<Lent, Refusal> {
        if !(1..=LeaseRequest::MAX).contains(&request.max) {
            let detail = format!("`max` is 1 to {}", LeaseRequest::MAX);
            return Err(refuse(ErrorCode::InvalidRequest, detail));
        }
        let mut wait = pin!(sleep(Duration::from_millis(request.wait_ms)));
        let mut changes = self.store.changes(&self.plugin);
        let mut draining = self.draining.subscribe();
        loop {
            if *draining.borrow_and_update() {
                return Ok(self.lent(Deliveries::new(Vec::new(), true)));
            }
            changes.mark_seen();
            let lent = self.lease_now(request).await?;
            if !lent.deliveries().is_empty() {
                return Ok(lent);
            }
            tokio::select! {
                () = changes.changed() => {}
                _ = draining.changed() => {}
                () = &mut wait => return Ok(lent),
            }
        }
    }

    /// In a task of its own: if the caller goes away meanwhile, what was lent is given back.
    async fn lease_now(&self, request: LeaseRequest) -> Result<Lent, TaskError> {
        let (sender, receiver) = oneshot::channel();
        let (store, plugin) = (self.store.clone(), self.plugin.clone());
        tokio::spawn(async move {
            let lease = Duration::from_millis(request.lease_ms);
            let result = store.lease(&plugin, request.max, lease).await;
            let lent = result.map(|deliveries| {
                Lent::new(store.clone(), plugin, Deliveries::new(deliveries, false))
            });
            // Dropped where nobody takes it.
            let _ = sender.send(lent);
        });
        receiver.await.map_err(|_| TaskError::Store("it is closed".to_owned()))?
    }

    pub(crate) async fn extend(
        &self,
        id: &TaskId,
        request: ExtendRequest,
    ) -> Result<Extension, Refusal> {
        let lease = Duration::from_millis(request.lease_ms);
        let holder = Holder { task: id.clone(), token: request.lease_token };
        let extension = self.store.extend(&self.plugin, holder, lease).await?;
        Ok(Extension { draining: self.is_draining(), ..extension })
    }

    pub(crate) async fn complete(
        &self,
        id: &TaskId,
        request: CompleteRequest,
    ) -> Result<(), Refusal> {
        let holder = Holder { task: id.clone(), token: request.lease_token };
        Ok(self.store.complete(&self.plugin, holder, request.output).await?)
    }

    pub(crate) async fn fail(&self, id: &TaskId, request: FailRequest) -> Result<(), Refusal> {
        let holder = Holder { task: id.clone(), token: request.lease_token };
        let failure = Failure {
            reason: request.reason,
            retryable: request.retryable,
            retry_after: Duration::from_millis(request.retry_after_ms.unwrap_or(0)),
        };
        Ok(self.store.fail(&self.plugin, holder, failure).await?)
    }

    pub(crate) async fn release(
        &self,
        id: &TaskId,
        request: ReleaseRequest,
    ) -> Result<(), Refusal> {
        let holder = Holder { task: id.clone(), token: request.lease_token };
        Ok(self.store.release(&self.plugin, holder).await?)
    }

    pub(crate) async fn cancel(&self, id: &TaskId) -> Result<(), BrokerError> {
        Ok(self.store.cancel(&self.plugin, id.clone()).await?)
    }

    pub(crate) fn views(&self) -> Vec<TaskView> {
        self.store.views(&self.plugin)
    }

    pub(crate) fn counts(&self) -> TaskCounts {
        self.store.counts(&self.plugin)
    }

    /// Lends nothing any more and tells every holder so.
    pub(crate) fn drain(&self) {
        self.draining.send_replace(true);
    }

    pub(crate) fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    /// Waits until every task that was enqueued is settled.
    pub(crate) async fn settled(&self) {
        let mut changes = self.store.changes(&self.plugin);
        loop {
            changes.mark_seen();
            // Where it cannot write, the counts stay as they were; so it is waited for.
            let settled = self.store.settle(&self.plugin).await;
            if settled.is_ok() && self.counts().open() == 0 {
                return;
            }
            if settled.is_err() {
                sleep(Duration::from_secs(1)).await;
                continue;
            }
            changes.changed().await;
        }
    }

    fn lent(&self, deliveries: Deliveries) -> Lent {
        Lent::new(self.store.clone(), self.plugin.clone(), deliveries)
    }
}
