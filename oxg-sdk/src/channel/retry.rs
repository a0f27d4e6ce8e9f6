use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Method, Request, Response, StatusCode};
use oxg_protocol::{ErrorCode, Problem};
use tokio::time::{Instant, sleep};
use tower::Service;

use super::budget::Budget;
use super::call::{CallOptions, Expires};
use super::retry_after::retry_after;
use super::{Body, ChannelError, ChannelFuture, RetryPolicy, oneshot};

/// The pause before the first retry; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Makes a call again that may be made twice and that failed for a passing cause.
///
/// Never after a denial, never past the call's deadline, and never more often than the channel's
/// [`Budget`] has.
#[derive(Clone)]
pub(super) struct Retry<S> {
    pub(super) inner: S,
    pub(super) most: u32,
    pub(super) budget: Arc<Budget>,
}

impl<S> Service<Request<Body>> for Retry<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = ChannelError>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = ChannelError;
    type Future = ChannelFuture;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), ChannelError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> ChannelFuture {
        let Self { inner, most, budget } = self.clone();
        Box::pin(async move {
            let policy = policy(&request);
            let most = policy.and_then(|policy| policy.most).unwrap_or(most);
            let repeatable = policy.is_some_and(|p| p.any_method) || is_idempotent(&request);
            let mind_busy = repeatable && policy.is_some_and(|policy| policy.when_busy);
            let expires = request.extensions().get().map(|&Expires(at)| at);
            let mut request = request;
            for retry in 0..=most {
                let spare = duplicate(&request);
                let result = oneshot(inner.clone(), request).await;
                let asked = match &result {
                    Ok(answer) if mind_busy && is_busy(answer) => retry_after(answer.headers()),
                    Ok(_) => {
                        budget.earn();
                        return result;
                    }
                    Err(error) if may_pass(error, repeatable) => asked_by_broker(error),
                    Err(_) => return result,
                };
                let Some(next) = spare.filter(|_| retry < most) else {
                    return result;
                };
                let pause = pause(retry, asked);
                let too_late =
                    expires.is_some_and(|at| at.saturating_duration_since(Instant::now()) <= pause);
                if too_late || !budget.take() {
                    return result;
                }
                tracing::debug!(retry = retry + 1, ?pause, "making the call again");
                drop(result);
                sleep(pause).await;
                request = next;
            }
            // The last round of the loop always returns.
            Err(ChannelError::Lost("out of retries".into()))
        })
    }
}

fn is_idempotent(request: &Request<Body>) -> bool {
    let stated = request.extensions().get::<CallOptions>().and_then(|options| options.idempotent);
    stated.unwrap_or_else(|| {
        matches!(
            *request.method(),
            Method::GET | Method::HEAD | Method::PUT | Method::DELETE | Method::OPTIONS
        )
    })
}

/// Whether the same call may succeed a moment later, and does no harm if it succeeded already.
fn may_pass(error: &ChannelError, idempotent: bool) -> bool {
    match error {
        ChannelError::Connect { .. } => true,
        ChannelError::Lost(_) => idempotent,
        ChannelError::Broker(problem) => idempotent && is_passing(problem),
        _ => false,
    }
}

/// A rate limit that names no time to come back is not one of a moment: a budget of the run is used
/// up.
fn is_passing(problem: &Problem) -> bool {
    let code = problem.code();
    code.is_transient() && (code != ErrorCode::RateLimited || problem.retry_after_ms.is_some())
}

/// The request once more, where its body can be sent twice.
fn duplicate(request: &Request<Body>) -> Option<Request<Body>> {
    let body = request.body().try_clone()?;
    let mut copy = Request::new(body);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    *copy.extensions_mut() = request.extensions().clone();
    Some(copy)
}

fn policy(request: &Request<Body>) -> Option<RetryPolicy> {
    request.extensions().get::<CallOptions>().and_then(|options| options.retry)
}

/// Whether a target says that it cannot answer now.
fn is_busy(answer: &Response<Body>) -> bool {
    matches!(answer.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
}

fn asked_by_broker(error: &ChannelError) -> Option<Duration> {
    error.problem().and_then(|problem| problem.retry_after_ms).map(Duration::from_millis)
}

/// What was asked for, and half to all of a pause that doubles on top of it: many that were told the
/// same do not come back at once.
fn pause(retry: u32, asked: Option<Duration>) -> Duration {
    let full = FIRST_PAUSE * 2_u32.saturating_pow(retry.min(16));
    let random = RandomState::new().build_hasher().finish();
    let jittered = full / 2 + (full / 2).mul_f64(random as f64 / u64::MAX as f64);
    asked.unwrap_or_default().saturating_add(jittered)
}
