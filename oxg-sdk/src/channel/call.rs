use std::sync::atomic::AtomicU64;
use std::time::Duration;

use oxg_protocol::{TaskId, TraceId};
use tokio::time::Instant;

use super::RetryPolicy;

/// What one call asks of the channel. Put it into the request's extensions.
///
/// ```
/// use std::time::Duration;
/// use oxg_sdk::channel::{Body, CallOptions};
///
/// let mut request = oxg_sdk::http::Request::get("/v1/session").body(Body::empty())?;
/// request
///     .extensions_mut()
///     .insert(CallOptions::new().deadline(Duration::from_secs(5)));
/// # Ok::<(), oxg_sdk::http::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct CallOptions {
    pub(super) deadline: Option<Duration>,
    pub(super) until: Option<Instant>,
    pub(super) idempotent: Option<bool>,
    pub(super) task: Option<TaskId>,
    pub(super) trace: Option<TraceId>,
    pub(super) retry: Option<RetryPolicy>,
    pub(super) unlimited: bool,
}

impl CallOptions {
    /// The channel's own deadline, and retries as the method allows them.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The time for the whole call, retries and the answer's body included. The broker caps it at
    /// 10 minutes.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// A point in time that the call must not pass, whatever its deadline: the end of a task, say.
    #[must_use]
    pub fn until(mut self, end: Option<Instant>) -> Self {
        self.until = end;
        self
    }

    /// As [`until`](Self::until), where an earlier end holds on.
    pub(crate) fn no_later_than(mut self, end: Instant) -> Self {
        self.until = Some(self.until.map_or(end, |until| until.min(end)));
        self
    }

    /// Whether the call may be made twice. Default: as RFC 9110, 9.2.2 has it for the method.
    #[must_use]
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = Some(idempotent);
        self
    }

    /// How often and when the call is made again. Default: the channel's own rule.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }

    /// The task on whose behalf the call is made; it goes into the audit.
    #[must_use]
    pub fn task(mut self, task: Option<TaskId>) -> Self {
        self.task = task;
        self
    }

    /// The trace that the call belongs to. Default: one of the channel.
    #[must_use]
    pub fn trace(mut self, trace: Option<TraceId>) -> Self {
        self.trace = trace;
        self
    }

    /// A call that does not wait for a place. For the run loop: a plugin that waits for many slow
    /// targets would lose its leases otherwise.
    pub(crate) fn unlimited(mut self) -> Self {
        self.unlimited = true;
        self
    }
}

/// One call on its way through the channel.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) options: CallOptions,
    /// The deadline that applies.
    pub(super) stated: Duration,
    /// When it passes.
    pub(super) expires: Instant,
    /// The version of the token that was sent last.
    pub(super) token: AtomicU64,
}
