//! How the broker says no, and why it could not start.

use std::io;
use std::path::PathBuf;

use oxg_protocol::{ErrorCode, Problem};

use crate::tasks::TaskError;

/// A problem on its way to the plugin.
pub(crate) type Refusal = Box<Problem>;

/// A [`Refusal`] with a code and a sentence.
pub(crate) fn refuse(code: ErrorCode, detail: impl Into<String>) -> Refusal {
    Box::new(Problem::new(code, detail))
}

/// Why a broker could not start, or could not do what its host asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrokerError {
    /// A file or directory of the broker's cannot be read or written.
    #[error("cannot use {}: {source}; choose a directory that this user may write", path.display())]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {endpoint}: {source}")]
    Listen {
        /// Where.
        endpoint: String,
        /// Why.
        source: io::Error,
    },
    /// The system gave no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(String),
    /// A root certificate cannot be used.
    #[error("the extra root certificate cannot be used: {0}")]
    RootCertificate(String),
    /// The artifact store cannot be read.
    #[error("cannot read the artifacts: {0}")]
    Artifacts(String),
    /// Another broker works in the directory.
    #[error("another broker uses {}; stop it, or choose another directory", path.display())]
    InUse {
        /// Which.
        path: PathBuf,
    },
    /// The file of the tasks cannot be used.
    #[error("cannot use the tasks in {}: {problem}", path.display())]
    Tasks {
        /// Which.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// The server that holds the tasks cannot be used.
    #[error("cannot use the tasks at {server}: {problem}")]
    TaskServer {
        /// Which, without user and password.
        server: String,
        /// Why.
        problem: String,
    },
    /// The task store did not do what it was asked.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// A file of certificate authorities cannot be used.
    #[error("cannot read certificates from {}: {reason}; expected PEM with at least one CERTIFICATE", path.display())]
    AuthorityFile {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The broker is stopping.
    #[error("the broker is stopping")]
    Stopped,
}
