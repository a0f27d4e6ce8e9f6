use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a source gives no secret. No message has any part of a value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The file cannot be read.
    #[error("cannot read the secrets file {}: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others on this machine can read the file.
    #[error(
        "the secrets file {} can be read by others (mode {mode:03o}); run `chmod 600` on it",
        path.display()
    )]
    Readable {
        /// Which.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file belongs to another user, who could change it.
    #[error("the secrets file {} belongs to another user", .0.display())]
    Owner(PathBuf),
    /// The file does not hold names and values.
    #[error(
        "the secrets file {} is not {format} with names and values, each name once (line {line})",
        path.display()
    )]
    Format {
        /// Which.
        path: PathBuf,
        /// What it should be.
        format: &'static str,
        /// Where, counted from 1; 0 where that is not known.
        line: usize,
    },
    /// The program cannot be started.
    #[error("cannot start {program}: {source}")]
    Start {
        /// Which.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// The program failed. What it wrote to standard error is not repeated: it may have the value.
    #[error("{program} gave no secret: {status}")]
    Command {
        /// Which.
        program: String,
        /// How it ended.
        status: String,
    },
    /// The value is longer than a secret may be, or is not UTF-8.
    #[error("the value is not UTF-8 of 1 to {0} bytes")]
    Value(usize),
    /// No value came in time.
    #[error("no value came within {0:?}")]
    Deadline(Duration),
    /// A source of somebody's own fails. The operator reads this; it holds no part of a value.
    #[error("{0}")]
    Other(String),
    /// Vault gives none.
    #[cfg(feature = "vault")]
    #[error("Vault: {0}")]
    Vault(#[from] super::vault::VaultError),
}
