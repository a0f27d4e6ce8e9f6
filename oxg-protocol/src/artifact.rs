//! `/v1/artifacts`: what a plugin keeps.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::name::{ArtifactName, UploadId};

/// An upload under way: the answer to `POST` and `GET` of `/v1/uploads`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Upload {
    /// Its id.
    pub id: UploadId,
    /// The number of bytes that the broker has; the next piece starts there.
    pub offset: u64,
    /// The broker forgets the upload after so long without a piece of it, in milliseconds.
    pub expires_in_ms: u64,
}

impl Upload {
    /// An upload.
    #[must_use]
    pub fn new(id: UploadId, offset: u64, expires_in_ms: u64) -> Self {
        Self { id, offset, expires_in_ms }
    }
}

/// One stored artifact: the answer to `PUT`, and an entry of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ArtifactInfo {
    /// Its name.
    pub name: ArtifactName,
    /// Its digest; also its `ETag`.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
}

impl ArtifactInfo {
    /// An artifact.
    #[must_use]
    pub fn new(name: ArtifactName, digest: Digest, size: u64) -> Self {
        Self { name, digest, size }
    }
}

/// The answer to `GET /v1/artifacts`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ArtifactPage {
    /// In the order of their names.
    pub artifacts: Vec<ArtifactInfo>,
    /// Where the next page starts; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

impl ArtifactPage {
    /// The last page of a list.
    #[must_use]
    pub fn last(artifacts: Vec<ArtifactInfo>) -> Self {
        Self { artifacts, cursor: None }
    }
}
