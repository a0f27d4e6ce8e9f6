//! Resumable uploads: pieces in order, a name at the end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use oxg_protocol::artifact::{ArtifactInfo, Upload};
use oxg_protocol::{ArtifactName, ErrorCode, Limits, UploadId};
use tokio::time::Instant;

use super::receive::Receiving;
use super::{Artifacts, Conditions};
use crate::body::Body;
use crate::error::{Refusal, refuse};
use crate::random;

/// The uploads of one session. They end with it.
#[derive(Debug)]
pub(crate) struct Uploads {
    artifacts: Arc<Artifacts>,
    open: Mutex<HashMap<UploadId, Slot>>,
    most: usize,
    idle: Duration,
}

#[derive(Debug)]
struct Slot {
    state: State,
    expires: Instant,
}

#[derive(Debug)]
enum State {
    Open(Box<Receiving>),
    /// A call has the bytes.
    Busy,
    /// Closing it again gives the same answer, for a client that did not get the first.
    Closed(ArtifactInfo),
}

impl Slot {
    fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed(_))
    }
}

impl Uploads {
    pub(crate) fn new(artifacts: Arc<Artifacts>, limits: &Limits) -> Self {
        Self {
            artifacts,
            open: Mutex::default(),
            most: limits.open_uploads as usize,
            idle: Duration::from_millis(limits.upload_idle_ms),
        }
    }

    pub(crate) async fn begin(&self) -> Result<Upload, Refusal> {
        let receiving = self.artifacts.receive().await?;
        let id = random::hex::<16>().ok().and_then(|text| text.parse::<UploadId>().ok());
        let id = id.ok_or_else(|| refuse(ErrorCode::Internal, "no random bytes"))?;
        let mut open = self.lock();
        let under_way = open.values().filter(|slot| !slot.is_closed()).count();
        if under_way >= self.most {
            let detail = format!("{} uploads are open; close or cancel one", self.most);
            return Err(refuse(ErrorCode::RateLimited, detail));
        }
        let state = State::Open(Box::new(receiving));
        open.insert(id.clone(), Slot { state, expires: Instant::now() + self.idle });
        Ok(self.describe(id, 0))
    }

    /// How far the upload is.
    pub(crate) fn progress(&self, id: &UploadId) -> Result<Upload, Refusal> {
        match &self.lock().get(id).ok_or_else(gone)?.state {
            State::Open(receiving) => Ok(self.describe(id.clone(), receiving.size())),
            State::Busy => Err(busy()),
            State::Closed(info) => Ok(self.describe(id.clone(), info.size)),
        }
    }

    /// Takes a piece that starts at `offset`. What came of it counts, even if the call fails.
    pub(crate) async fn append(
        &self,
        id: &UploadId,
        offset: u64,
        body: Body,
    ) -> Result<Upload, Refusal> {
        let mut taken = self.take(id)?;
        let Some(receiving) = taken.receiving.as_deref_mut() else {
            return Err(gone());
        };
        if receiving.size() != offset {
            let at = receiving.size();
            let detail = format!("the upload is at offset {at}, not {offset}");
            let mut refusal = refuse(ErrorCode::RangeNotSatisfiable, detail);
            refusal.offset = Some(at);
            return Err(refusal);
        }
        let result = receiving.read(body).await;
        let size = receiving.size();
        drop(taken);
        result.map(|()| self.describe(id.clone(), size))
    }

    /// Gives the bytes a name. On a refusal they are gone.
    pub(crate) async fn close(
        &self,
        id: &UploadId,
        name: ArtifactName,
        conditions: Conditions,
    ) -> Result<ArtifactInfo, Refusal> {
        if let Some(Slot { state: State::Closed(info), .. }) = self.lock().get(id) {
            if info.name == name && conditions.digest == Some(info.digest) {
                return Ok(info.clone());
            }
            return Err(refuse(ErrorCode::Conflict, "the upload was closed as another artifact"));
        }
        let mut taken = self.take(id)?;
        let Some(receiving) = taken.receiving.take() else {
            return Err(gone());
        };
        let info = receiving.keep(name, conditions).await?;
        taken.closed = Some(info.clone());
        Ok(info)
    }

    /// Forgets the upload. One that is over already is no error.
    pub(crate) fn cancel(&self, id: &UploadId) {
        self.lock().remove(id);
    }

    fn take(&self, id: &UploadId) -> Result<Taken<'_>, Refusal> {
        let mut open = self.lock();
        let slot = open.get_mut(id).ok_or_else(gone)?;
        match std::mem::replace(&mut slot.state, State::Busy) {
            State::Open(receiving) => Ok(Taken {
                uploads: self,
                id: id.clone(),
                receiving: Some(receiving),
                closed: None,
            }),
            State::Busy => Err(busy()),
            closed @ State::Closed(_) => {
                slot.state = closed;
                Err(refuse(ErrorCode::Conflict, "the upload is closed"))
            }
        }
    }

    fn describe(&self, id: UploadId, offset: u64) -> Upload {
        Upload::new(id, offset, u64::try_from(self.idle.as_millis()).unwrap_or(u64::MAX))
    }

    /// The uploads without those that have expired.
    fn lock(&self) -> MutexGuard<'_, HashMap<UploadId, Slot>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        open.retain(|_, slot| matches!(slot.state, State::Busy) || slot.expires > now);
        open
    }
}

/// The bytes of an upload while a call has them. They go back when the call ends, however it does.
struct Taken<'a> {
    uploads: &'a Uploads,
    id: UploadId,
    receiving: Option<Box<Receiving>>,
    closed: Option<ArtifactInfo>,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut open = self.uploads.lock();
        let state = match (self.receiving.take(), self.closed.take()) {
            (Some(receiving), _) => State::Open(receiving),
            (None, Some(info)) => State::Closed(info),
            (None, None) => {
                open.remove(&self.id);
                return;
            }
        };
        // One that was cancelled meanwhile stays so.
        if let Some(slot) = open.get_mut(&self.id) {
            *slot = Slot { state, expires: Instant::now() + self.uploads.idle };
        }
        forget_oldest_closed(&mut open, self.uploads.most);
    }
}

/// Keeps at most `most` uploads that are closed: they are only for a client that asks twice.
fn forget_oldest_closed(open: &mut HashMap<UploadId, Slot>, most: usize) {
    let closed = open.iter().filter(|(_, slot)| slot.is_closed());
    if closed.clone().count() <= most {
        return;
    }
    let oldest = closed.min_by_key(|(_, slot)| slot.expires).map(|(id, _)| id.clone());
    if let Some(id) = oldest {
        open.remove(&id);
    }
}

fn gone() -> Refusal {
    refuse(ErrorCode::NotFound, "there is no such upload; it was closed, cancelled or expired")
}

fn busy() -> Refusal {
    let mut refusal = refuse(ErrorCode::RateLimited, "another call has the upload; ask again");
    refusal.retry_after_ms = Some(100);
    refusal
}
