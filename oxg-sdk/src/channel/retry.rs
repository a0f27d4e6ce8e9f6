use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::{HeaderMap, Method, Request, Response, StatusCode};
use oxg_protocol::{ErrorCode, Problem};
use oxg_redact::Redactor;
use tokio::time::{Instant, sleep};

use super::budget::Budget;
use super::call::Call;
use super::problem::Problems;
use super::retry_after::retry_after;
use super::stamp::FIELDS;
use super::{Body, ChannelError, TokenSource};

/// The pause before the first retry; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Makes a call again that may be made twice and that failed for a passing cause.
///
/// Never after a denial, never past the call's deadline, and never more often than the channel's
/// [`Budget`] has.
pub(super) struct Retry {
    pub(super) next: Problems,
    pub(super) most: u32,
    pub(super) budget: Budget,
    pub(super) token: TokenSource,
    pub(super) redactor: Redactor,
}

impl Retry {
    pub(super) async fn send(
        &self,
        call: &Call,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, ChannelError> {
        let policy = call.options.retry.unwrap_or_default();
        let most = policy.most.unwrap_or(self.most);
        let repeatable = policy.any_method || is_idempotent(call, request.method());
        let mind_busy = repeatable && policy.when_busy;
        let mut retries = 0;
        let mut renewed = false;
        loop {
            let spare = if retries < most || !renewed { duplicate(&mut request) } else { None };
            let result = self.next.send(call, request).await;
            let asked = match &result {
                Ok(answer) if mind_busy && is_busy(answer) => retry_after(answer.headers()),
                Err(error) if may_pass(error, repeatable) => asked_by_broker(error),
                // Nothing was done, so that any call may be made again.
                Err(error) if !renewed && is_unauthenticated(error) => {
                    let sent = call.token.load(Ordering::Relaxed);
                    match spare.filter(|_| self.token.is_newer_than(sent, &self.redactor)) {
                        Some(spare) => request = spare,
                        None => return result,
                    }
                    renewed = true;
                    continue;
                }
                Ok(_) => {
                    self.budget.earn();
                    return result;
                }
                Err(_) => return result,
            };
            let pause = pause(retries, asked);
            let left = call.expires.saturating_duration_since(Instant::now());
            match spare {
                Some(spare) if retries < most && left > pause && self.budget.take() => {
                    request = spare;
                }
                _ => return result,
            }
            retries += 1;
            tracing::debug!(retry = retries, ?pause, "making the call again");
            drop(result);
            sleep(pause).await;
        }
    }
}

fn is_idempotent(call: &Call, method: &Method) -> bool {
    call.options.idempotent.unwrap_or(matches!(
        *method,
        Method::GET | Method::HEAD | Method::PUT | Method::DELETE | Method::OPTIONS
    ))
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

fn is_unauthenticated(error: &ChannelError) -> bool {
    matches!(error.code(), Some(ErrorCode::Unauthenticated | ErrorCode::TokenExpired))
}

/// A rate limit that names no time to come back is not one of a moment: a budget of the run is used
/// up.
fn is_passing(problem: &Problem) -> bool {
    let code = problem.code();
    code.is_transient() && (code != ErrorCode::RateLimited || problem.retry_after_ms.is_some())
}

/// The request once more, where its body can be sent twice; `request` gets room for what every call
/// carries.
fn duplicate(request: &mut Request<Body>) -> Option<Request<Body>> {
    let body = request.body().try_clone()?;
    let mut copy = Request::new(body);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    if !request.extensions().is_empty() {
        *copy.extensions_mut() = request.extensions().clone();
    }
    let headers = request.headers_mut();
    let mut roomy = HeaderMap::with_capacity(headers.len() + FIELDS);
    roomy.extend(headers.iter().map(|(name, value)| (name.clone(), value.clone())));
    *copy.headers_mut() = std::mem::replace(headers, roomy);
    Some(copy)
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
