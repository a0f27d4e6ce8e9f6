//! What a name stands for, and how it is changed so that nobody's change is lost.

use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt as _, PutMode, PutPayload, UpdateVersion};
use oxg_protocol::artifact::ArtifactInfo;
use oxg_protocol::{ArtifactName, Digest};
use serde::{Deserialize, Serialize};

/// The largest reference that is read: more than the longest name needs.
const LARGEST: u64 = 16 << 10;

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reference {
    pub(super) name: ArtifactName,
    pub(super) digest: Digest,
    pub(super) size: u64,
    /// The id of the upload, under which the bytes are.
    pub(super) blob: String,
    /// How often the name was given; for whoever looks into the bucket.
    pub(super) generation: u64,
}

impl Reference {
    pub(super) fn info(&self) -> ArtifactInfo {
        ArtifactInfo::new(self.name.clone(), self.digest, self.size)
    }
}

/// A reference as it was found.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// `None` where there is no object.
    version: Option<UpdateVersion>,
    /// `None` where there is no artifact.
    pub(super) reference: Option<Reference>,
}

impl Seen {
    pub(super) fn exists(&self) -> bool {
        self.version.is_some()
    }

    /// The mode in which a write succeeds only if nothing has changed.
    fn unchanged(&self) -> PutMode {
        self.version.clone().map_or(PutMode::Create, PutMode::Update)
    }
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    Done,
    /// Somebody was faster: look again.
    Raced,
}

pub(super) async fn read(store: &Arc<dyn ObjectStore>, key: &Path) -> Result<Seen, Error> {
    let found = match store.get(key).await {
        Err(Error::NotFound { .. }) => return Ok(Seen::default()),
        found => found?,
    };
    if found.meta.size > LARGEST {
        return Err(damaged(key, "it is too large"));
    }
    let version =
        UpdateVersion { e_tag: found.meta.e_tag.clone(), version: found.meta.version.clone() };
    let text = found.bytes().await?;
    let reference = match &text[..] {
        [] => None,
        text => {
            let read = serde_json::from_slice(text);
            Some(read.map_err(|error| damaged(key, &error.to_string()))?)
        }
    };
    Ok(Seen { version: Some(version), reference })
}

/// Writes `reference`, or that there is none, in place of what was seen.
pub(super) async fn write(
    store: &Arc<dyn ObjectStore>,
    key: &Path,
    seen: &Seen,
    reference: Option<&Reference>,
) -> Result<Written, Error> {
    let text = match reference {
        Some(reference) => serde_json::to_vec(reference)
            .map_err(|error| Error::Generic { store: "reference", source: error.into() })?,
        None => Vec::new(),
    };
    let payload = PutPayload::from(Bytes::from(text));
    match store.put_opts(key, payload, seen.unchanged().into()).await {
        Ok(_) => Ok(Written::Done),
        Err(Error::AlreadyExists { .. } | Error::Precondition { .. } | Error::NotFound { .. }) => {
            Ok(Written::Raced)
        }
        Err(error) => Err(error),
    }
}

fn damaged(key: &Path, problem: &str) -> Error {
    let source = format!("the reference {key} is damaged: {problem}").into();
    Error::Generic { store: "reference", source }
}
