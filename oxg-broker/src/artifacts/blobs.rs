//! Where the bytes of artifacts lie: one file a digest, or memory.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;
use oxg_protocol::Digest;
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncWriteExt as _, ReadBuf};

use crate::body::{Body, BodyError, full};
use crate::random;

/// How much of a file is read at a time.
const READ_SIZE: usize = 64 << 10;

/// Bytes by their digest. No name of a plugin's ever becomes a path.
#[derive(Debug)]
pub(crate) enum Blobs {
    Memory(Mutex<BTreeMap<Digest, Bytes>>),
    Directory(PathBuf),
}

/// Bytes on their way in. Dropped before [`Blobs::publish`], they leave nothing behind.
#[derive(Debug)]
pub(crate) enum Incoming {
    Memory(BytesMut),
    File { file: File, path: TemporaryPath },
}

/// Removes its file when dropped; after a rename there is none to remove.
#[derive(Debug)]
pub(crate) struct TemporaryPath(PathBuf);

impl Drop for TemporaryPath {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Incoming {
    pub(crate) async fn write(&mut self, data: &[u8]) -> io::Result<()> {
        match self {
            Self::Memory(bytes) => bytes.extend_from_slice(data),
            Self::File { file, .. } => file.write_all(data).await?,
        }
        Ok(())
    }

    /// Makes the bytes durable, still without a name.
    pub(crate) async fn sync(&mut self) -> io::Result<()> {
        if let Self::File { file, .. } = self {
            file.flush().await?;
            file.sync_all().await?;
        }
        Ok(())
    }
}

impl Blobs {
    pub(crate) fn in_memory() -> Self {
        Self::Memory(Mutex::default())
    }

    /// Blobs in `directory`; what an interrupted write left there is removed.
    pub(crate) fn in_directory(directory: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(directory)?;
        for entry in std::fs::read_dir(directory)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with("incoming-") {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(Self::Directory(directory.to_owned()))
    }

    pub(crate) async fn begin(&self) -> io::Result<Incoming> {
        match self {
            Self::Memory(_) => Ok(Incoming::Memory(BytesMut::new())),
            Self::Directory(directory) => {
                let name = random::hex::<8>().map_err(io::Error::other)?;
                let path = TemporaryPath(directory.join(format!("incoming-{name}")));
                let file = File::create_new(&path.0).await?;
                Ok(Incoming::File { file, path })
            }
        }
    }

    /// Puts the bytes where their digest says. They are durable after [`Blobs::sync`].
    ///
    /// One rename, so that it can be done under a lock.
    pub(crate) fn publish(&self, incoming: Incoming, digest: Digest) -> io::Result<()> {
        match (self, incoming) {
            (Self::Memory(blobs), Incoming::Memory(bytes)) => {
                lock(blobs).insert(digest, bytes.freeze());
                Ok(())
            }
            (Self::Directory(directory), Incoming::File { path, .. }) => {
                std::fs::rename(&path.0, directory.join(digest.to_string()))
            }
            _ => Err(io::Error::other("the bytes belong to another store")),
        }
    }

    /// Makes what was published survive a loss of power.
    pub(crate) async fn sync(&self) -> io::Result<()> {
        match self {
            Self::Memory(_) => Ok(()),
            Self::Directory(directory) => File::open(directory).await?.sync_all().await,
        }
    }

    pub(crate) async fn read(&self, digest: Digest) -> io::Result<Body> {
        match self {
            Self::Memory(blobs) => {
                let bytes = lock(blobs).get(&digest).cloned();
                bytes.map(full).ok_or_else(|| io::ErrorKind::NotFound.into())
            }
            Self::Directory(directory) => {
                let file = File::open(directory.join(digest.to_string())).await?;
                let left = file.metadata().await?.len();
                Ok(FileBody { file, left }.boxed_unsync())
            }
        }
    }

    pub(crate) fn remove(&self, digest: Digest) -> io::Result<()> {
        match self {
            Self::Memory(blobs) => {
                lock(blobs).remove(&digest);
                Ok(())
            }
            Self::Directory(directory) => std::fs::remove_file(directory.join(digest.to_string())),
        }
    }
}

fn lock(blobs: &Mutex<BTreeMap<Digest, Bytes>>) -> MutexGuard<'_, BTreeMap<Digest, Bytes>> {
    blobs.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file, streamed.
struct FileBody {
    file: File,
    left: u64,
}

impl http_body::Body for FileBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let mut space = vec![0; READ_SIZE];
        let mut read = ReadBuf::new(&mut space);
        ready!(Pin::new(&mut self.file).poll_read(cx, &mut read))?;
        let count = read.filled().len();
        if count == 0 {
            let early = io::Error::from(io::ErrorKind::UnexpectedEof);
            return Poll::Ready(Some(Err(early.into())));
        }
        self.left = self.left.saturating_sub(count as u64);
        space.truncate(count);
        Poll::Ready(Some(Ok(Frame::data(space.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
