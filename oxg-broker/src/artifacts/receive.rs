//! Bytes on their way in: counted, hashed, limited.

use bytes::Bytes;
use http_body_util::BodyExt as _;
use oxg_protocol::artifact::ArtifactInfo;
use oxg_protocol::digest::Hasher;
use oxg_protocol::{ArtifactName, ErrorCode};
use tokio_util::sync::CancellationToken;

use super::Conditions;
use super::room::Place;
use super::store::{Incoming, blocking};
use crate::body::{Body, BodyError, CutShort};
use crate::error::{Refusal, refuse};

/// How much is collected before it is hashed and written, while more is collected.
const BLOCK: usize = 1 << 20;
/// The most pieces of a block: a peer that sends single bytes must not make it large.
const MOST_PIECES: usize = 64;
/// What is hashed where it is; more goes to a thread for it.
const HASHED_IN_PLACE: usize = 16 << 10;

/// Bytes on their way in, and what is known of them. Dropped, they leave nothing behind.
#[derive(Debug)]
pub(crate) struct Receiving {
    incoming: Box<dyn Incoming>,
    place: Place,
    hasher: Hasher,
    size: u64,
    limit: u64,
}

impl Receiving {
    pub(super) fn new(incoming: Box<dyn Incoming>, place: Place, limit: u64) -> Self {
        Self { incoming, place, hasher: Hasher::default(), size: 0, limit }
    }

    /// The number of bytes so far.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Takes what `body` gives, to its end or until `stop`. What came before an error counts as
    /// received.
    pub(crate) async fn read(
        &mut self,
        mut body: Body,
        stop: &CancellationToken,
    ) -> Result<(), Refusal> {
        let limit = self.limit;
        let mut block = Block::collect(&mut body, stop, limit).await;
        while block.end.is_none() {
            let (written, next) =
                tokio::join!(self.write(block), Block::collect(&mut body, stop, limit));
            written?;
            block = next;
        }
        let end = block.end.take().unwrap_or(Ok(()));
        self.write(block).await.and(end)
    }

    async fn write(&mut self, block: Block) -> Result<(), Refusal> {
        let size = self.size.saturating_add(block.size as u64);
        if size > self.limit {
            return Err(too_large(self.limit));
        }
        if block.size == 0 {
            return Ok(());
        }
        self.place.reach(size)?;
        let hashing = hash(self.hasher.clone(), block.pieces.clone(), block.size);
        let (written, hashed) = tokio::join!(self.incoming.write(self.size, block.pieces), hashing);
        written?;
        // Both at once: digest and size are about the same bytes.
        (self.hasher, self.size) = (hashed?, size);
        Ok(())
    }

    /// Gives the bytes a name. After a refusal they are still here.
    pub(crate) async fn keep(
        &mut self,
        name: ArtifactName,
        conditions: Conditions,
    ) -> Result<ArtifactInfo, Refusal> {
        let digest = self.hasher.clone().finish();
        conditions.check(digest)?;
        let info = ArtifactInfo::new(name, digest, self.size);
        self.incoming.commit(info.clone(), conditions).await?;
        Ok(info)
    }
}

/// A part of a body.
struct Block {
    pieces: Vec<Bytes>,
    size: usize,
    /// How the body ended, if it did.
    end: Option<Result<(), Refusal>>,
}

impl Block {
    async fn collect(body: &mut Body, stop: &CancellationToken, limit: u64) -> Self {
        let mut block = Self { pieces: Vec::new(), size: 0, end: None };
        while block.size < BLOCK && block.pieces.len() < MOST_PIECES {
            let frame = tokio::select! {
                biased;
                () = stop.cancelled() => {
                    let detail = "another call took the upload over";
                    block.end = Some(Err(refuse(ErrorCode::Conflict, detail)));
                    break;
                }
                frame = body.frame() => frame,
            };
            match frame {
                None => block.end = Some(Ok(())),
                Some(Err(error)) => block.end = Some(Err(broken(&error, limit))),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        block.size += data.len();
                        block.pieces.push(data);
                    }
                }
            }
            if block.end.is_some() {
                break;
            }
        }
        block
    }
}

async fn hash(mut hasher: Hasher, pieces: Vec<Bytes>, size: usize) -> Result<Hasher, Refusal> {
    let work = move || {
        pieces.iter().for_each(|piece| hasher.update(piece));
        hasher
    };
    if size <= HASHED_IN_PLACE {
        return Ok(work());
    }
    blocking(move || Ok(work())).await
}

fn broken(error: &BodyError, limit: u64) -> Refusal {
    match error {
        BodyError::CutShort(CutShort::TooLarge(_)) => too_large(limit),
        BodyError::CutShort(cut) => refuse(ErrorCode::DeadlineExceeded, cut.to_string()),
        _ => refuse(ErrorCode::InvalidRequest, "the body ended early"),
    }
}

fn too_large(limit: u64) -> Refusal {
    refuse(ErrorCode::PayloadTooLarge, format!("an artifact has at most {limit} bytes"))
}
