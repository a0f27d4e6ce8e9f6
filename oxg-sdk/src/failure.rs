use std::error::Error;
use std::fmt;
use std::time::Duration;

use http::StatusCode;
use oxg_protocol::{ErrorCode, Problem};

use crate::channel::{BodyError, ChannelError, TokenError};
use crate::clients::FindingError;
use crate::clients::http::HttpError;

/// What hooks and most calls of the SDK return.
pub type Result<T = (), E = Failure> = std::result::Result<T, E>;

/// Why a hook failed, and whether another attempt can help.
///
/// Any error becomes one with `?`. Its message is the error with all its sources. Errors of the SDK
/// know whether they pass:
///
/// - *tried again*: a broker or target out of reach, a deadline, a busy or stopping broker;
/// - *not*: a denial, a bad request, a limit, input that cannot be read.
///
/// `Elapsed` of tokio's `timeout` and of tower's is tried again. Any other error is not: whoever wants
/// another attempt says so with [`Failure::retryable`].
///
/// It does not implement [`Error`] itself; that is what lets every error become one.
pub struct Failure {
    message: String,
    retryable: bool,
    retry_after: Option<Duration>,
}

impl Failure {
    /// Another attempt cannot help.
    #[must_use]
    pub fn permanent(message: impl Into<String>) -> Self {
        Self { message: message.into(), retryable: false, retry_after: None }
    }

    /// Another attempt may help.
    #[must_use]
    pub fn retryable(message: impl Into<String>) -> Self {
        Self { retryable: true, ..Self::permanent(message) }
    }

    /// Another attempt may help, no earlier than `delay` from now.
    #[must_use]
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.retryable = true;
        self.retry_after = Some(delay);
        self
    }

    /// Whether another attempt may help.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.retryable
    }

    /// The least time until the next attempt.
    #[must_use]
    pub fn delay(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("message", &self.message)
            .field("retryable", &self.retryable)
            .field("retry_after", &self.retry_after)
            .finish()
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        let verdict = sources(&error).find_map(judge).unwrap_or(Verdict::FINAL);
        Self { message: chain(&error), retryable: verdict.retryable, retry_after: verdict.after }
    }
}

/// The error and everything behind it, joined by `: `. A source that its parent has quoted already
/// is left out.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    for part in sources(error).map(ToString::to_string) {
        if text.is_empty() {
            text = part;
        } else if !text.ends_with(&part) {
            text.push_str(": ");
            text.push_str(&part);
        }
    }
    text
}

fn sources<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    // A chain of sources that never ends would be somebody's bug, not a reason to hang.
    std::iter::successors(Some(error), |&error| error.source()).take(32)
}

struct Verdict {
    retryable: bool,
    after: Option<Duration>,
}

impl Verdict {
    const FINAL: Self = Self { retryable: false, after: None };
    const PASSING: Self = Self { retryable: true, after: None };
}

/// What the SDK knows about an error; `None` where its sources decide.
fn judge(error: &(dyn Error + 'static)) -> Option<Verdict> {
    if let Some(error) = error.downcast_ref::<ChannelError>() {
        return judge_channel(error);
    }
    if let Some(error) = error.downcast_ref::<HttpError>() {
        return match error {
            HttpError::Deadline(_) | HttpError::Unreachable(_) => Some(Verdict::PASSING),
            HttpError::RateLimited(problem) => Some(judge_problem(problem)),
            HttpError::Status { status, .. } => Some(judge_status(*status)),
            HttpError::BrokerUnavailable(_)
            | HttpError::Broker(_)
            | HttpError::Body(_)
            | HttpError::Layer(_) => None,
            _ => Some(Verdict::FINAL),
        };
    }
    if let Some(FindingError::Rejected { problem, .. }) = error.downcast_ref() {
        return Some(judge_problem(problem));
    }
    if let Some(error) = error.downcast_ref::<BodyError>() {
        return match error {
            BodyError::TooLarge { .. } => Some(Verdict::FINAL),
            BodyError::Source(_) => None,
            _ => Some(Verdict::PASSING),
        };
    }
    let elapsed =
        error.is::<tokio::time::error::Elapsed>() || error.is::<tower::timeout::error::Elapsed>();
    elapsed.then_some(Verdict::PASSING)
}

fn judge_channel(error: &ChannelError) -> Option<Verdict> {
    match error {
        ChannelError::Connect { .. } | ChannelError::Lost(_) | ChannelError::Deadline(_) => {
            Some(Verdict::PASSING)
        }
        ChannelError::Broker(problem) => Some(judge_problem(problem)),
        // The launcher may just be writing a new one.
        ChannelError::Token(TokenError::Read { .. }) => Some(Verdict::PASSING),
        ChannelError::Body(_) | ChannelError::Layer(_) => None,
        _ => Some(Verdict::FINAL),
    }
}

/// A target that is busy or broken for now may answer later.
fn judge_status(status: StatusCode) -> Verdict {
    let passes = matches!(status.as_u16(), 408 | 425 | 429 | 500 | 502..=504);
    if passes { Verdict::PASSING } else { Verdict::FINAL }
}

fn judge_problem(problem: &Problem) -> Verdict {
    let code = problem.code();
    let passes = code.is_transient()
        || matches!(
            code,
            ErrorCode::DeadlineExceeded
                | ErrorCode::UpstreamUnreachable
                | ErrorCode::Draining
                | ErrorCode::Internal
                | ErrorCode::Unauthenticated
                | ErrorCode::TokenExpired
        );
    Verdict {
        retryable: passes,
        after: problem.retry_after_ms.filter(|_| passes).map(Duration::from_millis),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::ApiError;

    fn broker(code: ErrorCode) -> ChannelError {
        ChannelError::Broker(Box::new(Problem::new(code, "because")))
    }

    #[test]
    fn a_denial_is_never_tried_again() {
        for &code in ErrorCode::ALL.iter().filter(|code| code.is_denial()) {
            let direct = Failure::from(HttpError::from(broker(code)));
            assert!(!direct.is_retryable(), "{code}");
            assert!(!Failure::from(ApiError::from(broker(code))).is_retryable());
        }
    }

    #[test]
    fn passing_causes_are_tried_again() {
        let unreachable = HttpError::from(broker(ErrorCode::UpstreamUnreachable));
        assert!(Failure::from(unreachable).is_retryable());
        let deadline = ApiError::from(ChannelError::Deadline(Duration::from_secs(1)));
        assert!(Failure::from(deadline).is_retryable());
        let mut problem = Problem::new(ErrorCode::RateLimited, "slowly");
        problem.retry_after_ms = Some(1500);
        let failure = Failure::from(ChannelError::Broker(Box::new(problem)));
        assert_eq!(failure.delay(), Some(Duration::from_millis(1500)));
    }

    #[test]
    fn an_unknown_error_is_final() {
        assert!(!Failure::from(std::io::Error::other("disk")).is_retryable());
    }

    #[test]
    fn the_message_has_every_source_once() {
        let refused = std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "refused");
        let error = ApiError::from(ChannelError::Connect {
            peer: "unix:/b.sock".to_owned(),
            source: refused,
        });
        assert_eq!(
            Failure::from(error).to_string(),
            "cannot reach the broker at unix:/b.sock; is it running?: refused"
        );
    }
}
