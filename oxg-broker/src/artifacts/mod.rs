//! Artifacts: blobs that a plugin keeps under names, each written whole or not at all.
//!
//! [`Artifacts`] holds the rules that are the same wherever the bytes lie: digests, sizes, quota,
//! uploads. An [`ArtifactStore`](store::ArtifactStore) holds the bytes and the names.

mod conditions;
#[cfg(test)]
mod conformance;
mod index;
mod local;
#[cfg(feature = "object-store")]
mod objects;
mod receive;
mod room;
mod store;
#[cfg(test)]
mod tests;
mod uploads;

use std::path::Path;
use std::sync::Arc;

use oxg_protocol::artifact::{ArtifactInfo, ArtifactPage};
use oxg_protocol::{ArtifactName, ErrorCode, Limits};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::body::Body;
use crate::error::{BrokerError, Refusal, refuse};
use crate::serve::GRACE;
use local::LocalStore;
use receive::Receiving;
use room::Room;
use store::ArtifactStore;

#[cfg(feature = "object-store")]
pub use objects::{ObjectArtifacts, ObjectStoreError};

pub(crate) use conditions::{ByteRange, Conditions};
pub(crate) use store::{Found, Quota};
pub(crate) use uploads::Uploads;

/// The artifacts of one plugin.
#[derive(Debug)]
pub(crate) struct Artifacts {
    store: Arc<dyn ArtifactStore>,
    room: Room,
    quota: Quota,
    /// What has begun to write. It runs to its end, whoever waits for it.
    writing: TaskTracker,
}

impl Artifacts {
    pub(crate) fn in_memory(limits: &Limits) -> Self {
        let quota = Quota::of(limits);
        Self::new(LocalStore::in_memory(quota), quota, TaskTracker::new())
    }

    pub(crate) fn in_directory(directory: &Path, limits: &Limits) -> Result<Self, BrokerError> {
        let quota = Quota::of(limits);
        let store = LocalStore::in_directory(directory, quota)
            .map_err(|source| BrokerError::Directory { path: directory.to_owned(), source })?;
        Ok(Self::new(store, quota, TaskTracker::new()))
    }

    #[cfg(feature = "object-store")]
    pub(crate) fn in_objects(objects: &ObjectArtifacts, plugin: &str, limits: &Limits) -> Self {
        let (quota, writing) = (Quota::of(limits), TaskTracker::new());
        Self::new(objects.of_plugin(plugin, quota, writing.clone()), quota, writing)
    }

    fn new(store: impl ArtifactStore + 'static, quota: Quota, writing: TaskTracker) -> Self {
        let store: Arc<dyn ArtifactStore> = Arc::new(store);
        let room = Room::new(store.clone(), quota);
        Self { store, room, quota, writing }
    }

    /// Stores `body` under `name` as a whole.
    pub(crate) async fn put(
        &self,
        name: ArtifactName,
        body: Body,
        conditions: Conditions,
    ) -> Result<ArtifactInfo, Refusal> {
        let mut receiving = self.receive().await?;
        self.to_its_end(async move {
            receiving.read(body, &CancellationToken::new()).await?;
            receiving.keep(name, conditions).await
        })
        .await
    }

    /// Bytes on their way in, without a name yet. Dropped, they leave nothing behind.
    async fn receive(&self) -> Result<Receiving, Refusal> {
        let incoming = self.store.begin().await?;
        Ok(Receiving::new(incoming, self.room.place(), self.quota.artifact_bytes))
    }

    /// Does `work` to its end, even if the caller is gone before. What it waits for must have
    /// bounds of its own.
    async fn to_its_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Refusal>> + Send + 'static,
    ) -> Result<T, Refusal> {
        let done = self.writing.spawn(work).await;
        done.unwrap_or_else(|_| Err(refuse(ErrorCode::Internal, "the artifact store failed")))
    }

    /// Waits for what has begun to write, at most [`GRACE`].
    pub(crate) async fn settle(&self) {
        self.writing.close();
        let _ = timeout(GRACE, self.writing.wait()).await;
    }

    /// Opens the artifact, or a part of it.
    pub(crate) async fn get(
        &self,
        name: &ArtifactName,
        range: Option<ByteRange>,
    ) -> Result<Found, Refusal> {
        self.store.open(name, range).await
    }

    pub(crate) async fn head(&self, name: &ArtifactName) -> Result<ArtifactInfo, Refusal> {
        self.store.head(name).await
    }

    pub(crate) async fn delete(
        &self,
        name: &ArtifactName,
        conditions: Conditions,
    ) -> Result<(), Refusal> {
        self.store.delete(name, conditions).await
    }

    /// The artifacts whose names start with `prefix`, from behind `cursor` on.
    pub(crate) async fn list(
        &self,
        prefix: &str,
        cursor: Option<&str>,
    ) -> Result<ArtifactPage, Refusal> {
        self.store.list(prefix, cursor).await
    }
}
