//! Bytes on their way in: counted, hashed, limited.

use http_body_util::BodyExt as _;
use oxg_protocol::artifact::ArtifactInfo;
use oxg_protocol::digest::Hasher;
use oxg_protocol::{ArtifactName, ErrorCode};

use super::Conditions;
use super::store::Incoming;
use crate::body::{Body, BodyError, CutShort};
use crate::error::{Refusal, refuse};

/// Bytes on their way in, and what is known of them. Dropped, they leave nothing behind.
#[derive(Debug)]
pub(crate) struct Receiving {
    incoming: Box<dyn Incoming>,
    hasher: Hasher,
    size: u64,
    limit: u64,
}

impl Receiving {
    pub(super) fn new(incoming: Box<dyn Incoming>, limit: u64) -> Self {
        Self { incoming, hasher: Hasher::default(), size: 0, limit }
    }

    /// The number of bytes so far.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Takes what `body` gives, to its end. What came before an error counts as received.
    pub(crate) async fn read(&mut self, mut body: Body) -> Result<(), Refusal> {
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| match error {
                BodyError::CutShort(CutShort::TooLarge(_)) => self.too_large(),
                BodyError::CutShort(cut) => refuse(ErrorCode::DeadlineExceeded, cut.to_string()),
                _ => refuse(ErrorCode::InvalidRequest, "the body ended early"),
            })?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            let size = self.size + data.len() as u64;
            if size > self.limit {
                return Err(self.too_large());
            }
            self.incoming.write(self.size, data.clone()).await?;
            // After the write: a call that ends in between leaves digest and offset as they were.
            self.hasher.update(&data);
            self.size = size;
        }
        Ok(())
    }

    /// Gives the bytes a name.
    pub(crate) async fn keep(
        self,
        name: ArtifactName,
        conditions: Conditions,
    ) -> Result<ArtifactInfo, Refusal> {
        let digest = self.hasher.finish();
        conditions.check(digest)?;
        let info = ArtifactInfo::new(name, digest, self.size);
        self.incoming.commit(info.clone(), conditions).await?;
        Ok(info)
    }

    fn too_large(&self) -> Refusal {
        let detail = format!("an artifact has at most {} bytes", self.limit);
        refuse(ErrorCode::PayloadTooLarge, detail)
    }
}
