use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use oxg_protocol::{LeaseToken, TaskId};
use tokio::time::{Instant, sleep, timeout_at};

use crate::clients::{TaskError, TasksClient};
use crate::signal::Signal;

/// When a lease ends; it outlives the heart that moves it.
pub(super) struct LeaseEnd(Mutex<Instant>);

impl LeaseEnd {
    pub(super) fn new(end: Instant) -> Self {
        Self(Mutex::new(end))
    }

    pub(super) fn get(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, end: Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = end;
    }
}

/// One delivery's lease, kept alive.
pub(super) struct Heartbeat<'a> {
    pub(super) tasks: TasksClient,
    pub(super) task: &'a TaskId,
    pub(super) token: &'a LeaseToken,
    /// How long each extension shall last.
    pub(super) lease: Duration,
    /// When the lease at hand ends.
    pub(super) expires: &'a LeaseEnd,
    /// Somebody asked to stop the task.
    pub(super) cancel: &'a Signal,
    /// The broker is stopping.
    pub(super) draining: &'a Signal,
}

impl Heartbeat<'_> {
    /// Extends the lease whenever a third of it has passed; ends when it is lost.
    pub(super) async fn beat(self) {
        loop {
            let left = self.expires.get().saturating_duration_since(Instant::now());
            if left.is_zero() {
                tracing::warn!("the lease ran out before the broker could be asked for more time");
                return;
            }
            // After a beat that failed this comes sooner and sooner, but never in a rush.
            sleep((left / 3).max(Duration::from_millis(50)).min(left)).await;
            let asked = Instant::now();
            let extend = self.tasks.extend(self.task, self.token, self.lease);
            let Ok(extended) = timeout_at(self.expires.get(), extend).await else { continue };
            match extended {
                Ok(extension) => {
                    let left = Duration::from_millis(extension.lease_expires_in_ms);
                    self.expires.set(asked + left);
                    if extension.cancel_requested {
                        self.cancel.fire();
                    }
                    if extension.draining {
                        self.draining.fire();
                    }
                }
                Err(TaskError::LeaseLost(_)) => return,
                Err(error) => tracing::debug!(error = %error, "cannot extend the lease yet"),
            }
        }
    }
}
