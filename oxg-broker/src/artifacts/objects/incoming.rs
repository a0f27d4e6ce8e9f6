use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use object_store::path::Path;
use object_store::{Error, MultipartUpload, ObjectStoreExt as _, PutPayload};
use oxg_protocol::ErrorCode;
use oxg_protocol::artifact::ArtifactInfo;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::error::store_failed;
use super::reference::{Reference, Written, read, write};
use super::store::{Races, Shared, amount};
use super::usage::Amount;
use crate::artifacts::Conditions;
use crate::artifacts::store::{Incoming, Pending};
use crate::error::{Refusal, refuse};
use crate::random;

/// The size of all parts but the last. Stores take at most 10,000 parts, the smallest of 5 MiB.
const PART: usize = 8 << 20;
/// How long an upload may take in all: far less than what makes bytes without a name garbage.
pub(super) const MOST_TIME: Duration = Duration::from_secs(12 * 3600);

/// Bytes on their way into an object store.
#[derive(Debug)]
pub(super) struct ObjectIncoming {
    shared: Arc<Shared>,
    id: String,
    /// The ids before, under which a reference was sent.
    earlier: Vec<String>,
    begun: Instant,
    taken: u64,
    state: State,
    naming: Naming,
}

/// Whether a reference names the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Naming {
    None,
    /// A reference was sent: the next look shows.
    Asked,
    /// A reference was sent and nobody knows whether it may still arrive.
    Unknown,
    Done,
}

#[derive(Debug)]
enum State {
    /// Less than a part: sent in one call at the end.
    Small(BytesMut),
    Parts(Parts),
    /// All of it is in the store.
    Stored,
    /// A part was lost; there is no way to send it again.
    Broken,
}

#[derive(Debug)]
struct Parts {
    upload: Box<dyn MultipartUpload>,
    /// What is not sent yet; less than a part.
    rest: BytesMut,
    /// The part that is being sent.
    sending: Option<AbortOnDropHandle<Result<(), Error>>>,
}

impl ObjectIncoming {
    pub(super) fn new(shared: Arc<Shared>) -> Result<Self, Refusal> {
        let id = random::hex::<16>();
        let id = id.map_err(|_| refuse(ErrorCode::Internal, "no random bytes"))?;
        let state = State::Small(BytesMut::new());
        Ok(Self {
            shared,
            id,
            earlier: Vec::new(),
            begun: Instant::now(),
            taken: 0,
            state,
            naming: Naming::None,
        })
    }

    /// Takes `pieces`; after an error nothing can follow, as what is there is not known.
    async fn take(&mut self, offset: u64, pieces: Vec<Bytes>) -> Result<(), Refusal> {
        if offset != self.taken {
            self.state = State::Broken;
        }
        for mut piece in pieces {
            while !piece.is_empty() {
                let rest = match &mut self.state {
                    State::Small(rest) => rest,
                    State::Parts(parts) => &mut parts.rest,
                    State::Stored => {
                        let detail = "the upload was completed; close it again or cancel it";
                        return Err(refuse(ErrorCode::Conflict, detail));
                    }
                    State::Broken => return Err(broken()),
                };
                let room = PART.saturating_sub(rest.len());
                let taken = piece.split_to(room.min(piece.len()));
                rest.extend_from_slice(&taken);
                self.taken += taken.len() as u64;
                if rest.len() == PART {
                    self.send_part().await.map_err(|error| store_failed(&error))?;
                }
            }
        }
        Ok(())
    }

    /// Sends what is there as a part, while the next one is collected.
    async fn send_part(&mut self) -> Result<(), Error> {
        let (mut parts, part) = match std::mem::replace(&mut self.state, State::Broken) {
            State::Small(part) => {
                let upload = self.shared.store.put_multipart(&self.blob()).await?;
                (Parts { upload, rest: BytesMut::new(), sending: None }, part)
            }
            State::Parts(mut parts) => {
                let part = parts.rest.split();
                (parts, part)
            }
            state => {
                self.state = state;
                return Ok(());
            }
        };
        parts.send(part.freeze()).await?;
        self.state = State::Parts(parts);
        Ok(())
    }

    /// Makes the bytes one object, which nobody finds yet.
    async fn store(&mut self, size: u64) -> Result<(), Refusal> {
        let failed = |error| store_failed(&error);
        match &mut self.state {
            State::Small(bytes) => {
                // Copied, so that it can be sent again after a failure.
                let payload = PutPayload::from(Bytes::copy_from_slice(bytes));
                let blob = self.shared.blob(&self.id);
                self.shared.store.put(&blob, payload).await.map_err(failed)?;
            }
            State::Parts(_) => self.complete(size).await.map_err(failed)?,
            State::Stored => {}
            State::Broken => return Err(broken()),
        }
        self.state = State::Stored;
        Ok(())
    }

    async fn complete(&mut self, size: u64) -> Result<(), Error> {
        if let State::Parts(mut parts) = std::mem::replace(&mut self.state, State::Broken) {
            parts.complete().await?;
        }
        let stored = self.shared.store.head(&self.blob()).await?.size;
        if stored != size {
            let source = format!("{size} bytes were sent and {stored} are there").into();
            return Err(Error::Generic { store: "parts", source });
        }
        Ok(())
    }

    fn is_own(&self, id: &str) -> bool {
        self.id == id || self.earlier.iter().any(|earlier| earlier == id)
    }

    /// Gives the bytes another id before they are named again. The reference that was sent may have
    /// been there, and whoever replaced it removes what it named, perhaps only after the next look.
    /// False if that has happened: the artifact was stored, and others came after it.
    async fn move_on(&mut self, asked: Naming) -> Result<bool, Refusal> {
        let id = random::hex::<16>();
        let id = id.map_err(|_| refuse(ErrorCode::Internal, "no random bytes"))?;
        let old = self.blob();
        match self.shared.store.copy(&old, &self.shared.blob(&id)).await {
            Ok(()) => {}
            Err(Error::NotFound { .. }) => return Ok(false),
            Err(error) => {
                // The next attempt must move on as well.
                self.naming = asked;
                return Err(store_failed(&error));
            }
        }
        if asked == Naming::Asked {
            // Whoever was faster was told to this broker: the reference arrives no more.
            let _ = self.shared.store.delete(&old).await;
        }
        self.earlier.push(std::mem::replace(&mut self.id, id));
        Ok(true)
    }

    fn blob(&self) -> Path {
        self.shared.blob(&self.id)
    }

    async fn name(&mut self, info: ArtifactInfo, conditions: Conditions) -> Result<(), Refusal> {
        if self.begun.elapsed() > MOST_TIME {
            let detail = "the upload took too long; begin another";
            return Err(refuse(ErrorCode::DeadlineExceeded, detail));
        }
        let shared = self.shared.clone();
        let key = shared.key(&info.name)?;
        let mut races = Races::default();
        loop {
            let seen = read(&shared.store, &key).await.map_err(|error| store_failed(&error))?;
            let present = seen.reference.as_ref();
            if present.is_some_and(|present| self.is_own(&present.blob)) {
                // An earlier attempt got through, though its answer was lost.
                self.naming = Naming::Done;
                return Ok(());
            }
            let asked = self.naming;
            if asked == Naming::Asked {
                self.naming = Naming::None;
            }
            conditions.allow(present.map(|present| present.digest))?;
            if asked != Naming::None && !self.move_on(asked).await? {
                self.naming = Naming::Done;
                return Ok(());
            }
            let (old, new) = (amount(&seen), Amount { bytes: info.size, count: 1 });
            let reserved = match shared.usage.reserve(shared.quota, old, new) {
                Ok(reserved) => reserved,
                Err(_) => {
                    shared.count(true).await?;
                    shared.usage.reserve(shared.quota, old, new)?
                }
            };
            self.store(info.size).await?;
            let reference = Reference {
                name: info.name.clone(),
                digest: info.digest,
                size: info.size,
                blob: self.id.clone(),
                generation: present.map_or(0, |present| present.generation).saturating_add(1),
            };
            if self.naming == Naming::None {
                self.naming = Naming::Asked;
            }
            match write(&shared.store, &key, &seen, Some(&reference)).await {
                Ok(Written::Done) => {
                    reserved.keep();
                    self.naming = Naming::Done;
                    if let Some(old) = present {
                        // Nobody finds them any more. Failing that, they are garbage.
                        let _ = shared.store.delete(&shared.blob(&old.blob)).await;
                    }
                    return Ok(());
                }
                // Also where the store took the first of two equal requests: the next look shows.
                Ok(Written::Raced) => races.again().await?,
                Err(error) => {
                    self.naming = Naming::Unknown;
                    return Err(store_failed(&error));
                }
            }
        }
    }
}

impl Parts {
    async fn send(&mut self, part: Bytes) -> Result<(), Error> {
        self.sent().await?;
        let sending = self.upload.put_part(PutPayload::from(part));
        self.sending = Some(AbortOnDropHandle::new(tokio::spawn(sending)));
        Ok(())
    }

    async fn sent(&mut self) -> Result<(), Error> {
        match self.sending.take() {
            Some(sending) => sending.await.map_err(|source| Error::JoinError { source })?,
            None => Ok(()),
        }
    }

    async fn complete(&mut self) -> Result<(), Error> {
        if !self.rest.is_empty() {
            let part = self.rest.split().freeze();
            self.send(part).await?;
        }
        self.sent().await?;
        self.upload.complete().await.map(drop)
    }
}

impl Incoming for ObjectIncoming {
    fn write(&mut self, offset: u64, pieces: Vec<Bytes>) -> Pending<'_, ()> {
        Box::pin(self.take(offset, pieces))
    }

    fn commit(&mut self, info: ArtifactInfo, conditions: Conditions) -> Pending<'_, ()> {
        Box::pin(self.name(info, conditions))
    }
}

impl Drop for ObjectIncoming {
    fn drop(&mut self) {
        // Where there is no runtime any more, what is left is garbage.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let shared = self.shared.clone();
        match std::mem::replace(&mut self.state, State::Broken) {
            State::Parts(Parts { mut upload, sending, .. }) => {
                let abort = async move {
                    drop(sending);
                    let _ = upload.abort().await;
                };
                self.shared.writing.spawn_on(abort, &runtime);
            }
            State::Stored if self.naming == Naming::None => {
                let blob = shared.blob(&self.id);
                let remove = async move {
                    let _ = shared.store.delete(&blob).await;
                };
                self.shared.writing.spawn_on(remove, &runtime);
            }
            _ => {}
        }
    }
}

fn broken() -> Refusal {
    refuse(ErrorCode::Unavailable, "a part of the upload was lost; begin another")
}
