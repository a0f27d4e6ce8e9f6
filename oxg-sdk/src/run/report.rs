use std::time::Duration;

use oxg_protocol::task::Delivery;
use oxg_redact::Redactor;

use crate::Failure;
use crate::clients::{TaskError, TasksClient};
use crate::outcome::Outcome;

/// The longest reason of a failure, in bytes.
const MAX_REASON: usize = 2048;

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
        match self.tasks.complete(task_id, lease_token, output).await {
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
        let reason = self.reason(&failure.to_string());
        let retryable = failure.is_retryable();
        tracing::warn!(retryable, "task failed: {reason}");
        let Delivery { task_id, lease_token, .. } = self.delivery;
        let told = self.tasks.fail(task_id, lease_token, retryable, failure.delay(), &reason).await;
        match told {
            Ok(()) => Ended::Failed,
            Err(error) => lost(&error, "failed"),
        }
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

fn lost(error: &TaskError, how: &str) -> Ended {
    let error: &(dyn std::error::Error + 'static) = error;
    tracing::warn!(error, "cannot report the task as {how}");
    Ended::Lost
}
