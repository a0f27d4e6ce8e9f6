use std::io;
use std::path::{Path, PathBuf};

use oxg_protocol::ArtifactName;
use oxg_protocol::name::ArtifactNameError;
use tokio::fs;
use tokio::io::AsyncWriteExt;

use super::HttpError;
use crate::channel::Body;
use crate::random;

/// Why a body was not stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SaveError {
    /// No file of the workspace can have such a name.
    #[error(transparent)]
    Name(#[from] ArtifactNameError),
    /// The folder of the file lies outside of the directory, behind a symbolic link.
    #[error("{0} leads out of the directory")]
    Outside(PathBuf),
    /// The file cannot be written.
    #[error("cannot write {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Stores `body`: written beside its place, synced, then renamed.
pub(super) async fn save(
    body: Body,
    directory: &Path,
    name: &ArtifactName,
    limit: u64,
) -> Result<PathBuf, HttpError> {
    let path = name.parts().fold(directory.to_owned(), |path, part| path.join(part));
    let failed = |source| SaveError::Write { path: path.clone(), source };
    if let Some(parent) = path.parent() {
        if !is_inside(directory, parent).await.map_err(failed)? {
            return Err(SaveError::Outside(parent.to_owned()).into());
        }
        fs::create_dir_all(parent).await.map_err(failed)?;
    }
    let part = PartFile::beside(&path);
    let mut file =
        fs::OpenOptions::new().write(true).create_new(true).open(&part.0).await.map_err(failed)?;
    copy(body, &mut file, limit, failed).await?;
    file.flush().await.map_err(failed)?;
    file.sync_all().await.map_err(failed)?;
    drop(file);
    fs::rename(&part.0, &path).await.map_err(failed)?;
    Ok(path)
}

/// Whether no symbolic link leads from `folder` out of `directory`. The nearest folder that is
/// there decides, so that nothing has been made yet.
async fn is_inside(directory: &Path, folder: &Path) -> io::Result<bool> {
    let mut nearest = folder;
    while !fs::try_exists(nearest).await? {
        nearest = nearest.parent().ok_or(io::ErrorKind::NotFound)?;
    }
    Ok(fs::canonicalize(nearest).await?.starts_with(fs::canonicalize(directory).await?))
}

async fn copy(
    mut body: Body,
    file: &mut fs::File,
    limit: u64,
    failed: impl Fn(io::Error) -> SaveError,
) -> Result<(), HttpError> {
    let mut left = limit;
    while let Some(chunk) = body.chunk().await {
        let chunk = chunk?;
        left = left
            .checked_sub(chunk.len() as u64)
            .ok_or(HttpError::TooLarge { limit: usize::try_from(limit).unwrap_or(usize::MAX) })?;
        file.write_all(&chunk).await.map_err(&failed)?;
    }
    Ok(())
}

/// A file that is gone again unless it was renamed.
struct PartFile(PathBuf);

impl PartFile {
    fn beside(path: &Path) -> Self {
        Self(path.with_file_name(format!(".{}.part", random::hex())))
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        // After the rename there is nothing of that name.
        let _ = std::fs::remove_file(&self.0);
    }
}
