//! Where a run keeps what it leaves.

use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::CliError;

/// The folders of a run.
pub(crate) struct Files {
    /// Findings, audit, logs, artifacts, and the workspace.
    pub(crate) directory: PathBuf,
    /// What the plugin may write.
    pub(crate) workspace: PathBuf,
    /// Socket and token; gone when the run is over.
    pub(crate) private: TempDir,
    /// Whether the person chose the folder.
    pub(crate) kept: bool,
}

impl Files {
    /// Makes the folders, in `keep` or under the system's folder for temporary files.
    pub(crate) fn prepare(keep: Option<&Path>) -> Result<Self, CliError> {
        let make = || -> io::Result<Self> {
            let directory = match keep {
                Some(directory) => {
                    std::fs::create_dir_all(directory)?;
                    std::fs::canonicalize(directory)?
                }
                None => tempfile::Builder::new().prefix("oxg-run-").tempdir()?.keep(),
            };
            let workspace = directory.join("workspace");
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&workspace)?;
            let private = tempfile::Builder::new().prefix("oxg-").tempdir()?;
            Ok(Self { directory, workspace, private, kept: keep.is_some() })
        };
        make().map_err(|source| {
            let place = keep.map_or_else(std::env::temp_dir, Path::to_owned);
            CliError::Machine { what: format!("make folders in {}", place.display()), source }
        })
    }
}
