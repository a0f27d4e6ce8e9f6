//! What a store of artifacts must do, wherever it keeps them.

use std::fmt;
use std::io;
use std::ops::Range;
use std::pin::Pin;

use bytes::Bytes;
use oxg_protocol::artifact::{ArtifactInfo, ArtifactPage};
use oxg_protocol::{ArtifactName, ErrorCode, Limits};

use super::{ByteRange, Conditions};
use crate::body::Body;
use crate::error::{Refusal, refuse};

/// The most artifacts on one page of a list.
pub(crate) const PAGE: usize = 500;

/// The answer of a store, in the making.
pub(crate) type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, Refusal>> + Send + 'a>>;

/// The artifacts of one plugin: bytes, and names for them.
///
/// Each plugin has a store of its own. Equal bytes of two plugins are stored twice, so that neither
/// the answer nor the time of a call tells one plugin what another keeps.
pub(crate) trait ArtifactStore: fmt::Debug + Send + Sync {
    /// Bytes on their way in.
    fn begin(&self) -> Pending<'_, Box<dyn Incoming>>;

    /// Opens the artifact; what is read stays the same bytes, whatever happens to the name.
    fn open<'a>(&'a self, name: &'a ArtifactName, range: Option<ByteRange>) -> Pending<'a, Found>;

    /// Digest and size.
    fn head<'a>(&'a self, name: &'a ArtifactName) -> Pending<'a, ArtifactInfo>;

    /// Removes the name, and the bytes if they have no other.
    fn delete<'a>(&'a self, name: &'a ArtifactName, conditions: Conditions) -> Pending<'a, ()>;

    /// At most [`PAGE`] artifacts in the order of their names.
    fn list<'a>(&'a self, prefix: &'a str, cursor: Option<&'a str>) -> Pending<'a, ArtifactPage>;

    /// How many bytes are stored, as far as this broker knows.
    fn stored_bytes(&self) -> u64;
}

/// Bytes on their way in. Dropped, they leave nothing behind.
///
/// Each call is awaited to its end before the next one is made.
pub(crate) trait Incoming: fmt::Debug + Send {
    /// Adds `pieces` at `offset`, the number of bytes written before. After an error some of them
    /// may be there; the next call has the same offset then.
    fn write(&mut self, offset: u64, pieces: Vec<Bytes>) -> Pending<'_, ()>;

    /// Makes the bytes durable and gives them their name, if `conditions` hold and the quota has
    /// room. After that, and not before, readers see them. After a refusal it may be asked again.
    fn commit(&mut self, info: ArtifactInfo, conditions: Conditions) -> Pending<'_, ()>;
}

/// An artifact, open for reading.
pub(crate) struct Found {
    pub(crate) info: ArtifactInfo,
    /// Which of its bytes `body` has.
    pub(crate) range: Range<u64>,
    pub(crate) body: Body,
}

/// How much one plugin may keep.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quota {
    pub(crate) artifact_bytes: u64,
    pub(crate) total_bytes: u64,
    pub(crate) count: u64,
}

impl Quota {
    pub(crate) fn of(limits: &Limits) -> Self {
        Self {
            artifact_bytes: limits.artifact_bytes,
            total_bytes: limits.artifact_total_bytes,
            count: limits.artifact_count,
        }
    }

    /// Whether a plugin may keep `bytes` in `count` artifacts.
    pub(crate) fn check(self, bytes: u64, count: u64) -> Result<(), Refusal> {
        let detail = if count > self.count {
            format!("the plugin keeps {} artifacts and may not keep more", self.count)
        } else if bytes > self.total_bytes {
            format!("the plugin's artifacts would have {bytes} bytes of {}", self.total_bytes)
        } else {
            return Ok(());
        };
        let detail = format!("{detail}; delete some, or ask the operator for a larger quota");
        Err(refuse(ErrorCode::PayloadTooLarge, detail))
    }
}

/// Work that would hold up a thread of the runtime, on a thread of its own. It runs to its end even
/// if nobody waits.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(refuse(ErrorCode::Internal, "the artifact store failed")))
}

pub(crate) fn not_found() -> Refusal {
    refuse(ErrorCode::NotFound, "there is no such artifact")
}

/// The kind, not the message: that may name paths of the host.
pub(crate) fn store_failed(error: &io::Error) -> Refusal {
    let detail = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "the broker's disk is full; nothing was stored".to_owned()
        }
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            "the broker may not write its artifact store; nothing was stored".to_owned()
        }
        kind => format!("the artifact store failed: {kind}"),
    };
    refuse(ErrorCode::Unavailable, detail)
}
