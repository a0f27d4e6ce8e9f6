//! Artifacts: blobs that a plugin keeps under names, each written whole or not at all.

mod blobs;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use http_body_util::BodyExt as _;
use oxg_protocol::artifact::{ArtifactInfo, ArtifactPage};
use oxg_protocol::digest::Hasher;
use oxg_protocol::{ArtifactName, Digest, ErrorCode};
use serde::{Deserialize, Serialize};

use crate::body::{Body, BodyError, CutShort};
use crate::error::{BrokerError, Refusal, refuse};
use crate::jsonl::JsonLines;
use blobs::{Blobs, Incoming};

/// The most artifacts on one page of a list.
const PAGE: usize = 500;

type Index = BTreeMap<ArtifactName, ArtifactInfo>;

/// What must hold for a write to happen.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Conditions {
    /// `If-None-Match: *`: there is none yet.
    pub(crate) create_only: bool,
    /// `If-Match`: the present one has this digest.
    pub(crate) replaces: Option<Digest>,
    /// `Repr-Digest`: the bytes have this digest.
    pub(crate) digest: Option<Digest>,
}

/// The artifacts of one plugin: names, and the digest that each stands for.
#[derive(Debug)]
pub(crate) struct Artifacts {
    blobs: Blobs,
    log: JsonLines,
    /// Held over each commit, so that of two writes to one name each sees the other whole.
    index: Mutex<Index>,
    limit: u64,
}

/// A line of the log that the index is rebuilt from.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Change {
    Put(ArtifactInfo),
    Delete(ArtifactName),
}

impl Artifacts {
    /// `limit`: the largest artifact, in bytes.
    pub(crate) fn in_memory(limit: u64) -> Self {
        Self {
            blobs: Blobs::in_memory(),
            log: JsonLines::in_memory(),
            index: Mutex::default(),
            limit,
        }
    }

    pub(crate) fn in_directory(directory: &Path, limit: u64) -> Result<Self, BrokerError> {
        let open = || -> io::Result<Self> {
            let blobs = Blobs::in_directory(&directory.join("blobs"))?;
            let log = JsonLines::in_file(&directory.join("index.jsonl"))?;
            let mut index = BTreeMap::new();
            for change in log.read()? {
                match change {
                    Change::Put(info) => index.insert(info.name.clone(), info),
                    Change::Delete(name) => index.remove(&name),
                };
            }
            Ok(Self { blobs, log, index: Mutex::new(index), limit })
        };
        open().map_err(|source| BrokerError::Directory { path: directory.to_owned(), source })
    }

    pub(crate) async fn put(
        &self,
        name: ArtifactName,
        body: Body,
        conditions: Conditions,
    ) -> Result<ArtifactInfo, Refusal> {
        let mut incoming = self.blobs.begin().await.map_err(store_failed)?;
        let (digest, size) = self.receive(body, &mut incoming).await?;
        if conditions.digest.is_some_and(|claimed| claimed != digest) {
            let detail = format!("the bytes have the digest {digest}; send them again");
            return Err(refuse(ErrorCode::DigestMismatch, detail));
        }
        incoming.sync().await.map_err(store_failed)?;
        let info = ArtifactInfo::new(name, digest, size);
        self.commit(info.clone(), incoming, conditions)?;
        self.blobs.sync().await.map_err(store_failed)?;
        Ok(info)
    }

    fn commit(
        &self,
        info: ArtifactInfo,
        incoming: Incoming,
        conditions: Conditions,
    ) -> Result<(), Refusal> {
        let mut index = self.index();
        let present = index.get(&info.name).map(|info| info.digest);
        if conditions.create_only && present.is_some() {
            return Err(refuse(ErrorCode::PreconditionFailed, "the artifact exists already"));
        }
        if conditions.replaces.is_some() && conditions.replaces != present {
            return Err(refuse(
                ErrorCode::PreconditionFailed,
                "the artifact is another one by now",
            ));
        }
        self.blobs.publish(incoming, info.digest).map_err(store_failed)?;
        self.log.append(&Change::Put(info.clone())).map_err(store_failed)?;
        index.insert(info.name.clone(), info);
        self.forget(present, &index);
        Ok(())
    }

    pub(crate) async fn get(&self, name: &ArtifactName) -> Result<(ArtifactInfo, Body), Refusal> {
        loop {
            let info = self.head(name)?;
            match self.blobs.read(info.digest).await {
                Ok(body) => return Ok((info, body)),
                // Replaced or deleted in between: look again.
                Err(error)
                    if error.kind() == io::ErrorKind::NotFound
                        && self.head(name)?.digest != info.digest => {}
                Err(error) => return Err(store_failed(error)),
            }
        }
    }

    pub(crate) fn head(&self, name: &ArtifactName) -> Result<ArtifactInfo, Refusal> {
        self.index().get(name).cloned().ok_or_else(not_found)
    }

    pub(crate) fn delete(&self, name: &ArtifactName) -> Result<(), Refusal> {
        let mut index = self.index();
        if !index.contains_key(name) {
            return Err(not_found());
        }
        self.log.append(&Change::Delete(name.clone())).map_err(store_failed)?;
        let removed = index.remove(name).map(|info| info.digest);
        self.forget(removed, &index);
        Ok(())
    }

    /// The artifacts whose names start with `prefix`, from behind `cursor` on.
    pub(crate) fn list(&self, prefix: &str, cursor: Option<&str>) -> ArtifactPage {
        let index = self.index();
        let mut page = ArtifactPage::default();
        let behind = |name: &str| cursor.is_none_or(|cursor| name > cursor);
        for info in index.values() {
            let name = info.name.as_str();
            if !name.starts_with(prefix) || !behind(name) {
                continue;
            }
            if page.artifacts.len() == PAGE {
                page.cursor = page.artifacts.last().map(|info| info.name.to_string());
                break;
            }
            page.artifacts.push(info.clone());
        }
        page
    }

    async fn receive(
        &self,
        mut body: Body,
        incoming: &mut Incoming,
    ) -> Result<(Digest, u64), Refusal> {
        let (mut hasher, mut size) = (Hasher::default(), 0);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| match error {
                BodyError::CutShort(CutShort::TooLarge(_)) => self.too_large(),
                BodyError::CutShort(cut) => refuse(ErrorCode::DeadlineExceeded, cut.to_string()),
                _ => refuse(ErrorCode::InvalidRequest, "the body ended early"),
            })?;
            let Some(data) = frame.data_ref() else {
                continue;
            };
            size += data.len() as u64;
            if size > self.limit {
                return Err(self.too_large());
            }
            hasher.update(data);
            incoming.write(data).await.map_err(store_failed)?;
        }
        Ok((hasher.finish(), size))
    }

    /// Removes the bytes behind `digest` if no name stands for them any more. Failing that they
    /// are garbage, not damage.
    fn forget(&self, digest: Option<Digest>, index: &Index) {
        let unnamed = |digest: &Digest| !index.values().any(|info| info.digest == *digest);
        if let Some(digest) = digest.filter(unnamed) {
            let _ = self.blobs.remove(digest);
        }
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn too_large(&self) -> Refusal {
        let detail = format!("an artifact has at most {} bytes", self.limit);
        refuse(ErrorCode::PayloadTooLarge, detail)
    }
}

fn not_found() -> Refusal {
    refuse(ErrorCode::NotFound, "there is no such artifact")
}

fn store_failed(error: io::Error) -> Refusal {
    // The kind, not the message: that may name paths of the host.
    refuse(ErrorCode::Unavailable, format!("the artifact store failed: {}", error.kind()))
}
