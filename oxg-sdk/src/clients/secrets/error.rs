use oxg_protocol::name::NameError;
use oxg_protocol::{ErrorCode, Problem, SecretName};
use oxg_redact::RefusedValue;

use crate::channel::{BodyError, ChannelError};
use crate::clients::ApiError;

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// No secret can have such a name.
    #[error("{0}")]
    Name(#[from] NameError),
    /// The manifest does not name the secret, or the operator has none of that name. The answer is
    /// kept for 2 s.
    #[error("the secret {name} is not granted: {}", crate::channel::ChannelError::Broker(.problem.clone()))]
    NotGranted {
        /// The secret.
        name: SecretName,
        /// What the broker says.
        problem: Box<Problem>,
    },
    /// The value cannot be kept out of logs and findings, so it is not handed out.
    #[error("the secret {name} cannot be kept out of the logs, so it is not handed out: {source}")]
    NotRedactable {
        /// The secret.
        name: SecretName,
        /// Why.
        source: RefusedValue,
    },
    /// The call failed.
    #[error("{0}")]
    Api(#[from] ApiError),
}

impl SecretError {
    /// The error of a call about `name`.
    pub(super) fn of_call(name: &SecretName, error: ApiError) -> Self {
        match error {
            ApiError::Channel(ChannelError::Broker(problem)) if is_refusal(&problem) => {
                Self::NotGranted { name: name.clone(), problem }
            }
            error => error.into(),
        }
    }

    /// Whether the secret may be had again a moment later, so that an old value may be used until
    /// its lease ends.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Api(error) => {
                let failing = |code: ErrorCode| {
                    code.is_transient()
                        || matches!(
                            code,
                            ErrorCode::Internal | ErrorCode::Draining | ErrorCode::DeadlineExceeded
                        )
                };
                error.is_unreachable() || error.code().is_some_and(failing)
            }
            _ => false,
        }
    }
}

impl From<BodyError> for SecretError {
    fn from(error: BodyError) -> Self {
        Self::Api(error.into())
    }
}

fn is_refusal(problem: &Problem) -> bool {
    problem.code().is_denial() || problem.code() == ErrorCode::NotFound
}
