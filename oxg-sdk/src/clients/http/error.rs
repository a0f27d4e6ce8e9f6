use std::time::Duration;

use http::StatusCode;
use oxg_protocol::url::UrlError;
use oxg_protocol::{ErrorCode, Problem, Url};

use super::{InvalidRequest, RedirectError};
use crate::channel::{BodyError, BoxError, ChannelError};

/// Why a request got no answer of its target. A target's own 4xx or 5xx is an answer, not an error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The manifest, or the broker's address policy, does not allow the request. The problem names
    /// destination and capability, and the line of `manifest.json` to add where one would help.
    #[error("the broker denied the request: {}", describe(.0))]
    Denied(Box<Problem>),
    /// The URL is not one that the broker can be asked for.
    #[error("cannot request the URL")]
    InvalidUrl(#[from] UrlError),
    /// The request cannot be put together, or the broker finds it malformed.
    #[error("cannot make the request")]
    InvalidRequest(#[from] InvalidRequest),
    /// Too many requests; the problem's `retry_after_ms` says when to come back.
    #[error("the broker's rate limit is reached: {}", describe(.0))]
    RateLimited(Box<Problem>),
    /// The broker is out of reach.
    #[error("{0}")]
    BrokerUnavailable(#[source] ChannelError),
    /// The deadline passed before the target answered.
    #[error("the target did not answer within the deadline{}", seconds(.0))]
    Deadline(Option<Duration>),
    /// The target cannot be resolved or dialled.
    #[error("the target is unreachable: {}", describe(.0))]
    Unreachable(Box<Problem>),
    /// The TLS handshake with the target failed.
    #[error("TLS with the target failed: {}", describe(.0))]
    Tls(Box<Problem>),
    /// The target does not speak HTTP properly.
    #[error("the target broke the protocol: {}", describe(.0))]
    Protocol(Box<Problem>),
    /// The body is longer than the plugin wants.
    #[error(
        "the body is longer than {limit} bytes; raise the limit with max_bytes, or stream it with chunk"
    )]
    TooLarge {
        /// What the plugin wants, in bytes.
        limit: usize,
    },
    /// A limit of the broker on the size of request or answer was passed.
    #[error("the broker's size limit is reached: {}", describe(.0))]
    BrokerLimit(Box<Problem>),
    /// A redirect was not followed although it should have been.
    #[error(transparent)]
    Redirect(#[from] RedirectError),
    /// A compressed body is malformed, or becomes too long.
    #[cfg(feature = "decompression")]
    #[error(transparent)]
    Decompression(#[from] super::DecompressionError),
    /// The answer's status is not one of success. Only
    /// [`error_for_status`](super::HttpResponse::error_for_status) makes it an error.
    #[error("{} answered {status}", .url.origin())]
    Status {
        /// The status.
        status: StatusCode,
        /// Who answered.
        url: Box<Url>,
    },
    /// The body is in a charset that is not read.
    #[error("the text is in the charset {0:?}, which is not read; use bytes")]
    Charset(String),
    /// The body cannot be kept in the workspace.
    #[cfg(all(feature = "workspace", unix))]
    #[error(transparent)]
    Workspace(#[from] crate::workspace::WorkspaceError),
    /// The body broke off.
    #[error("cannot read the body of the answer")]
    Body(#[source] BodyError),
    /// The body is not the JSON that was expected.
    #[error("the body of the answer is not the expected JSON")]
    Json(#[source] serde_json::Error),
    /// A [layer](super::HttpClient::layer) of the author's own failed the request.
    #[error("a layer beneath the client failed the request")]
    Layer(#[source] BoxError),
    /// The broker refused the request for another reason, or the body that was being sent failed.
    #[error("{0}")]
    Broker(#[source] ChannelError),
}

fn describe(problem: &Problem) -> String {
    crate::channel::describe(problem)
}

fn seconds(deadline: &Option<Duration>) -> String {
    deadline.map_or_else(String::new, |deadline| format!(" of {deadline:?}"))
}

impl From<ChannelError> for HttpError {
    fn from(error: ChannelError) -> Self {
        match error {
            ChannelError::Deadline(deadline) => Self::Deadline(Some(deadline)),
            ChannelError::Connect { .. } | ChannelError::Lost(_) => Self::BrokerUnavailable(error),
            ChannelError::Broker(problem) => match problem.code() {
                code if code.is_denial() => Self::Denied(problem),
                ErrorCode::UpstreamUnreachable => Self::Unreachable(problem),
                ErrorCode::UpstreamTls => Self::Tls(problem),
                ErrorCode::UpstreamProtocol => Self::Protocol(problem),
                ErrorCode::InvalidRequest => Self::InvalidRequest(InvalidRequest::Refused(problem)),
                ErrorCode::RateLimited => Self::RateLimited(problem),
                ErrorCode::PayloadTooLarge => Self::BrokerLimit(problem),
                ErrorCode::DeadlineExceeded => Self::Deadline(None),
                ErrorCode::Unavailable | ErrorCode::Draining => {
                    Self::BrokerUnavailable(ChannelError::Broker(problem))
                }
                _ => Self::Broker(ChannelError::Broker(problem)),
            },
            ChannelError::Layer(error) => Self::Layer(error),
            other => Self::Broker(other),
        }
    }
}

impl From<BodyError> for HttpError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge { limit } => Self::TooLarge { limit },
            BodyError::Deadline(deadline) => Self::Deadline(Some(deadline)),
            #[cfg(feature = "decompression")]
            BodyError::Source(source) => match source.downcast::<super::DecompressionError>() {
                Ok(error) => Self::Decompression(*error),
                Err(source) => Self::Body(BodyError::Source(source)),
            },
            other => Self::Body(other),
        }
    }
}

impl HttpError {
    /// What the broker said, where it was the broker that said no.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Denied(problem)
            | Self::Unreachable(problem)
            | Self::Tls(problem)
            | Self::Protocol(problem)
            | Self::RateLimited(problem)
            | Self::BrokerLimit(problem)
            | Self::InvalidRequest(InvalidRequest::Refused(problem)) => Some(problem),
            Self::Broker(error) | Self::BrokerUnavailable(error) => error.problem(),
            _ => None,
        }
    }

    /// The target's status, where it was the target that said no: see
    /// [`error_for_status`](super::HttpResponse::error_for_status).
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }
}
