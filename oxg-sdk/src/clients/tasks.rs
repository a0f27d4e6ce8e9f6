use std::time::Duration;

use oxg_protocol::route::{self, TaskAction};
use oxg_protocol::task::{
    CompleteRequest, Deliveries, Enqueued, ExtendRequest, Extension, FailRequest, LeaseRequest,
    NewTask, ReleaseRequest,
};
use oxg_protocol::{ErrorCode, LeaseToken, TaskId};
use serde_json::Value;

use super::{Api, ApiError};
use crate::channel::CallOptions;

/// How much longer than its wait a long poll may take.
const POLL_MARGIN: Duration = Duration::from_secs(10);

/// Why a call about a task came to nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// The lease token is not the current one: the task belongs to another holder.
    #[error("the lease on task {0} is lost; another holder has the task")]
    LeaseLost(TaskId),
    /// The call failed.
    #[error("{0}")]
    Api(#[from] ApiError),
}

/// The task queue. The [run loop](crate::Runtime) uses it; a plugin rarely needs to.
#[derive(Debug, Clone)]
pub struct TasksClient {
    api: Api,
}

impl TasksClient {
    pub(crate) fn new(api: Api) -> Self {
        Self { api }
    }

    /// Adds a task to those of the plugin. With an `idempotency_key` the call may be made twice.
    ///
    /// # Errors
    /// [`ApiError`]; the code `rate_limited` where the queue is full.
    pub async fn enqueue(&self, task: &NewTask) -> Result<Enqueued, ApiError> {
        let options = self.api.options().idempotent(task.idempotency_key.is_some());
        self.api.post(route::TASKS, task, options).await
    }

    /// Leases up to `max` tasks; waits up to `wait` for the first.
    ///
    /// # Errors
    /// [`ApiError`]. The call is not made again by itself: an answer that got lost has leased tasks.
    pub async fn lease(
        &self,
        max: u32,
        wait: Duration,
        lease: Duration,
    ) -> Result<Deliveries, ApiError> {
        let request = LeaseRequest {
            max: max.clamp(1, LeaseRequest::MAX),
            wait_ms: millis(wait),
            lease_ms: millis(lease),
        };
        let options = self.options().deadline(wait.saturating_add(POLL_MARGIN));
        self.api.post(route::LEASE_TASKS, &request, options).await
    }

    /// Asks for `lease` more time from now on, and hears whether to stop.
    ///
    /// # Errors
    /// [`TaskError::LeaseLost`] where the token is stale; [`TaskError::Api`].
    pub async fn extend(
        &self,
        task: &TaskId,
        token: &LeaseToken,
        lease: Duration,
    ) -> Result<Extension, TaskError> {
        let request = ExtendRequest { lease_token: token.clone(), lease_ms: millis(lease) };
        let deadline = lease / 3 + Duration::from_millis(1);
        let options = self.options().idempotent(true).deadline(deadline);
        self.api
            .post(&route::task(task, TaskAction::Extend), &request, options)
            .await
            .map_err(|error| of(task, error))
    }

    /// Reports the task done. Idempotent for the same token.
    ///
    /// # Errors
    /// [`TaskError::LeaseLost`] where the token is stale; [`TaskError::Api`].
    pub async fn complete(
        &self,
        task: &TaskId,
        token: &LeaseToken,
        output: Option<Value>,
    ) -> Result<(), TaskError> {
        let request = CompleteRequest { lease_token: token.clone(), output };
        self.act(task, TaskAction::Complete, &request).await
    }

    /// Reports the task not done.
    ///
    /// # Errors
    /// [`TaskError::LeaseLost`] where the token is stale; [`TaskError::Api`].
    pub async fn fail(
        &self,
        task: &TaskId,
        token: &LeaseToken,
        retryable: bool,
        retry_after: Option<Duration>,
        reason: &str,
    ) -> Result<(), TaskError> {
        let request = FailRequest {
            lease_token: token.clone(),
            retryable,
            retry_after_ms: retry_after.map(millis),
            reason: reason.to_owned(),
        };
        self.act(task, TaskAction::Fail, &request).await
    }

    /// Gives the task back untouched; it does not count as an attempt.
    ///
    /// # Errors
    /// [`TaskError::LeaseLost`] where the token is stale; [`TaskError::Api`].
    pub async fn release(&self, task: &TaskId, token: &LeaseToken) -> Result<(), TaskError> {
        let request = ReleaseRequest { lease_token: token.clone() };
        self.act(task, TaskAction::Release, &request).await
    }

    fn options(&self) -> CallOptions {
        self.api.options().unlimited()
    }

    async fn act(
        &self,
        task: &TaskId,
        action: TaskAction,
        request: &impl serde::Serialize,
    ) -> Result<(), TaskError> {
        // The lease token fences the call, so that a second one does no harm.
        let options = self.options().idempotent(true);
        self.api
            .tell(&route::task(task, action), request, options)
            .await
            .map_err(|error| of(task, error))
    }
}

fn of(task: &TaskId, error: ApiError) -> TaskError {
    if error.code() == Some(ErrorCode::LeaseLost) {
        TaskError::LeaseLost(task.clone())
    } else {
        TaskError::Api(error)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
