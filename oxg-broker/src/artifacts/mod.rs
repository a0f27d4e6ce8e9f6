//! Artifacts: blobs that a plugin keeps under names, each written whole or not at all.
//!
//! [`Artifacts`] holds the rules that are the same wherever the bytes lie: digests, sizes, quota,
//! uploads. An [`ArtifactStore`](store::ArtifactStore) holds the bytes and the names.

mod conditions;
mod index;
mod local;
mod receive;
mod store;
#[cfg(test)]
mod tests;
mod uploads;

use std::path::Path;
use std::sync::Arc;

use oxg_protocol::artifact::{ArtifactInfo, ArtifactPage};
use oxg_protocol::{ArtifactName, Limits};

use crate::body::Body;
use crate::error::{BrokerError, Refusal};
use local::LocalStore;
use receive::Receiving;
use store::ArtifactStore;

pub(crate) use conditions::{ByteRange, Conditions};
pub(crate) use store::{Found, Quota};
pub(crate) use uploads::Uploads;

/// The artifacts of one plugin.
#[derive(Debug)]
pub(crate) struct Artifacts {
    store: Arc<dyn ArtifactStore>,
    quota: Quota,
}

impl Artifacts {
    pub(crate) fn in_memory(limits: &Limits) -> Self {
        let quota = Quota::of(limits);
        Self { store: Arc::new(LocalStore::in_memory(quota)), quota }
    }

    pub(crate) fn in_directory(directory: &Path, limits: &Limits) -> Result<Self, BrokerError> {
        let quota = Quota::of(limits);
        let store = LocalStore::in_directory(directory, quota)
            .map_err(|source| BrokerError::Directory { path: directory.to_owned(), source })?;
        Ok(Self { store: Arc::new(store), quota })
    }

    /// Stores `body` under `name` as a whole.
    pub(crate) async fn put(
        &self,
        name: ArtifactName,
        body: Body,
        conditions: Conditions,
    ) -> Result<ArtifactInfo, Refusal> {
        let mut receiving = self.receive().await?;
        receiving.read(body).await?;
        receiving.keep(name, conditions).await
    }

    /// Bytes on their way in, without a name yet. Dropped, they leave nothing behind.
    pub(crate) async fn receive(&self) -> Result<Receiving, Refusal> {
        Ok(Receiving::new(self.store.begin().await?, self.quota.artifact_bytes))
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
