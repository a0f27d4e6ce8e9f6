//! The store of one broker: a directory, or memory.
//!
//! In a directory, `blobs/` has one file a digest and `index.jsonl` the names. No name of a
//! plugin's ever becomes a path.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use oxg_fs::Dir;
use oxg_protocol::artifact::{ArtifactInfo, ArtifactPage};
use oxg_protocol::{ArtifactName, Digest, ErrorCode};

use super::index::{Change, Index, IndexLog};
use super::store::{ArtifactStore, Found, Incoming, Pending, Quota, not_found, store_failed};
use super::{ByteRange, Conditions};
use crate::body::{FileBody, full};
use crate::error::{Refusal, refuse};
use crate::random;
use http_body_util::BodyExt as _;

/// How the file of bytes on their way in is called, before its random part.
const INCOMING: &str = "incoming-";

/// The store of one broker.
#[derive(Debug)]
pub(super) struct LocalStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Held over each commit and its I/O, so that of two writers each sees the other whole.
    writer: Mutex<Writer>,
    /// Held for look-ups only, never over I/O. Changed by the holder of `writer` alone.
    index: Mutex<Index>,
    blobs: Blobs,
    quota: Quota,
}

/// Where changes are written down; nowhere for a store in memory.
#[derive(Debug)]
struct Writer(Option<(Dir, IndexLog)>);

#[derive(Debug)]
enum Blobs {
    Memory(Mutex<BTreeMap<Digest, Bytes>>),
    Directory(Dir),
}

impl LocalStore {
    pub(super) fn in_memory(quota: Quota) -> Self {
        let blobs = Blobs::Memory(Mutex::default());
        Self::new(Writer(None), Index::default(), blobs, quota)
    }

    /// The store in `directory`, which is made if it is not there. What an interrupted write left
    /// in it is removed, and so are bytes without a name.
    pub(super) fn in_directory(directory: &Path, quota: Quota) -> io::Result<Self> {
        std::fs::create_dir_all(directory)?;
        let root = Dir::open(directory)?;
        let (log, index) = IndexLog::open(&root)?;
        let blobs = root.make_directory("blobs")?;
        for entry in blobs.entries()? {
            let named = entry.name.parse().is_ok_and(|digest| index.is_named(&digest));
            if !named {
                blobs.remove_file(&entry.name)?;
            }
        }
        root.sync()?;
        Ok(Self::new(Writer(Some((root, log))), index, Blobs::Directory(blobs), quota))
    }

    fn new(writer: Writer, index: Index, blobs: Blobs, quota: Quota) -> Self {
        let (writer, index) = (Mutex::new(writer), Mutex::new(index));
        Self(Arc::new(Inner { writer, index, blobs, quota }))
    }
}

impl ArtifactStore for LocalStore {
    fn begin(&self) -> Pending<'_, Box<dyn Incoming>> {
        Box::pin(async {
            let store = self.0.clone();
            blocking(move || {
                let bytes = match &store.blobs {
                    Blobs::Memory(_) => Held::Memory(BytesMut::new()),
                    Blobs::Directory(directory) => {
                        let random = random::hex::<8>().map_err(io::Error::other)?;
                        let name = format!("{INCOMING}{random}");
                        let file = directory.create_new(&name)?;
                        Held::File { file: Arc::new(Mutex::new(file)), name }
                    }
                };
                Ok(Box::new(LocalIncoming { store, bytes, published: false }) as Box<dyn Incoming>)
            })
            .await
        })
    }

    fn open<'a>(&'a self, name: &'a ArtifactName, range: Option<ByteRange>) -> Pending<'a, Found> {
        Box::pin(async move {
            loop {
                let info = self.0.head(name)?;
                let bytes = match range {
                    Some(range) => range.resolve(info.size)?,
                    None => 0..info.size,
                };
                let body = match &self.0.blobs {
                    Blobs::Memory(blobs) => {
                        let part = lock(blobs).get(&info.digest).and_then(|blob| {
                            let part = usize::try_from(bytes.start).ok()?
                                ..usize::try_from(bytes.end).ok()?;
                            (part.end <= blob.len()).then(|| blob.slice(part))
                        });
                        part.map(full).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
                    }
                    Blobs::Directory(_) => {
                        let (store, digest, start) = (self.0.clone(), info.digest, bytes.start);
                        let opened = tokio::task::spawn_blocking(move || {
                            let Blobs::Directory(directory) = &store.blobs else {
                                return Err(io::ErrorKind::NotFound.into());
                            };
                            let mut file = directory.open_file(&digest.to_string())?;
                            file.seek(SeekFrom::Start(start))?;
                            Ok(file)
                        });
                        let file =
                            opened.await.unwrap_or_else(|error| Err(io::Error::other(error)));
                        let length = bytes.end - bytes.start;
                        file.map(|file| FileBody::new(file, length).boxed_unsync())
                    }
                };
                match body {
                    Ok(body) => return Ok(Found { info, range: bytes, body }),
                    // Replaced or deleted in between: look again.
                    Err(error)
                        if error.kind() == io::ErrorKind::NotFound
                            && self.0.head(name)?.digest != info.digest => {}
                    Err(error) => return Err(store_failed(&error)),
                }
            }
        })
    }

    fn head<'a>(&'a self, name: &'a ArtifactName) -> Pending<'a, ArtifactInfo> {
        Box::pin(async { self.0.head(name) })
    }

    fn delete<'a>(&'a self, name: &'a ArtifactName, conditions: Conditions) -> Pending<'a, ()> {
        Box::pin(async move {
            let (store, name) = (self.0.clone(), name.clone());
            deciding(move || {
                let mut writer = lock(&store.writer);
                let present = store.head(&name)?.digest;
                conditions.allow(Some(present))?;
                store.apply(&mut writer, Change::Delete(name)).map_err(|e| store_failed(&e))
            })
            .await
        })
    }

    fn list<'a>(&'a self, prefix: &'a str, cursor: Option<&'a str>) -> Pending<'a, ArtifactPage> {
        Box::pin(async move { Ok(lock(&self.0.index).page(prefix, cursor)) })
    }
}

impl Inner {
    fn head(&self, name: &ArtifactName) -> Result<ArtifactInfo, Refusal> {
        lock(&self.index).get(name).cloned().ok_or_else(not_found)
    }

    /// Writes a change down, then lets readers see it, then removes what nobody can reach.
    fn apply(&self, writer: &mut Writer, change: Change) -> io::Result<()> {
        if let Some((_, log)) = &mut writer.0 {
            log.append(&change)?;
        }
        let mut index = lock(&self.index);
        let unnamed = index.apply(change);
        if let Some(digest) = unnamed {
            // Failing that, they are garbage until the next start. Whoever reads them has them open.
            let _ = self.blobs.remove(digest);
        }
        if let Some((root, log)) = &mut writer.0 {
            // Failing that, the old log is as good.
            let _ = log.compact(root, &index);
        }
        Ok(())
    }
}

impl Blobs {
    fn remove(&self, digest: Digest) -> io::Result<()> {
        match self {
            Self::Memory(blobs) => {
                lock(blobs).remove(&digest);
                Ok(())
            }
            Self::Directory(directory) => directory.remove_file(&digest.to_string()),
        }
    }
}

/// Bytes on their way into a [`LocalStore`].
#[derive(Debug)]
struct LocalIncoming {
    store: Arc<Inner>,
    bytes: Held,
    /// Whether the file has its digest for a name, so that there is none to remove.
    published: bool,
}

#[derive(Debug)]
enum Held {
    Memory(BytesMut),
    /// The mutex is taken by one blocking call at a time; one that was abandoned still holds it.
    File {
        file: Arc<Mutex<File>>,
        name: String,
    },
}

impl Incoming for LocalIncoming {
    fn write(&mut self, offset: u64, data: Bytes) -> Pending<'_, ()> {
        Box::pin(async move {
            match &mut self.bytes {
                Held::Memory(bytes) => bytes.extend_from_slice(&data),
                Held::File { file, .. } => {
                    let file = file.clone();
                    blocking(move || {
                        let mut file = lock(&file);
                        // An abandoned call may have written a part.
                        file.seek(SeekFrom::Start(offset))?;
                        file.write_all(&data)
                    })
                    .await?;
                }
            }
            Ok(())
        })
    }

    fn commit(
        mut self: Box<Self>,
        info: ArtifactInfo,
        conditions: Conditions,
    ) -> Pending<'static, ()> {
        Box::pin(deciding(move || {
            if let Held::File { file, .. } = &self.bytes {
                let file = lock(file);
                file.set_len(info.size)
                    .and_then(|()| file.sync_all())
                    .map_err(|e| store_failed(&e))?;
            }
            let store = self.store.clone();
            let mut writer = lock(&store.writer);
            {
                let index = lock(&store.index);
                conditions.allow(index.get(&info.name).map(|info| info.digest))?;
                let (bytes, count) = index.usage_with(&info);
                store.quota.check(bytes, count)?;
            }
            let digest = info.digest;
            let kept =
                self.publish(digest).and_then(|()| store.apply(&mut writer, Change::Put(info)));
            kept.map_err(|error| {
                if !lock(&store.index).is_named(&digest) {
                    let _ = store.blobs.remove(digest);
                }
                store_failed(&error)
            })
        }))
    }
}

impl LocalIncoming {
    /// Puts the bytes where their digest says.
    fn publish(&mut self, digest: Digest) -> io::Result<()> {
        match (&self.store.blobs, &mut self.bytes) {
            (Blobs::Memory(blobs), Held::Memory(bytes)) => {
                lock(blobs).insert(digest, std::mem::take(bytes).freeze());
                Ok(())
            }
            (Blobs::Directory(directory), Held::File { name, .. }) => {
                directory.rename(name, &digest.to_string())?;
                self.published = true;
                directory.sync()
            }
            _ => Err(io::Error::other("the bytes belong to another store")),
        }
    }
}

impl Drop for LocalIncoming {
    fn drop(&mut self) {
        if let (Blobs::Directory(directory), Held::File { name, .. }, false) =
            (&self.store.blobs, &self.bytes, self.published)
        {
            let _ = directory.remove_file(name);
        }
    }
}

/// File I/O, off the runtime's threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Refusal> {
    deciding(move || work().map_err(|error| store_failed(&error))).await
}

/// A decision with file I/O, off the runtime's threads. It runs to its end even if nobody waits.
async fn deciding<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(refuse(ErrorCode::Internal, "the artifact store failed")))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
