use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use oxg_protocol::ErrorCode;
use oxg_protocol::task::Delivery;
use oxg_redact::Redactor;
use tokio::time::{Instant, sleep_until};

use super::heartbeat::LeaseEnd;
use crate::Failure;
use crate::clients::{ApiError, TaskError, TasksClient};
use crate::outcome::Outcome;
use crate::select::{Either, first};
use crate::signal::Signal;

/// The longest reason of a failure, in bytes.
const MAX_REASON: usize = 2048;

/// The pause before the broker is told once more; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const MAX_PAUSE: Duration = Duration::from_secs(3);

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Completed,
    Failed,
    Released,
    Lost,
}

/// Tells the broker how a delivery ended.
pub(super) struct Report<'a> {
    pub(super) tasks: &'a TasksClient,
    pub(super) delivery: &'a Delivery,
    pub(super) redactor: &'a Redactor,
    /// The end of the lease: until then a broker that is starting anew is told again.
    pub(super) until: &'a LeaseEnd,
    /// Nobody waits for an answer any more.
    pub(super) abort: &'a Signal,
}

impl Report<'_> {
    pub(super) async fn outcome(&self, outcome: Outcome) -> Ended {
        let Delivery { task_id, lease_token, .. } = self.delivery;
        let output = match outcome {
            Outcome::RetryLater(delay) => {
                let later = Failure::retryable("the plugin asks for another attempt");
                return self.failure(&later.retry_after(delay)).await;
            }
            Outcome::Done(output) => output,
        };
        let output = output.map(|mut output| {
            self.redactor.redact_json(&mut output);
            output
        });
        let complete = || self.tasks.complete(task_id, lease_token, output.clone());
        match self.persist(complete).await {
            Ok(()) => {
                tracing::info!("task completed");
                Ended::Completed
            }
            // The broker does not take the result: that is final, and the reason must not get lost.
            Err(TaskError::Api(error)) if error.problem().is_some() => {
                self.failure(&Failure::from(error)).await
            }
            Err(error) => lost(&error, "completed"),
        }
    }

    pub(super) async fn failure(&self, failure: &Failure) -> Ended {
        match self.fail(failure).await {
            Ok(()) => Ended::Failed,
            Err(error) => lost(&error, "failed"),
        }
    }

    /// The task's own deadline passed. The broker ends the task there by itself, and may have done so
    /// a moment ago.
    pub(super) async fn deadline(&self) -> Ended {
        match self.fail(&Failure::permanent("the deadline of the task passed")).await {
            Ok(()) | Err(TaskError::LeaseLost(_)) => Ended::Failed,
            Err(error) => lost(&error, "failed"),
        }
    }

    async fn fail(&self, failure: &Failure) -> Result<(), TaskError> {
        let reason = self.reason(&failure.to_string());
        let retryable = failure.is_retryable();
        tracing::warn!(retryable, "task failed: {reason}");
        let Delivery { task_id, lease_token, .. } = self.delivery;
        let fail = || self.tasks.fail(task_id, lease_token, retryable, failure.delay(), &reason);
        self.persist(fail).await
    }

    pub(super) async fn release(&self, within: Duration) -> Ended {
        let Delivery { task_id, lease_token, .. } = self.delivery;
        let released = self.tasks.release(task_id, lease_token);
        match tokio::time::timeout(within, released).await {
            Ok(Ok(())) => {
                tracing::info!("task released");
                Ended::Released
            }
            Ok(Err(error)) => lost(&error, "released"),
            Err(_) => {
                tracing::warn!("the broker does not take the task back in time");
                Ended::Lost
            }
        }
    }

    /// Tells the broker until it hears, or the lease has ended: what was done must not be done again
    /// only because the broker was away for a moment. Each word is idempotent.
    async fn persist<F>(&self, mut tell: impl FnMut() -> F) -> Result<(), TaskError>
    where
        F: Future<Output = Result<(), TaskError>>,
    {
        let mut pause = FIRST_PAUSE;
        loop {
            let error = match tell().await {
                Err(TaskError::Api(error)) if passes(&error) => error,
                told => return told,
            };
            let again = Instant::now() + pause;
            if again >= self.until.get() || self.abort.is_fired() {
                return Err(error.into());
            }
            tracing::warn!(error = %error, "the broker does not hear of the end of the task yet");
            if let Either::Second(()) = first(sleep_until(again), pin!(self.abort.fired())).await {
                return Err(error.into());
            }
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }

    fn reason(&self, text: &str) -> String {
        let mut reason = self.redactor.redact(text).into_owned();
        if reason.len() > MAX_REASON {
            let end =
                (0..=MAX_REASON).rev().find(|&at| reason.is_char_boundary(at)).unwrap_or_default();
            reason.truncate(end);
            reason.push('…');
        }
        reason
    }
}

/// Whether the broker may take the same word a moment later.
fn passes(error: &ApiError) -> bool {
    error.is_unreachable() || error.code() == Some(ErrorCode::Unavailable)
}

fn lost(error: &TaskError, how: &str) -> Ended {
    let error: &(dyn std::error::Error + 'static) = error;
    tracing::warn!(error, "cannot report the task as {how}");
    Ended::Lost
}
