//! What can go wrong before there is a result, and the exit codes.

use std::io;
use std::process::ExitCode;

use oxg_broker::BrokerError;
#[cfg(feature = "object-store")]
use oxg_broker::ObjectStoreError;
use oxg_broker::launch::LaunchError;
use oxg_manifest::ManifestError;
use oxg_testkit::conformance::{CaseError, ConformanceError};

/// How the command ends. Documented in its help; stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Done = 0,
    TaskFailed = 1,
    BadInput = 2,
    NotStarted = 3,
    PluginFailed = 4,
    MachineFailed = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error("{what}: {problem}")]
    Argument { what: String, problem: String },
    #[error("{problem}")]
    Build { problem: String },
    #[error(transparent)]
    Launch(#[from] LaunchError),
    #[error(transparent)]
    Broker(#[from] BrokerError),
    #[cfg(feature = "object-store")]
    #[error(transparent)]
    Objects(#[from] ObjectStoreError),
    #[error(transparent)]
    Cases(#[from] CaseError),
    #[error(transparent)]
    Conformance(#[from] ConformanceError),
    #[error("interrupted; every plugin was stopped")]
    Interrupted,
    #[error("cannot {what}: {source}")]
    Machine { what: String, source: io::Error },
}

impl CliError {
    pub(crate) fn argument(what: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Argument { what: what.into(), problem: problem.into() }
    }

    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Manifest(_)
            | Self::Argument { .. }
            | Self::Broker(BrokerError::AuthorityFile { .. }) => Exit::BadInput,
            #[cfg(feature = "object-store")]
            Self::Objects(error) => match error {
                ObjectStoreError::Location { .. } | ObjectStoreError::Settings { .. } => {
                    Exit::BadInput
                }
                _ => Exit::MachineFailed,
            },
            Self::Cases(_) => Exit::BadInput,
            Self::Interrupted => Exit::PluginFailed,
            Self::Conformance(error) => match error {
                ConformanceError::Cases(_) => Exit::BadInput,
                ConformanceError::Launch(_) | ConformanceError::Unusable { .. } => Exit::NotStarted,
                ConformanceError::TimeIsUp { .. } => Exit::PluginFailed,
                _ => Exit::MachineFailed,
            },
            Self::Build { .. } | Self::Launch(_) => Exit::NotStarted,
            Self::Broker(_) | Self::Machine { .. } => Exit::MachineFailed,
        }
    }
}
