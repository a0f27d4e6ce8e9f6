//! The broker's directory: one broker at a time.

use std::fs::{File, OpenOptions};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::error::BrokerError;

/// Holds the directory for this broker. The system lets go of it when the process ends, however
/// that happens.
#[derive(Debug)]
pub(crate) struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    /// Makes the directory if it is not there, and takes it.
    pub(crate) fn take(directory: &Path) -> Result<Self, BrokerError> {
        let path = directory.join("broker.lock");
        let failed = |source| BrokerError::Directory { path: path.clone(), source };
        std::fs::create_dir_all(directory).map_err(failed)?;
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { _file: file }),
            Err(Errno::WOULDBLOCK) => Err(BrokerError::InUse { path: directory.to_owned() }),
            Err(error) => Err(failed(error.into())),
        }
    }
}
