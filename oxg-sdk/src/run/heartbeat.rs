use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use oxg_protocol::{LeaseToken, TaskId};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::Instrument;
use tracing::instrument::WithSubscriber;

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
pub(super) struct Heartbeat {
    pub(super) tasks: TasksClient,
    pub(super) task: TaskId,
    pub(super) token: LeaseToken,
    /// How long each extension shall last.
    pub(super) lease: Duration,
    /// When the lease at hand ends.
    pub(super) expires: Arc<LeaseEnd>,
    /// Somebody asked to stop the task.
    pub(super) cancel: Signal,
    /// The broker is stopping.
    pub(super) draining: Signal,
}

impl Heartbeat {
    /// Beats in a task of its own, so that a hook which computes keeps only its own thread busy.
    pub(super) fn start(self) -> Beating {
        let beat = self.beat().in_current_span().with_current_subscriber();
        Beating(tokio::spawn(beat))
    }

    /// Extends the lease whenever a third of it has passed; ends when it is lost.
    async fn beat(self) {
        loop {
            let left = self.expires.get().saturating_duration_since(Instant::now());
            if left.is_zero() {
                tracing::warn!("the lease ran out before the broker could be asked for more time");
                return;
            }
            // After a beat that failed this comes sooner and sooner, but never in a rush.
            sleep((left / 3).max(Duration::from_millis(50)).min(left)).await;
            let asked = Instant::now();
            let extend = self.tasks.extend(&self.task, &self.token, self.lease);
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

/// A heart that beats; ready once the lease is lost. It stops when this is dropped.
pub(super) struct Beating(JoinHandle<()>);

impl Future for Beating {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // A heart that broke down extends nothing any more.
        let _ = ready!(Pin::new(&mut self.0).poll(cx));
        Poll::Ready(())
    }
}

impl Drop for Beating {
    fn drop(&mut self) {
        self.0.abort();
    }
}
