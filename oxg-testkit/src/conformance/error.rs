//! Why there is no report.

use std::io;
use std::path::PathBuf;

use oxg_broker::BrokerError;
use oxg_broker::launch::LaunchError;
use oxg_protocol::Endpoint;

use super::CaseId;

/// Why cases, or a list of them, cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaseError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file of cases is not what it should be.
    #[error("{name}: {problem}")]
    Malformed {
        /// The file.
        name: String,
        /// What is wrong, and where.
        problem: String,
    },
    /// Two cases have one id.
    #[error("{name}: there is a case {id} already; ids are unique")]
    Duplicate {
        /// The file with the second one.
        name: String,
        /// The id.
        id: CaseId,
    },
    /// A list of known failures names a case that was not asked for.
    #[error("{id} is listed as known to fail, and there is no such case; remove it from the list")]
    Unknown {
        /// The id.
        id: CaseId,
    },
}

/// Why a suite could not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConformanceError {
    /// The cases cannot be used.
    #[error(transparent)]
    Cases(#[from] CaseError),
    /// The plugin cannot be started.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// The broker that the plugin runs against cannot start.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// The broker under test cannot be used.
    #[error("the broker at {endpoint} cannot be used: {problem}")]
    Unusable {
        /// Where it is.
        endpoint: Endpoint,
        /// Why.
        problem: String,
    },
    /// This machine failed.
    #[error("cannot {what}: {source}")]
    Machine {
        /// What was tried.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// The time for all cases was over.
    #[error("the cases took longer than {seconds} s together; give them more time, or select some")]
    TimeIsUp {
        /// The limit.
        seconds: u64,
    },
}

impl ConformanceError {
    pub(super) fn machine(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Machine { what, source }
    }
}
