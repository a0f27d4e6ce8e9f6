use std::error::Error;
use std::io;
use std::time::Duration;

use oxg_protocol::{ErrorCode, Problem};

use super::TokenError;

/// Any error.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChannelError {
    /// Nobody listens where the broker should be. Nothing was sent.
    #[error("cannot reach the broker at {peer}; is it running?")]
    Connect {
        /// Where it should be.
        peer: String,
        /// What the system says.
        source: io::Error,
    },
    /// The connection broke before the answer came. The broker may or may not have acted.
    #[error("the connection to the broker broke before it answered")]
    Lost(#[source] BoxError),
    /// The call's deadline passed.
    #[error("no answer within the call's deadline of {0:?}")]
    Deadline(Duration),
    /// The broker refused or failed the call.
    #[error("{}", describe(.0))]
    Broker(Box<Problem>),
    /// The session's token cannot be read.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The body that the plugin was sending failed.
    #[error("the request's body failed")]
    Body(#[source] BoxError),
    /// The request cannot be put on the wire.
    #[error("the request is malformed")]
    Request(#[source] BoxError),
    /// A layer of the author's own failed the call.
    #[error("a layer above the channel failed the call")]
    Layer(#[source] BoxError),
    /// This build cannot dial such an endpoint.
    #[error("cannot use the broker endpoint {endpoint}: {reason}")]
    Unsupported {
        /// The endpoint.
        endpoint: String,
        /// Why, and what to use instead.
        reason: &'static str,
    },
}

impl ChannelError {
    /// The error of a layer: one of the channel's that passed through it, or its own.
    pub(super) fn of_layer(error: BoxError) -> Self {
        error.downcast::<Self>().map_or_else(Self::Layer, |ours| *ours)
    }

    /// What the broker said, where it was the broker that said no.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Broker(problem) => Some(problem),
            _ => None,
        }
    }

    /// The broker's code, where it was the broker that said no.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        self.problem().map(Problem::code)
    }

    /// Whether the broker is out of reach: nobody listens, the connection broke, or no answer came.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Connect { .. } | Self::Lost(_) | Self::Deadline(_))
    }
}

/// A problem in words: what happened, where, and which line of the manifest would allow it.
pub(crate) fn describe(problem: &Problem) -> String {
    let said = [&problem.detail, &problem.title].into_iter().find(|text| !text.is_empty());
    let mut text = match said {
        Some(text) => text.clone(),
        None => format!("the broker says no more than {}", problem.kind),
    };
    if let Some(destination) = &problem.destination
        && !text.contains(destination.as_str())
    {
        text.push_str(&format!(" ({destination})"));
    }
    if let Some(hint) = &problem.manifest_hint
        && !text.contains(hint.as_str())
    {
        text.push_str(&format!("; add to manifest.json: {hint}"));
    }
    text
}
