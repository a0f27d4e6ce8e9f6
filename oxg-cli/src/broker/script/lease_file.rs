//! The lease of a task, beside the task: it is never on a command line, and not in the file that
//! is passed on.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use oxg_protocol::{LeaseToken, TaskId};
use serde::{Deserialize, Serialize};

use super::Failed;

/// What `task pull --out FILE` puts in `FILE.lease`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LeaseFile {
    pub(super) task_id: TaskId,
    pub(super) lease_token: LeaseToken,
}

impl LeaseFile {
    fn path(task: &Path) -> PathBuf {
        let mut path = task.as_os_str().to_owned();
        path.push(".lease");
        path.into()
    }

    /// The lease of the task in the file `task`.
    pub(super) fn read(task: &Path) -> Result<Self, Failed> {
        let path = Self::path(task);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Failed::Usage(format!(
                    "{} is not there: name the file that `task pull --out` wrote, and do so \
                     before the task is completed, failed or released",
                    path.display()
                )));
            }
            Err(error) => return Err(Failed::file("read", &path)(error)),
        };
        serde_json::from_slice(&bytes)
            .map_err(|_| Failed::Usage(format!("{} holds no lease", path.display())))
    }

    pub(super) fn write(&self, task: &Path) -> Result<(), Failed> {
        let path = Self::path(task);
        let bytes = serde_json::to_vec(self).map_err(|error| Failed::Usage(error.to_string()))?;
        write_private(&path, &bytes).map_err(Failed::file("write", &path))
    }

    /// The lease is over.
    pub(super) fn remove(task: &Path) -> Result<(), Failed> {
        let path = Self::path(task);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Failed::file("remove", &path)(error))
            }
            _ => Ok(()),
        }
    }
}

/// Writes a file that only this user can read; whoever reads it sees the old or the new whole.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(format!(".{}.new", std::process::id()));
    let new = PathBuf::from(new);
    let write = || {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(&new)?;
        file.write_all(bytes)?;
        std::fs::rename(&new, path)
    };
    write().inspect_err(|_| {
        let _ = std::fs::remove_file(&new);
    })
}
