//! Which program is started, and with what around it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::ConformanceArgs;
use crate::error::CliError;
use crate::run::script;

/// A program to start.
pub(super) struct Program {
    pub(super) file: PathBuf,
    /// Where it starts, if not in its workspace.
    pub(super) directory: Option<PathBuf>,
    /// What a script finds programs by.
    pub(super) path: Option<OsString>,
    /// Holds what `path` names.
    _private: Option<TempDir>,
}

impl Program {
    pub(super) fn find(args: &ConformanceArgs) -> Result<Self, CliError> {
        let name = args.program.first().map(Path::new).unwrap_or(Path::new(""));
        let file = match name.components().count() {
            // As a shell does: what has no slash is not a file here.
            1 if !name.is_absolute() => in_path(name),
            _ => name.to_owned(),
        };
        let file = std::fs::canonicalize(&file).map_err(|error| CliError::Build {
            problem: format!("cannot find the plugin {}: {error}", file.display()),
        })?;
        if !script::is_script(&file) {
            let directory = args.directory.clone();
            return Ok(Self { file, directory, path: None, _private: None });
        }
        let beside = args.manifest.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory =
            args.directory.clone().unwrap_or_else(|| beside.unwrap_or(Path::new(".")).to_owned());
        let private = tempfile::Builder::new().prefix("oxg-").tempdir();
        let private = private.map_err(|source| CliError::Machine {
            what: "make a folder for the plugin's programs".to_owned(),
            source,
        })?;
        let path = Some(script::path(private.path())?);
        Ok(Self { file, directory: Some(directory), path, _private: Some(private) })
    }
}

fn in_path(name: &Path) -> PathBuf {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let mut found = std::env::split_paths(&folders).map(|folder| folder.join(name));
    found.find(|path| path.is_file()).unwrap_or_else(|| name.to_owned())
}
