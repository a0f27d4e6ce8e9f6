//! Tasks: work that the host enqueues and a plugin leases. In memory, for the life of a session.

mod queue;
#[cfg(test)]
mod tests;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use oxg_protocol::task::{
    CompleteRequest, Deliveries, Enqueued, ExtendRequest, Extension, FailRequest, LeaseRequest,
    NewTask, ReleaseRequest,
};
use oxg_protocol::{ErrorCode, TaskId};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use queue::{Failure, Queue};
pub use queue::{TaskState, TaskView};

use crate::error::{BrokerError, Refusal, refuse};
use crate::random;

/// The tasks of one session.
#[derive(Debug)]
pub(crate) struct Tasks {
    queue: Mutex<Queue>,
    /// Steps whenever the queue changed.
    changes: watch::Sender<u64>,
    draining: watch::Sender<bool>,
}

impl Tasks {
    pub(crate) fn new() -> Self {
        Self {
            queue: Mutex::default(),
            changes: watch::Sender::new(0),
            draining: watch::Sender::new(false),
        }
    }

    pub(crate) fn enqueue(&self, task: NewTask) -> Result<Enqueued, BrokerError> {
        if *self.draining.borrow() {
            return Err(BrokerError::Stopped);
        }
        let id = format!("t-{}", random::hex::<8>()?);
        let id = id.parse().map_err(|_| BrokerError::Random(id))?;
        let enqueued = self.lock().enqueue(task, id, Instant::now());
        self.changed();
        Ok(enqueued)
    }

    /// Waits up to the asked time for the first task, then lends what is due.
    pub(crate) async fn lease(&self, request: LeaseRequest) -> Result<Deliveries, Refusal> {
        if !(1..=LeaseRequest::MAX).contains(&request.max) {
            let detail = format!("`max` is 1 to {}", LeaseRequest::MAX);
            return Err(refuse(ErrorCode::InvalidRequest, detail));
        }
        let wait = Duration::from_millis(request.wait_ms);
        let waited = timeout(wait, self.lease_when_due(request)).await;
        waited.unwrap_or_else(|_| Ok(Deliveries::new(Vec::new(), *self.draining.borrow())))
    }

    async fn lease_when_due(&self, request: LeaseRequest) -> Result<Deliveries, Refusal> {
        let mut changes = self.changes.subscribe();
        let mut draining = self.draining.subscribe();
        loop {
            if *draining.borrow_and_update() {
                return Ok(Deliveries::new(Vec::new(), true));
            }
            changes.mark_unchanged();
            let deliveries = self.lease_now(request)?;
            if !deliveries.is_empty() {
                return Ok(Deliveries::new(deliveries, false));
            }
            tokio::select! {
                _ = changes.changed() => {}
                _ = draining.changed() => {}
                () = self.next_event() => {}
            }
        }
    }

    fn lease_now(
        &self,
        request: LeaseRequest,
    ) -> Result<Vec<oxg_protocol::task::Delivery>, Refusal> {
        let lease = Duration::from_millis(request.lease_ms);
        let mut deliveries = Vec::new();
        while deliveries.len() < request.max as usize {
            let token = random::hex::<16>().ok().and_then(|text| text.parse().ok());
            let token = token.ok_or_else(|| refuse(ErrorCode::Internal, "no random bytes"))?;
            match self.lock().lease(token, lease, Instant::now()) {
                Some(delivery) => deliveries.push(delivery),
                None => break,
            }
        }
        if !deliveries.is_empty() {
            // Whoever waits for the queue to settle must know when these leases end.
            self.changed();
        }
        Ok(deliveries)
    }

    /// Ends when the queue has something to do by itself; never, if it has not.
    async fn next_event(&self) {
        let next = self.lock().next_event(Instant::now());
        match next {
            Some(time) => sleep_until(time).await,
            None => std::future::pending().await,
        }
    }

    pub(crate) fn extend(
        &self,
        id: &TaskId,
        request: &ExtendRequest,
    ) -> Result<Extension, Refusal> {
        let lease = Duration::from_millis(request.lease_ms);
        let extension = self.lock().extend(id, &request.lease_token, lease, Instant::now())?;
        Ok(Extension { draining: *self.draining.borrow(), ..extension })
    }

    pub(crate) fn complete(&self, id: &TaskId, request: CompleteRequest) -> Result<(), Refusal> {
        self.change(|queue, now| queue.complete(id, &request.lease_token, request.output, now))
    }

    pub(crate) fn fail(&self, id: &TaskId, request: FailRequest) -> Result<(), Refusal> {
        let failure = Failure {
            reason: request.reason,
            retryable: request.retryable,
            retry_after: Duration::from_millis(request.retry_after_ms.unwrap_or(0)),
        };
        self.change(|queue, now| queue.fail(id, &request.lease_token, failure, now))
    }

    pub(crate) fn release(&self, id: &TaskId, request: &ReleaseRequest) -> Result<(), Refusal> {
        self.change(|queue, now| queue.release(id, &request.lease_token, now))
    }

    pub(crate) fn cancel(&self, id: &TaskId) {
        self.lock().cancel(id);
    }

    pub(crate) fn views(&self) -> Vec<TaskView> {
        let mut queue = self.lock();
        queue.settle(Instant::now());
        queue.views().cloned().collect()
    }

    /// Lends nothing any more and tells every holder so.
    pub(crate) fn drain(&self) {
        self.draining.send_replace(true);
    }

    /// Waits until every task that was enqueued is settled.
    pub(crate) async fn settled(&self) {
        let mut changes = self.changes.subscribe();
        loop {
            changes.mark_unchanged();
            if self.views().iter().all(|view| view.state.is_settled()) {
                return;
            }
            tokio::select! {
                _ = changes.changed() => {}
                () = self.next_event() => {}
            }
        }
    }

    fn change<T>(
        &self,
        change: impl FnOnce(&mut Queue, Instant) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let result = change(&mut self.lock(), Instant::now());
        self.changed();
        result
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        // Each change is one assignment deep; a panic in between leaves nothing half done.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
