//! Resumable uploads: pieces in order, a name at the end.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use oxg_protocol::artifact::{ArtifactInfo, Upload};
use oxg_protocol::{ArtifactName, ErrorCode, Limits, UploadId};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::receive::Receiving;
use super::{Artifacts, Conditions};
use crate::body::Body;
use crate::error::{Refusal, refuse};
use crate::random;

/// How long a call waits for the one before it to let go of the upload.
const HANDOVER: Duration = Duration::from_secs(5);

/// The uploads of one session. They end with it.
///
/// A call that has begun to write or to close runs to its end, whoever still waits for it: what a
/// client asks for after a lost connection is never overtaken by what it asked for before.
#[derive(Debug)]
pub(crate) struct Uploads {
    artifacts: Arc<Artifacts>,
    slots: Arc<Slots>,
}

#[derive(Debug)]
struct Slots {
    open: Mutex<HashMap<UploadId, Slot>>,
    /// Told whenever a call gives an upload back.
    given_back: Notify,
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
    /// A call has the bytes; cancelled, it reads no more of its body.
    Busy(CancellationToken),
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
        let slots = Slots {
            open: Mutex::default(),
            given_back: Notify::new(),
            most: limits.open_uploads as usize,
            idle: Duration::from_millis(limits.upload_idle_ms),
        };
        Self { artifacts, slots: Arc::new(slots) }
    }

    pub(crate) async fn begin(&self) -> Result<Upload, Refusal> {
        let receiving = self.artifacts.receive().await?;
        let id = random::hex::<16>().ok().and_then(|text| text.parse::<UploadId>().ok());
        let id = id.ok_or_else(|| refuse(ErrorCode::Internal, "no random bytes"))?;
        let mut open = self.slots.lock();
        let under_way = open.values().filter(|slot| !slot.is_closed()).count();
        if under_way >= self.slots.most {
            let detail = format!("{} uploads are open; close or cancel one", self.slots.most);
            return Err(refuse(ErrorCode::RateLimited, detail));
        }
        open.insert(id.clone(), self.slots.slot(State::Open(Box::new(receiving))));
        Ok(self.slots.describe(id, 0))
    }

    /// How far the upload is.
    pub(crate) fn progress(&self, id: &UploadId) -> Result<Upload, Refusal> {
        match &self.slots.lock().get(id).ok_or_else(gone)?.state {
            State::Open(receiving) => Ok(self.slots.describe(id.clone(), receiving.size())),
            State::Busy(_) => Err(busy()),
            State::Closed(info) => Ok(self.slots.describe(id.clone(), info.size)),
        }
    }

    /// Takes a piece that starts at `offset`. What came of it counts, even if the call fails. An
    /// older call that still waits for bytes ends: its client has given it up.
    pub(crate) async fn append(
        &self,
        id: &UploadId,
        offset: u64,
        body: Body,
    ) -> Result<Upload, Refusal> {
        let mut taken = self.slots.clone().take(id).await?;
        self.artifacts.to_its_end(async move { taken.append(offset, body).await }).await
    }

    /// Gives the bytes a name. After a refusal they are still there, and can be closed again.
    pub(crate) async fn close(
        &self,
        id: &UploadId,
        name: ArtifactName,
        conditions: Conditions,
    ) -> Result<ArtifactInfo, Refusal> {
        let mut taken = match self.slots.clone().take(id).await {
            Err(refusal) if refusal.code() == ErrorCode::Conflict => {
                return self.slots.closed_as(id, &name, conditions).ok_or(refusal);
            }
            taken => taken?,
        };
        self.artifacts.to_its_end(async move { taken.close(name, conditions).await }).await
    }

    /// Forgets the upload. One that is over already is no error.
    pub(crate) fn cancel(&self, id: &UploadId) {
        let removed = self.slots.lock().remove(id);
        if let Some(Slot { state: State::Busy(call), .. }) = removed {
            call.cancel();
        }
    }
}

impl Slots {
    /// Takes the bytes for a call, as soon as the one before has let go of them.
    async fn take(self: Arc<Self>, id: &UploadId) -> Result<Taken, Refusal> {
        let deadline = Instant::now() + HANDOVER;
        loop {
            let mut given_back = pin!(self.given_back.notified());
            given_back.as_mut().enable();
            {
                let mut open = self.lock();
                let slot = open.get_mut(id).ok_or_else(gone)?;
                match &slot.state {
                    State::Busy(call) => call.cancel(),
                    State::Closed(_) => {
                        let detail = "the upload was closed already";
                        return Err(refuse(ErrorCode::Conflict, detail));
                    }
                    State::Open(_) => {
                        let stop = CancellationToken::new();
                        let state = std::mem::replace(&mut slot.state, State::Busy(stop.clone()));
                        let State::Open(receiving) = state else { return Err(busy()) };
                        let receiving = Some(receiving);
                        let slots = self.clone();
                        return Ok(Taken { slots, id: id.clone(), stop, receiving, closed: None });
                    }
                }
            }
            timeout_at(deadline, given_back).await.map_err(|_| busy())?;
        }
    }

    /// What the upload was closed as, if that is what is asked for.
    fn closed_as(
        &self,
        id: &UploadId,
        name: &ArtifactName,
        conditions: Conditions,
    ) -> Option<ArtifactInfo> {
        match &self.lock().get(id)?.state {
            State::Closed(info) if info.name == *name && conditions.digest == Some(info.digest) => {
                Some(info.clone())
            }
            _ => None,
        }
    }

    fn slot(&self, state: State) -> Slot {
        Slot { state, expires: Instant::now() + self.idle }
    }

    fn describe(&self, id: UploadId, offset: u64) -> Upload {
        Upload::new(id, offset, u64::try_from(self.idle.as_millis()).unwrap_or(u64::MAX))
    }

    /// The uploads without those that have expired.
    fn lock(&self) -> MutexGuard<'_, HashMap<UploadId, Slot>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        open.retain(|_, slot| matches!(slot.state, State::Busy(_)) || slot.expires > now);
        open
    }
}

/// The bytes of an upload while a call has them. They go back when the call ends, however it does.
struct Taken {
    slots: Arc<Slots>,
    id: UploadId,
    stop: CancellationToken,
    receiving: Option<Box<Receiving>>,
    closed: Option<ArtifactInfo>,
}

impl Taken {
    async fn append(&mut self, offset: u64, body: Body) -> Result<Upload, Refusal> {
        let receiving = self.receiving.as_deref_mut().ok_or_else(gone)?;
        let at = receiving.size();
        if at != offset {
            let detail = format!("the upload is at offset {at}, not {offset}");
            let mut refusal = refuse(ErrorCode::RangeNotSatisfiable, detail);
            refusal.offset = Some(at);
            return Err(refusal);
        }
        receiving.read(body, &self.stop).await?;
        Ok(self.slots.describe(self.id.clone(), receiving.size()))
    }

    async fn close(
        &mut self,
        name: ArtifactName,
        conditions: Conditions,
    ) -> Result<ArtifactInfo, Refusal> {
        let receiving = self.receiving.as_deref_mut().ok_or_else(gone)?;
        let info = receiving.keep(name, conditions).await?;
        self.closed = Some(info.clone());
        Ok(info)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut open = self.slots.lock();
        let state = match (self.closed.take(), self.receiving.take()) {
            (Some(info), _) => Some(State::Closed(info)),
            (None, receiving) => receiving.map(State::Open),
        };
        // One that was cancelled meanwhile stays so.
        match (open.get_mut(&self.id), state) {
            (Some(slot), Some(state)) => *slot = self.slots.slot(state),
            (Some(_), None) => drop(open.remove(&self.id)),
            (None, _) => {}
        }
        forget_oldest_closed(&mut open, self.slots.most);
        drop(open);
        self.slots.given_back.notify_waiters();
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
