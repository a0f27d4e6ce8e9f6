use std::io::{self, Write as _};

use oxg_protocol::ArtifactName;
use tokio::task::spawn_blocking;

use super::HttpError;
use crate::channel::Body;
use crate::workspace::{Workspace, WorkspaceError};

/// Keeps `body` as the file `name`; gives its size.
pub(super) async fn save(
    mut body: Body,
    workspace: &Workspace,
    name: &str,
    limit: u64,
) -> Result<u64, HttpError> {
    let name: ArtifactName = name.parse().map_err(WorkspaceError::Name)?;
    let too_large = || HttpError::TooLarge { limit: usize::try_from(limit).unwrap_or(usize::MAX) };
    if http_body::Body::size_hint(&body).lower() > limit {
        return Err(too_large());
    }
    let (workspace, place) = (workspace.clone(), name.clone());
    let mut file = blocking(&name, move || workspace.begin(&place)).await?;
    let mut size: u64 = 0;
    while let Some(chunk) = body.chunk().await {
        let chunk = chunk?;
        size = size.saturating_add(chunk.len() as u64);
        if size > limit {
            return Err(too_large());
        }
        file = blocking(&name, move || file.write_all(&chunk).map(|()| file)).await?;
    }
    blocking(&name, move || file.keep()).await?;
    Ok(size)
}

/// File I/O, off the runtime's threads. Whoever stops waiting loses nothing: what the work gives is
/// dropped then, and an unfinished file with it.
async fn blocking<T: Send + 'static>(
    name: &ArtifactName,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, WorkspaceError> {
    let done = spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(io::Error::other(error)))
        .map_err(|source| WorkspaceError::File { name: name.clone(), source })
}
