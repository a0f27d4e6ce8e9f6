//! How the broker's commands end: codes for scripts, one sentence for people.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use oxg_protocol::{ErrorCode, ProtocolVersion};
use oxg_sdk::channel::{BodyError, ChannelError};
use oxg_sdk::clients::http::HttpError;
use oxg_sdk::clients::{ApiError, ArtifactError, FindingError, SecretError, TaskError};
use oxg_sdk::env::EnvError;

/// How a command of the broker ends. Stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BrokerExit {
    Done = 0,
    TargetFailed = 1,
    Usage = 2,
    NoTask = 3,
    LeaseLost = 4,
    Refused = 65,
    NotFound = 66,
    NoTarget = 68,
    Unreachable = 69,
    Software = 70,
    File = 74,
    Later = 75,
    Protocol = 76,
    Denied = 77,
}

pub(crate) const EXIT_CODES: &str = "\
Where the broker is and who asks is read from OXG_BROKER and OXG_TOKEN_FILE, which a launcher sets.

Exit codes:
   0  done
   2  wrong usage, or an argument or a file that is not what it should be
   3  `task pull`: there was no task within --wait, or the broker stops
   4  the lease on the task is lost: another may have it; drop what was done
  65  the broker does not take what was sent, or what came is not what was stored
  66  there is no such task, secret or artifact
  69  the broker cannot be reached
  70  the broker failed
  74  a file cannot be read or written
  75  the broker is busy or stops; try again later
  76  the broker's answer is not of this protocol
  77  denied: the manifest does not declare it, or the token is not valid";

impl From<BrokerExit> for ExitCode {
    fn from(exit: BrokerExit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command did not do what it should.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    #[error("{0}; these commands are for plugins: start the script with `oxg run`")]
    Environment(#[from] EnvError),
    #[error("{0}")]
    Usage(String),
    #[error("no task within {seconds} s; pull again to go on waiting")]
    NoTask { seconds: u64 },
    #[error("no task, and the broker stops: end the script")]
    Stopping,
    #[error("cannot {what} {}: {source}", path.display())]
    File { what: &'static str, path: PathBuf, source: io::Error },
    #[error(
        "the broker speaks version {broker} of the protocol, this program {}",
        ProtocolVersion::CURRENT
    )]
    Version { broker: ProtocolVersion },
    #[error(transparent)]
    Channel(#[from] ChannelError),
    #[error(transparent)]
    Api(#[from] ApiError),
    #[error("{0}; drop what was done for it")]
    LeaseLost(TaskError),
    #[error(transparent)]
    Task(TaskError),
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("{}", chain(.0))]
    Artifact(#[from] ArtifactError),
    #[error("the content cannot be read from the broker: {0}")]
    Body(#[from] BodyError),
    #[error(transparent)]
    Finding(#[from] FindingError),
    #[error("{}", chain(.0))]
    Http(#[from] HttpError),
}

impl From<TaskError> for Failed {
    fn from(error: TaskError) -> Self {
        match error {
            TaskError::LeaseLost(_) => Self::LeaseLost(error),
            error => Self::Task(error),
        }
    }
}

impl Failed {
    pub(crate) fn file(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { what, path, source }
    }

    pub(crate) fn exit(&self) -> BrokerExit {
        match self {
            Self::Environment(_) | Self::Usage(_) => BrokerExit::Usage,
            Self::NoTask { .. } | Self::Stopping => BrokerExit::NoTask,
            Self::Version { .. } => BrokerExit::Protocol,
            Self::File { .. } => BrokerExit::File,
            Self::LeaseLost(_) => BrokerExit::LeaseLost,
            Self::Channel(error) => of_channel(error),
            Self::Api(error) => of_api(error),
            Self::Task(TaskError::Api(error)) => of_api(error),
            Self::Secret(SecretError::NotGranted { .. }) => BrokerExit::Denied,
            Self::Secret(SecretError::Api(error)) => of_api(error),
            Self::Secret(SecretError::Name(_)) => BrokerExit::Usage,
            Self::Artifact(ArtifactError::Name(_)) => BrokerExit::Usage,
            Self::Artifact(ArtifactError::File { .. }) => BrokerExit::File,
            Self::Artifact(ArtifactError::Api(error)) => of_api(error),
            Self::Artifact(ArtifactError::Body(error)) | Self::Body(error) => of_body(error),
            Self::Finding(FindingError::Api(error)) => of_api(error),
            Self::Http(error) => of_http(error),
            Self::Finding(FindingError::Rejected { problem, .. }) => of_code(problem.code()),
            Self::Finding(FindingError::Receipts { .. }) => BrokerExit::Protocol,
            Self::Artifact(_) | Self::Secret(_) => BrokerExit::Refused,
            Self::Task(_) | Self::Finding(_) => BrokerExit::Software,
        }
    }
}

fn of_api(error: &ApiError) -> BrokerExit {
    match error {
        ApiError::Channel(error) => of_channel(error),
        ApiError::Body(error) => of_body(error),
        ApiError::Answer { .. } => BrokerExit::Protocol,
        _ => BrokerExit::Usage,
    }
}

fn of_channel(error: &ChannelError) -> BrokerExit {
    match error {
        ChannelError::Broker(problem) => of_code(problem.code()),
        ChannelError::Token(_) => BrokerExit::Denied,
        ChannelError::Unsupported { .. } => BrokerExit::Usage,
        ChannelError::Body(_) => BrokerExit::File,
        ChannelError::Request(_) => BrokerExit::Protocol,
        _ => BrokerExit::Unreachable,
    }
}

fn of_body(error: &BodyError) -> BrokerExit {
    match error {
        BodyError::Lost(_) | BodyError::Deadline(_) => BrokerExit::Unreachable,
        _ => BrokerExit::Refused,
    }
}

fn of_http(error: &HttpError) -> BrokerExit {
    match error {
        HttpError::Status { .. } => BrokerExit::TargetFailed,
        HttpError::InvalidUrl(_) => BrokerExit::Usage,
        HttpError::Denied(_) => BrokerExit::Denied,
        HttpError::Unreachable(_) | HttpError::Tls(_) => BrokerExit::NoTarget,
        HttpError::BrokerUnavailable(ChannelError::Broker(_))
        | HttpError::RateLimited(_)
        | HttpError::Deadline(_) => BrokerExit::Later,
        HttpError::BrokerUnavailable(_) => BrokerExit::Unreachable,
        HttpError::Protocol(_) | HttpError::Body(BodyError::Lost(_)) => BrokerExit::Protocol,
        HttpError::InvalidRequest(_)
        | HttpError::BrokerLimit(_)
        | HttpError::TooLarge { .. }
        | HttpError::Redirect(_) => BrokerExit::Refused,
        HttpError::Broker(ChannelError::Broker(problem))
            if matches!(problem.code(), ErrorCode::Unauthenticated | ErrorCode::TokenExpired) =>
        {
            BrokerExit::Denied
        }
        HttpError::Broker(ChannelError::Token(_)) => BrokerExit::Denied,
        _ => BrokerExit::Software,
    }
}

fn of_code(code: ErrorCode) -> BrokerExit {
    match code {
        ErrorCode::LeaseLost => BrokerExit::LeaseLost,
        ErrorCode::NotFound => BrokerExit::NotFound,
        ErrorCode::Unauthenticated | ErrorCode::TokenExpired => BrokerExit::Denied,
        ErrorCode::RateLimited | ErrorCode::Unavailable | ErrorCode::Draining => BrokerExit::Later,
        ErrorCode::VersionUnsupported => BrokerExit::Protocol,
        ErrorCode::DeadlineExceeded => BrokerExit::Unreachable,
        ErrorCode::Internal => BrokerExit::Software,
        code if code.is_denial() => BrokerExit::Denied,
        _ => BrokerExit::Refused,
    }
}

/// The error and its sources, each once.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(next) = source {
        let part = next.to_string();
        if !text.ends_with(&part) {
            text.push_str(": ");
            text.push_str(&part);
        }
        source = next.source();
    }
    text
}
