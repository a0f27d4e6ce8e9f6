//! How a call ended, in a word or two.

use std::fmt;

use oxg_sdk::channel::{BodyError, ChannelError};
use oxg_sdk::clients::http::HttpError;
use oxg_sdk::clients::{ApiError, ArtifactError, FindingError, SecretError, TaskError};

/// How a call ended: `ok`, or the variants of its error that tell what a program can act on.
pub(crate) struct Outcome(String);

impl Outcome {
    pub(crate) fn of<T>(result: Result<T, impl Named>) -> Self {
        Self(result.map_or_else(|error| error.name(), |_| "ok".to_owned()))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An error with a name.
pub(crate) trait Named {
    fn name(&self) -> String;
}

impl Named for ChannelError {
    fn name(&self) -> String {
        match self {
            Self::Connect { .. } => "Connect".to_owned(),
            Self::Lost(_) => "Lost".to_owned(),
            Self::Deadline(_) => "Deadline".to_owned(),
            Self::Broker(problem) => format!("`{}`", problem.code()),
            other => panic!("not the broker's fault: {other:?}"),
        }
    }
}

impl Named for BodyError {
    fn name(&self) -> String {
        match self {
            Self::TooLarge { .. } => "body TooLarge".to_owned(),
            Self::Deadline(_) => "body Deadline".to_owned(),
            Self::Lost(_) => "body Lost".to_owned(),
            Self::DigestMismatch { .. } => "body DigestMismatch".to_owned(),
            other => panic!("not the broker's fault: {other:?}"),
        }
    }
}

impl Named for ApiError {
    fn name(&self) -> String {
        match self {
            Self::Channel(error) => error.name(),
            Self::Body(error) => error.name(),
            Self::Answer { .. } => "Answer".to_owned(),
            other => panic!("not the broker's fault: {other:?}"),
        }
    }
}

impl Named for SecretError {
    fn name(&self) -> String {
        match self {
            Self::Api(error) => error.name(),
            Self::NotGranted { .. } => "NotGranted".to_owned(),
            other => panic!("not the broker's fault: {other:?}"),
        }
    }
}

impl Named for ArtifactError {
    fn name(&self) -> String {
        match self {
            Self::Api(error) => error.name(),
            Self::Body(error) => error.name(),
            Self::DigestMismatch { .. } => "DigestMismatch".to_owned(),
            Self::Unverifiable(_) => "Unverifiable".to_owned(),
            Self::Resume { .. } => "Resume".to_owned(),
            other => panic!("not the broker's fault: {other:?}"),
        }
    }
}

impl Named for TaskError {
    fn name(&self) -> String {
        match self {
            Self::LeaseLost(_) => "LeaseLost".to_owned(),
            Self::Api(error) => error.name(),
            other => panic!("not the broker's fault: {other:?}"),
        }
    }
}

impl Named for FindingError {
    fn name(&self) -> String {
        match self {
            Self::Receipts { .. } => "Receipts".to_owned(),
            Self::Api(error) => error.name(),
            other => panic!("not the broker's fault: {other:?}"),
        }
    }
}

impl Named for HttpError {
    fn name(&self) -> String {
        match self {
            Self::BrokerUnavailable(error) => format!("BrokerUnavailable({})", error.name()),
            Self::Broker(error) => format!("Broker({})", error.name()),
            Self::Body(error) => error.name(),
            Self::Deadline(_) => "Deadline".to_owned(),
            Self::RateLimited(_) => "RateLimited".to_owned(),
            Self::TooLarge { .. } => "TooLarge".to_owned(),
            other => panic!("not the broker's fault: {other:?}"),
        }
    }
}
