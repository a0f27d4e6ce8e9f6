//! Which file a path of the manifest stands for, and reading it.

use std::fs::{self, File, Metadata};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::path::clean;
use super::{FileError, FileRole, Rules, VerifyError};

/// The largest file but for the artifact, in bytes: 64 KiB. The `ALLOWLIST` may have 1 MiB.
const MAX_SMALL: u64 = 64 * 1024;
const MAX_ALLOWLIST: u64 = 1024 * 1024;

/// How many folders are looked into for a `go.mod`, and for an `ALLOWLIST`.
const REPOSITORY_LEVELS: usize = 8;
const ALLOWLIST_LEVELS: usize = 5;

/// The folders in which the files of a plugin are looked for, absolute and clean.
#[derive(Debug)]
pub(super) struct Folders {
    pub(super) plugin: PathBuf,
    pub(super) repository: Option<PathBuf>,
    rules: Rules,
}

impl Folders {
    /// The repository is `hint`, else the nearest folder with a `go.mod` at or above the plugin. By
    /// the host's rules a hint without a `go.mod` does not count.
    pub(super) fn new(plugin: PathBuf, hint: Option<&Path>, rules: Rules) -> Self {
        let hinted = hint.filter(|hint| hint.is_dir() && (rules.is_strict() || has_go_mod(hint)));
        let repository = match hinted {
            Some(hint) => Some(clean(&std::path::absolute(hint).unwrap_or_else(|_| hint.into()))),
            None => plugin
                .ancestors()
                .take(REPOSITORY_LEVELS)
                .find(|folder| has_go_mod(folder))
                .map(Path::to_owned),
        };
        Self { plugin, repository, rules }
    }

    pub(super) fn find_allowlist(&self) -> Option<PathBuf> {
        let folders = self.plugin.ancestors().take(ALLOWLIST_LEVELS);
        folders.map(|folder| folder.join("ALLOWLIST")).find(|path| is_not_folder(path))
    }

    /// The file that `path` stands for: in the plugin's folder, else in the repository.
    pub(super) fn find(&self, role: FileRole, path: &Path) -> Result<PathBuf, VerifyError> {
        let found = if path.is_absolute() {
            if self.rules.is_strict() {
                return Err(VerifyError::AbsolutePath { role, path: path.to_owned() });
            }
            path.to_owned()
        } else {
            // For the artifact alone, the host passes over a folder of that name.
            let is_there = |path: &PathBuf| match role {
                FileRole::Artifact => is_not_folder(path),
                _ => fs::metadata(path).is_ok(),
            };
            let folders = std::iter::once(&self.plugin).chain(&self.repository);
            folders
                .map(|folder| clean(&folder.join(path)))
                .find(is_there)
                .ok_or_else(|| FileError::NotFound { role, path: path.to_owned() })?
        };
        if self.rules.is_strict() {
            self.refuse_escape(role, &found)?;
        }
        Ok(found)
    }

    /// Where a file belongs that may be missing: `path` in the plugin's folder.
    pub(super) fn place(&self, role: FileRole, path: &Path) -> Result<PathBuf, VerifyError> {
        if path.is_absolute() && self.rules.is_strict() {
            return Err(VerifyError::AbsolutePath { role, path: path.to_owned() });
        }
        let place = clean(&self.plugin.join(path));
        if self.rules.is_strict() {
            self.refuse_escape(role, place.parent().unwrap_or(&place))?;
        }
        Ok(place)
    }

    fn refuse_escape(&self, role: FileRole, found: &Path) -> Result<(), VerifyError> {
        let real = |path: &Path| {
            fs::canonicalize(path).map_err(|source| FileError::Unreadable {
                role,
                path: path.to_owned(),
                source,
            })
        };
        let file = real(found)?;
        for folder in std::iter::once(&self.plugin).chain(&self.repository) {
            if file.starts_with(real(folder)?) {
                return Ok(());
            }
        }
        Err(VerifyError::Escapes { role, path: file })
    }
}

pub(super) fn has_go_mod(folder: &Path) -> bool {
    is_not_folder(&folder.join("go.mod"))
}

fn is_not_folder(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| !metadata.is_dir())
}

/// Opens a regular file. A pipe or a device is refused before it is opened: it could block.
pub(super) fn open(role: FileRole, path: &Path) -> Result<(File, Metadata), FileError> {
    let unreadable = |source| FileError::Unreadable { role, path: path.to_owned(), source };
    let not_a_file = || FileError::NotAFile { role, path: path.to_owned() };
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(not_a_file());
    }
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_file() { Ok((file, metadata)) } else { Err(not_a_file()) }
}

/// Reads a file that is small by its nature.
pub(super) fn read(role: FileRole, path: &Path) -> Result<(Vec<u8>, Metadata), FileError> {
    let limit = if role == FileRole::Allowlist { MAX_ALLOWLIST } else { MAX_SMALL };
    let (file, metadata) = open(role, path)?;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|source| FileError::Unreadable {
        role,
        path: path.to_owned(),
        source,
    })?;
    if bytes.len() as u64 > limit {
        return Err(FileError::TooLarge { role, path: path.to_owned(), limit });
    }
    Ok((bytes, metadata))
}

/// Whether everybody on this machine may change the file.
pub(super) fn is_writable_by_others(metadata: &Metadata) -> bool {
    #[cfg(unix)]
    return std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o002 != 0;
    #[cfg(not(unix))]
    return {
        let _ = metadata;
        false
    };
}
