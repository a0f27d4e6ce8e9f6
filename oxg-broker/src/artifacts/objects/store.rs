use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use object_store::path::Path;
use object_store::{Error, GetOptions, GetRange, ObjectStore, ObjectStoreExt as _};
use oxg_protocol::artifact::{ArtifactInfo, ArtifactPage};
use oxg_protocol::{ArtifactName, ErrorCode};
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use super::error::store_failed;
use super::garbage;
use super::incoming::ObjectIncoming;
use super::location::key;
use super::reference::{Reference, Seen, Written, read, write};
use super::usage::{Amount, Usage};
use crate::artifacts::store::{ArtifactStore, Found, Incoming, PAGE, Pending, Quota, not_found};
use crate::artifacts::{ByteRange, Conditions};
use crate::body::{Body, BodyError, full};
use crate::error::{Refusal, refuse};
use crate::random;

/// How often a change is tried again because somebody else was faster.
const RACES: u32 = 16;
/// How many references are read at a time.
const READS: usize = 16;

/// The artifacts of one plugin in an object store.
#[derive(Debug)]
pub(crate) struct PluginObjects {
    shared: Arc<Shared>,
    collecting: OnceLock<AbortOnDropHandle<()>>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) root: Path,
    names: Path,
    blobs: Path,
    pub(super) usage: Usage,
    pub(super) quota: Quota,
    pub(super) writing: TaskTracker,
}

impl PluginObjects {
    pub(super) fn new(
        store: Arc<dyn ObjectStore>,
        root: Path,
        quota: Quota,
        writing: TaskTracker,
    ) -> Self {
        let (names, blobs) = (root.clone().join("names"), root.clone().join("blobs"));
        let usage = Usage::default();
        let shared = Shared { store, root, names, blobs, usage, quota, writing };
        Self { shared: Arc::new(shared), collecting: OnceLock::new() }
    }

    #[cfg(test)]
    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }
}

impl ArtifactStore for PluginObjects {
    fn begin(&self) -> Pending<'_, Box<dyn Incoming>> {
        Box::pin(async {
            self.collecting.get_or_init(|| {
                AbortOnDropHandle::new(tokio::spawn(garbage::collect_forever(self.shared.clone())))
            });
            self.shared.count(false).await?;
            Ok(Box::new(ObjectIncoming::new(self.shared.clone())?) as Box<dyn Incoming>)
        })
    }

    fn open<'a>(&'a self, name: &'a ArtifactName, range: Option<ByteRange>) -> Pending<'a, Found> {
        Box::pin(async move {
            let mut reference = self.shared.find(name).await?;
            loop {
                let info = reference.info();
                let bytes = match range {
                    Some(range) => range.resolve(info.size)?,
                    None => 0..info.size,
                };
                match self.shared.open(&reference, bytes.clone()).await {
                    Ok(body) => return Ok(Found { info, range: bytes, body }),
                    Err(error) => {
                        // Replaced or deleted in between: look again.
                        let now = self.shared.find(name).await?;
                        if now.blob == reference.blob {
                            return Err(store_failed(&error));
                        }
                        reference = now;
                    }
                }
            }
        })
    }

    fn head<'a>(&'a self, name: &'a ArtifactName) -> Pending<'a, ArtifactInfo> {
        Box::pin(async { Ok(self.shared.find(name).await?.info()) })
    }

    fn delete<'a>(&'a self, name: &'a ArtifactName, conditions: Conditions) -> Pending<'a, ()> {
        Box::pin(self.shared.delete(name, conditions))
    }

    fn list<'a>(&'a self, prefix: &'a str, cursor: Option<&'a str>) -> Pending<'a, ArtifactPage> {
        Box::pin(async move {
            let page = self.shared.page(prefix, cursor).await;
            page.map_err(|error| store_failed(&error))
        })
    }

    fn stored_bytes(&self) -> u64 {
        self.shared.usage.bytes()
    }
}

impl Shared {
    pub(super) fn blob(&self, id: &str) -> Path {
        self.blobs.clone().join(id)
    }

    pub(super) fn blobs(&self) -> &Path {
        &self.blobs
    }

    pub(super) fn names(&self) -> &Path {
        &self.names
    }

    pub(super) fn key(&self, name: &ArtifactName) -> Result<Path, Refusal> {
        key(&self.names, name.as_str())
    }

    async fn find(&self, name: &ArtifactName) -> Result<Reference, Refusal> {
        // A name that the store does not take stands for nothing in it.
        let key = self.key(name).map_err(|_| not_found())?;
        let seen = read(&self.store, &key).await.map_err(|error| store_failed(&error))?;
        seen.reference.ok_or_else(not_found)
    }

    async fn open(
        &self,
        reference: &Reference,
        bytes: std::ops::Range<u64>,
    ) -> Result<Body, Error> {
        if bytes.is_empty() {
            return Ok(full(Bytes::new()));
        }
        let options = GetOptions { range: Some(GetRange::Bounded(bytes)), ..GetOptions::default() };
        let found = self.store.get_opts(&self.blob(&reference.blob), options).await?;
        let frames = found.into_stream().map_ok(Frame::data).map_err(|error| {
            // Not the message: it names the operator's buckets.
            let kind = match error {
                Error::NotFound { .. } => std::io::ErrorKind::NotFound,
                _ => std::io::ErrorKind::Other,
            };
            BodyError::Read(kind.into())
        });
        Ok(StreamBody::new(frames).boxed_unsync())
    }

    async fn delete(&self, name: &ArtifactName, conditions: Conditions) -> Result<(), Refusal> {
        let failed = |error| store_failed(&error);
        let key = self.key(name).map_err(|_| not_found())?;
        let mut races = Races::default();
        loop {
            let seen = read(&self.store, &key).await.map_err(failed)?;
            let present = seen.reference.as_ref().ok_or_else(not_found)?;
            conditions.allow(Some(present.digest))?;
            let mut gone = Amount { bytes: present.size, count: 1 };
            if conditions.replaces.is_some() {
                // Stores remove without conditions only; they write with.
                match write(&self.store, &key, &seen, None).await.map_err(failed)? {
                    Written::Done => gone.count = 0,
                    Written::Raced => {
                        races.again().await?;
                        continue;
                    }
                }
            } else {
                self.store.delete(&key).await.map_err(failed)?;
            }
            // Failing that, it is garbage.
            let _ = self.store.delete(&self.blob(&present.blob)).await;
            self.usage.removed(gone);
            return Ok(());
        }
    }

    async fn page(&self, prefix: &str, cursor: Option<&str>) -> Result<ArtifactPage, Error> {
        let mut found = Vec::new();
        // Listings start behind a key, never at it.
        let whole = prefix.parse().ok().filter(|_| cursor.is_none_or(|cursor| cursor < prefix));
        if let Some(key) = whole.and_then(|name| self.key(&name).ok()) {
            found.extend(read(&self.store, &key).await?.reference);
        }
        let start = prefix.max(cursor.unwrap_or_default());
        let offset = key(&self.names, start.trim_end_matches('/')).ok();
        let listing = match offset.filter(|_| !start.is_empty()) {
            Some(offset) => self.store.list_with_offset(Some(&self.names), &offset),
            None => self.store.list(Some(&self.names)),
        };
        let directory = format!("{}/", self.names);
        let references = listing
            .try_take_while(|object| {
                let name = object.location.as_ref().strip_prefix(&directory).unwrap_or_default();
                std::future::ready(Ok(name.starts_with(prefix) || name <= prefix))
            })
            .try_filter(|object| {
                let name = object.location.as_ref().strip_prefix(&directory).unwrap_or_default();
                let wanted = name.starts_with(prefix) && name > start;
                // An empty reference stands for nothing.
                std::future::ready(object.size > 0 && wanted)
            })
            .map_ok(|object| async move { read(&self.store, &object.location).await })
            .try_buffered(READS)
            .try_filter_map(|seen| std::future::ready(Ok(seen.reference)));
        let mut references = std::pin::pin!(references);
        let mut page = ArtifactPage::default();
        while found.len() <= PAGE {
            match references.try_next().await? {
                Some(reference) => found.push(reference),
                None => break,
            }
        }
        page.artifacts = found.iter().take(PAGE).map(Reference::info).collect();
        if found.len() > PAGE {
            page.cursor = page.artifacts.last().map(|info| info.name.to_string());
        }
        Ok(page)
    }

    /// Counts what is stored, if it is time to.
    pub(super) async fn count(&self, is_full: bool) -> Result<(), Refusal> {
        let Some(counting) = self.usage.count_again(is_full) else {
            return Ok(());
        };
        let sum = async {
            let list = |directory| self.store.list(Some(directory));
            let bytes = list(&self.blobs).try_fold(0_u64, |sum, object| {
                std::future::ready(Ok(sum.saturating_add(object.size)))
            });
            let count = list(&self.names).try_fold(0, |count, _| std::future::ready(Ok(count + 1)));
            let (bytes, count) = tokio::try_join!(bytes, count)?;
            Ok(Amount { bytes, count })
        };
        let sum = sum.await.map_err(|error: Error| store_failed(&error))?;
        self.usage.counted(&counting, sum);
        Ok(())
    }
}

/// What a name takes of the quota.
pub(super) fn amount(seen: &Seen) -> Amount {
    Amount {
        bytes: seen.reference.as_ref().map_or(0, |reference| reference.size),
        count: u64::from(seen.exists()),
    }
}

/// How often somebody else was faster.
#[derive(Default)]
pub(super) struct Races(u32);

impl Races {
    /// Waits a little before the next try; longer and less evenly with each.
    pub(super) async fn again(&mut self) -> Result<(), Refusal> {
        self.0 += 1;
        if self.0 > RACES {
            let mut refusal =
                refuse(ErrorCode::Unavailable, "others write the name all the time; try again");
            refusal.retry_after_ms = Some(1_000);
            return Err(refusal);
        }
        let chance = random::hex::<1>().ok().and_then(|hex| u64::from_str_radix(&hex, 16).ok());
        let most = u64::from(self.0.min(8)) * 10;
        let pause = most * chance.unwrap_or(128) / 256;
        tokio::time::sleep(Duration::from_millis(pause)).await;
        Ok(())
    }
}
