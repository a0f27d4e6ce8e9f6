//! Room for bytes that have no name yet.

use std::sync::{Arc, Mutex, PoisonError};

use oxg_protocol::ErrorCode;

use super::store::{ArtifactStore, Quota};
use crate::error::{Refusal, refuse};

/// How much is on its way into one plugin's store.
///
/// What is stored and what is on its way together may take the quota and one artifact more: there
/// must be room to replace an artifact when the quota is full. Whether a name may have the bytes is
/// decided when it gets them.
#[derive(Debug, Clone)]
pub(super) struct Room {
    store: Arc<dyn ArtifactStore>,
    taken: Arc<Mutex<u64>>,
    most: u64,
}

impl Room {
    pub(super) fn new(store: Arc<dyn ArtifactStore>, quota: Quota) -> Self {
        let most = quota.total_bytes.saturating_add(quota.artifact_bytes);
        Self { store, taken: Arc::default(), most }
    }

    /// A place for one artifact on its way in; empty at first.
    pub(super) fn place(&self) -> Place {
        Place { room: self.clone(), bytes: 0 }
    }
}

/// What one artifact on its way in takes; given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    room: Room,
    bytes: u64,
}

impl Place {
    /// Takes room until there is enough for `bytes` in all.
    pub(super) fn reach(&mut self, bytes: u64) -> Result<(), Refusal> {
        let more = bytes.saturating_sub(self.bytes);
        let stored = self.room.store.stored_bytes();
        let mut taken = self.room.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if stored.saturating_add(*taken).saturating_add(more) > self.room.most {
            let detail = format!(
                "{stored} bytes are stored and {taken} on their way, and the quota leaves no room for \
                 {more} more; close or cancel uploads, delete artifacts, or ask the operator for a \
                 larger quota"
            );
            return Err(refuse(ErrorCode::PayloadTooLarge, detail));
        }
        *taken += more;
        self.bytes += more;
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *self.room.taken.lock().unwrap_or_else(PoisonError::into_inner) -= self.bytes;
    }
}
