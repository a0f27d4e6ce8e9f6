//! The store of one broker: a directory, or memory.
//!
//! In a directory, `blobs/` has one file a digest and `index.jsonl` the names. No name of a
//! plugin's ever becomes a path.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Seek as _, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use oxg_fs::{Dir, EntryKind};
use oxg_protocol::artifact::{ArtifactInfo, ArtifactPage};
use oxg_protocol::{ArtifactName, Digest};

use super::index::{Change, Index, IndexLog};
use super::store::{
    ArtifactStore, Found, Incoming, Pending, Quota, blocking, not_found, store_failed,
};
use super::{ByteRange, Conditions};
use crate::body::{FileBody, full};
use crate::error::Refusal;
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
                let bytes = Held::new(&store).map_err(|error| store_failed(&error))?;
                Ok(Box::new(LocalIncoming { store, bytes }) as Box<dyn Incoming>)
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
            blocking(move || {
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

    fn stored_bytes(&self) -> u64 {
        lock(&self.0.index).bytes()
    }
}

impl Inner {
    fn head(&self, name: &ArtifactName) -> Result<ArtifactInfo, Refusal> {
        lock(&self.index).get(name).cloned().ok_or_else(not_found)
    }

    /// Gives `bytes` their name, if that may be. Whatever fails, they are not lost by it.
    fn commit(
        &self,
        bytes: &Complete,
        info: ArtifactInfo,
        conditions: Conditions,
    ) -> Result<(), Refusal> {
        if let Complete::File(file) = bytes {
            file.finish(info.size).map_err(|error| store_failed(&error))?;
        }
        let mut writer = lock(&self.writer);
        {
            let index = lock(&self.index);
            conditions.allow(index.get(&info.name).map(|info| info.digest))?;
            let (bytes, count) = index.usage_with(&info);
            self.quota.check(bytes, count)?;
        }
        let digest = info.digest;
        let kept = self
            .blobs
            .publish(bytes, digest)
            .and_then(|()| self.apply(&mut writer, Change::Put(info)));
        kept.map_err(|error| {
            if !lock(&self.index).is_named(&digest) {
                self.blobs.take_back(bytes, digest);
            }
            store_failed(&error)
        })
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

    /// Puts the bytes where their digest says.
    fn publish(&self, bytes: &Complete, digest: Digest) -> io::Result<()> {
        match (self, bytes) {
            (Self::Memory(blobs), Complete::Memory(bytes)) => {
                lock(blobs).insert(digest, bytes.clone());
                Ok(())
            }
            (Self::Directory(directory), Complete::File(file)) => file.publish(directory, digest),
            _ => Err(io::Error::other("the bytes belong to another store")),
        }
    }

    /// Undoes [`Blobs::publish`] for bytes that got no name.
    fn take_back(&self, bytes: &Complete, digest: Digest) {
        match (self, bytes) {
            (Self::Directory(directory), Complete::File(file)) => file.take_back(directory, digest),
            _ => drop(self.remove(digest)),
        }
    }
}

/// Bytes on their way into a [`LocalStore`].
#[derive(Debug)]
struct LocalIncoming {
    store: Arc<Inner>,
    bytes: Held,
}

#[derive(Debug)]
enum Held {
    Memory(BytesMut),
    File(Arc<IncomingFile>),
}

impl Held {
    fn new(store: &Arc<Inner>) -> io::Result<Self> {
        let Blobs::Directory(directory) = &store.blobs else {
            return Ok(Self::Memory(BytesMut::new()));
        };
        let name = format!("{INCOMING}{}", random::hex::<8>().map_err(io::Error::other)?);
        let file = directory.create_new(&name)?;
        let published = AtomicBool::new(false);
        Ok(Self::File(Arc::new(IncomingFile { store: store.clone(), file, name, published })))
    }
}

impl Incoming for LocalIncoming {
    fn write(&mut self, offset: u64, pieces: Vec<Bytes>) -> Pending<'_, ()> {
        Box::pin(async move {
            match &mut self.bytes {
                Held::Memory(bytes) => {
                    bytes.truncate(usize::try_from(offset).unwrap_or(usize::MAX));
                    pieces.iter().for_each(|piece| bytes.extend_from_slice(piece));
                    Ok(())
                }
                Held::File(file) => {
                    let file = file.clone();
                    blocking(move || file.write(offset, &pieces).map_err(|e| store_failed(&e)))
                        .await
                }
            }
        })
    }

    fn commit(&mut self, info: ArtifactInfo, conditions: Conditions) -> Pending<'_, ()> {
        let store = self.store.clone();
        let bytes = match &self.bytes {
            Held::Memory(bytes) => Complete::Memory(bytes.clone().freeze()),
            Held::File(file) => Complete::File(file.clone()),
        };
        Box::pin(blocking(move || store.commit(&bytes, info, conditions)))
    }
}

/// All the bytes of an artifact that has no name yet.
enum Complete {
    Memory(Bytes),
    File(Arc<IncomingFile>),
}

/// A file that has not the digest of its content for a name yet.
#[derive(Debug)]
struct IncomingFile {
    store: Arc<Inner>,
    file: File,
    name: String,
    /// Whether it has by now. Changed by the holder of the store's `writer` alone.
    published: AtomicBool,
}

impl IncomingFile {
    fn write(&self, mut offset: u64, pieces: &[Bytes]) -> io::Result<()> {
        for piece in pieces {
            self.file.write_all_at(piece, offset)?;
            offset += piece.len() as u64;
        }
        Ok(())
    }

    /// Makes the first `size` bytes durable; a failed write may have left more.
    fn finish(&self, size: u64) -> io::Result<()> {
        self.file.set_len(size)?;
        self.file.sync_all()
    }

    fn publish(&self, directory: &Dir, digest: Digest) -> io::Result<()> {
        let place = digest.to_string();
        if !self.published.load(Ordering::Relaxed) {
            directory.rename(&self.name, &place)?;
            self.published.store(true, Ordering::Relaxed);
        } else if directory.kind(&place)? != Some(EntryKind::File) {
            // Published for a change that failed, and deleted since with the last of its names.
            return Err(io::ErrorKind::NotFound.into());
        }
        directory.sync()
    }

    fn take_back(&self, directory: &Dir, digest: Digest) {
        if directory.rename(&digest.to_string(), &self.name).is_ok() {
            self.published.store(false, Ordering::Relaxed);
        }
    }
}

impl Drop for IncomingFile {
    fn drop(&mut self) {
        if let (Blobs::Directory(directory), false) = (&self.store.blobs, *self.published.get_mut())
        {
            let _ = directory.remove_file(&self.name);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
