use std::io;

use oxg_protocol::ArtifactName;
use oxg_protocol::name::ArtifactNameError;

/// Why a file of the workspace cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkspaceError {
    /// The name is not one that means the same on every system.
    #[error("{0}")]
    Name(#[from] ArtifactNameError),
    /// The file system says no: also where a part of the name is a link, or the file is a
    /// directory, a FIFO, a socket or a device.
    #[error("cannot use {name} in the workspace: {source}")]
    File {
        /// Which file.
        name: ArtifactName,
        /// Why.
        source: io::Error,
    },
    /// The file is longer than the reader wants.
    #[error("{name} in the workspace is longer than {limit} bytes")]
    TooLarge {
        /// Which file.
        name: ArtifactName,
        /// What the reader wants, in bytes.
        limit: u64,
    },
    /// The workspace itself cannot be used.
    #[error("cannot use the workspace: {0}")]
    Directory(#[source] io::Error),
}
