use std::future::IntoFuture;
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, Method};
use oxg_protocol::artifact::{ArtifactInfo, Upload};
use oxg_protocol::digest::Hasher;
use oxg_protocol::{ArtifactName, Digest, ErrorCode, UploadId, header, route};
use oxg_redact::Redactor;

use super::both::try_both;
use super::progress::Observer;
use super::resume::Attempts;
use super::{ArtifactError, ArtifactsClient, Progress, TRANSFER, insert};
use crate::channel::Body;
use crate::clients::{Api, ApiError};

/// What is sent in one call and held in memory until it has arrived. Larger content is sent in
/// pieces of this size; while one is sent, the next is read.
const PIECE: usize = 8 << 20;
/// What is hashed where it is; more goes to a thread for it.
const HASHED_IN_PLACE: usize = 64 << 10;
/// How long the cancelling of an upload may take.
const CANCEL_DEADLINE: Duration = Duration::from_secs(2);

/// An artifact that is stored once this is awaited.
#[must_use = "nothing is stored before it is awaited"]
#[derive(Debug)]
pub struct PutArtifact {
    api: Api,
    redactor: Redactor,
    name: String,
    source: Source,
    conditions: Conditions,
    progress: Observer,
}

#[derive(Debug)]
enum Source {
    Body(Body),
    Path(PathBuf),
}

#[derive(Debug, Default)]
struct Conditions {
    create_only: bool,
    replaces: Option<Digest>,
}

impl Conditions {
    fn state(&self, headers: &mut HeaderMap) {
        if self.create_only {
            insert(headers, IF_NONE_MATCH.as_str(), "*");
        }
        if let Some(digest) = self.replaces {
            insert(headers, IF_MATCH.as_str(), &digest.to_etag());
        }
    }
}

impl PutArtifact {
    pub(super) fn of_body(client: &ArtifactsClient, name: &str, body: Body) -> Self {
        Self::new(client, name, Source::Body(body))
    }

    pub(super) fn of_file(client: &ArtifactsClient, name: &str, path: PathBuf) -> Self {
        Self::new(client, name, Source::Path(path))
    }

    fn new(client: &ArtifactsClient, name: &str, source: Source) -> Self {
        let (conditions, progress) = (Conditions::default(), Observer::default());
        let ArtifactsClient { api, redactor } = client.clone();
        Self { api, redactor, name: name.to_owned(), source, conditions, progress }
    }

    /// Stores it only if there is none of that name.
    pub fn if_absent(mut self) -> Self {
        self.conditions.create_only = true;
        self
    }

    /// Stores it only in place of the one with this digest.
    pub fn if_match(mut self, digest: Digest) -> Self {
        self.conditions.replaces = Some(digest);
        self
    }

    /// Calls `tell` after each piece that has arrived.
    pub fn progress(mut self, tell: impl FnMut(Progress) + Send + 'static) -> Self {
        self.progress = Observer::new(tell);
        self
    }

    async fn run(self) -> Result<ArtifactInfo, ArtifactError> {
        let name: ArtifactName = self.name.parse()?;
        let report = self.redactor.scan(name.as_str());
        if report.findings().iter().any(|finding| finding.kind.is_secret()) {
            let name = self.redactor.redact(name.as_str()).into_owned();
            return Err(ArtifactError::SecretName { name });
        }
        let mut pieces = Pieces::open(self.source).await?;
        let mut put = Put {
            api: self.api,
            name,
            conditions: self.conditions,
            progress: self.progress,
            total: pieces.total,
        };
        let first = pieces.next().await?;
        if first.len() < PIECE {
            put.whole(first, pieces.digest()).await
        } else {
            put.pieces(first, pieces).await
        }
    }
}

impl IntoFuture for PutArtifact {
    type Output = Result<ArtifactInfo, ArtifactError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

struct Put {
    api: Api,
    name: ArtifactName,
    conditions: Conditions,
    progress: Observer,
    total: Option<u64>,
}

impl Put {
    /// Small content: one call, which the channel makes again where that is safe.
    async fn whole(&mut self, content: Bytes, sent: Digest) -> Result<ArtifactInfo, ArtifactError> {
        let size = content.len() as u64;
        let path = route::artifact(&self.name);
        let mut options = self.api.options().deadline(TRANSFER);
        if self.conditions.create_only || self.conditions.replaces.is_some() {
            // The condition does not hold a second time if the first got through.
            options = options.idempotent(false);
        }
        let mut request = self.api.request(Method::PUT, &path, content.into(), options)?;
        insert(request.headers_mut(), header::REPR_DIGEST, &sent.to_repr_digest());
        self.conditions.state(request.headers_mut());
        let info: ArtifactInfo = self.api.answer(&path, request).await?;
        self.progress.tell(size, Some(size));
        check(sent, info)
    }

    async fn pieces(
        &mut self,
        first: Bytes,
        pieces: Pieces,
    ) -> Result<ArtifactInfo, ArtifactError> {
        let options = self.api.options();
        let upload: Upload = self.api.post(route::UPLOADS, &serde_json::json!({}), options).await?;
        let result = self.upload(&upload.id, first, pieces).await;
        if result.is_err() {
            // The broker forgets it anyway, only later.
            let options = self.api.options().deadline(CANCEL_DEADLINE);
            let _ = self.api.delete(&route::upload(&upload.id), options).await;
        }
        result
    }

    async fn upload(
        &mut self,
        id: &UploadId,
        first: Bytes,
        mut pieces: Pieces,
    ) -> Result<ArtifactInfo, ArtifactError> {
        let (mut offset, mut piece) = (0, first);
        while !piece.is_empty() {
            let sending = send_piece(&self.api, id, offset, piece);
            (offset, piece) = try_both(sending, pieces.next()).await?;
            self.progress.tell(offset, self.total);
        }
        self.close(id, pieces.digest()).await
    }

    /// Gives the upload its name, in as many calls as the connections break: closing twice is
    /// closing once, whatever the conditions say, and what was refused is still there.
    async fn close(&mut self, id: &UploadId, sent: Digest) -> Result<ArtifactInfo, ArtifactError> {
        let path = route::close_upload(id, &self.name, &sent);
        let mut attempts = Attempts::default();
        loop {
            let options = self.api.options().deadline(TRANSFER);
            let mut request = self.api.request(Method::PUT, &path, Body::empty(), options)?;
            self.conditions.state(request.headers_mut());
            match self.api.answer(&path, request).await {
                Ok(info) => return check(sent, info),
                Err(error) if may_go_on(&error) => {
                    let Some(pause) = attempts.next() else {
                        return Err(error.into());
                    };
                    tracing::debug!(error = %error, "closing the upload once more");
                    pause.await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Sends one piece, in as many calls as its connections break, and says where the next starts.
async fn send_piece(
    api: &Api,
    id: &UploadId,
    start: u64,
    piece: Bytes,
) -> Result<u64, ArtifactError> {
    let end = start + piece.len() as u64;
    let (mut at, mut attempts) = (start, Attempts::default());
    while at < end {
        let rest = usize::try_from(at - start).ok().filter(|skip| *skip <= piece.len());
        let rest = rest.map(|skip| piece.slice(skip..)).unwrap_or_default();
        let before = at;
        at = match patch(api, id, at, rest).await {
            Ok(upload) if upload.offset > at => upload.offset,
            // A piece that arrived without a byte would be sent for ever.
            Ok(_) => return Err(ArtifactError::Resume { at }),
            Err(error) if may_go_on(&error) => {
                let Some(pause) = attempts.next() else {
                    return Err(error.into());
                };
                tracing::debug!(offset = at, error = %error, "going on with the upload");
                pause.await;
                match api.get::<Upload>(&route::upload(id)).await {
                    Ok(upload) => upload.offset,
                    Err(error) if may_go_on(&error) => at,
                    Err(error) => return Err(error.into()),
                }
            }
            Err(error) => return Err(error.into()),
        };
        if !(before..=end).contains(&at) {
            return Err(ArtifactError::Resume { at: before });
        }
        if at > before {
            attempts.reset();
        }
    }
    Ok(at)
}

async fn patch(api: &Api, id: &UploadId, offset: u64, piece: Bytes) -> Result<Upload, ApiError> {
    let path = route::upload(id);
    let options = api.options().deadline(TRANSFER).idempotent(false);
    let mut request = api.request(Method::PATCH, &path, piece.into(), options)?;
    request.headers_mut().insert(header::UPLOAD_OFFSET, offset.into());
    api.answer(&path, request).await
}

/// Whether a piece may be sent again from where the broker stands.
fn may_go_on(error: &ApiError) -> bool {
    let passing = |code: ErrorCode| code.is_transient() || code == ErrorCode::RangeNotSatisfiable;
    error.is_unreachable() || error.code().is_some_and(passing)
}

fn check(sent: Digest, info: ArtifactInfo) -> Result<ArtifactInfo, ArtifactError> {
    if info.digest == sent {
        return Ok(info);
    }
    Err(ArtifactError::DigestMismatch { sent, stored: info.digest })
}

/// Content, cut into pieces: all of [`PIECE`] but the last.
struct Pieces {
    from: From,
    /// Of what was cut off so far.
    hasher: Hasher,
    total: Option<u64>,
}

enum From {
    Bytes(Bytes),
    Body(Body, Bytes),
    File(PathBuf, Option<std::fs::File>),
}

impl Pieces {
    async fn open(source: Source) -> Result<Self, ArtifactError> {
        let (from, total) = match source {
            Source::Body(body) => {
                let total = http_body::Body::size_hint(&body).exact();
                match body.as_bytes() {
                    Some(bytes) => (From::Bytes(bytes.clone()), total),
                    None => (From::Body(body, Bytes::new()), total),
                }
            }
            Source::Path(path) => {
                let opened = path.clone();
                let (file, size) = blocking(&path, move || {
                    let file = std::fs::File::open(opened)?;
                    let found = file.metadata()?;
                    if !found.is_file() {
                        return Err(io::Error::new(
                            io::ErrorKind::InvalidInput,
                            "not a regular file",
                        ));
                    }
                    Ok((file, found.len()))
                })
                .await?;
                (From::File(path, Some(file)), Some(size))
            }
        };
        Ok(Self { from, hasher: Hasher::default(), total })
    }

    /// The digest of all pieces so far.
    fn digest(&self) -> Digest {
        self.hasher.clone().finish()
    }

    /// The next piece; empty at the end.
    async fn next(&mut self) -> Result<Bytes, ArtifactError> {
        let piece = match &mut self.from {
            From::Bytes(bytes) => bytes.split_to(bytes.len().min(PIECE)),
            From::Body(body, rest) => {
                let mut piece = BytesMut::from(&std::mem::take(rest)[..]);
                while piece.len() < PIECE {
                    match body.chunk().await {
                        Some(chunk) => piece.extend_from_slice(&chunk?),
                        None => break,
                    }
                }
                let over = piece.split_off(piece.len().min(PIECE));
                *rest = over.freeze();
                piece.freeze()
            }
            From::File(path, slot) => {
                let Some(mut file) = slot.take() else {
                    return Ok(Bytes::new());
                };
                let mut hasher = self.hasher.clone();
                // Here: memory that each thread for files has for itself would add up.
                let mut piece = Vec::with_capacity(PIECE);
                let (file, hasher, piece) = blocking(path, move || {
                    (&mut file).take(PIECE as u64).read_to_end(&mut piece)?;
                    hasher.update(&piece);
                    Ok((file, hasher, piece))
                })
                .await?;
                (*slot, self.hasher) = (Some(file), hasher);
                return Ok(piece.into());
            }
        };
        self.hash(piece.clone()).await;
        Ok(piece)
    }

    /// Large pieces are hashed on a thread of their own: others of the plugin's tasks go on.
    async fn hash(&mut self, piece: Bytes) {
        if piece.len() > HASHED_IN_PLACE {
            let (mut hasher, hashed) = (self.hasher.clone(), piece.clone());
            let done = tokio::task::spawn_blocking(move || {
                hasher.update(&hashed);
                hasher
            });
            if let Ok(hasher) = done.await {
                self.hasher = hasher;
                return;
            }
        }
        self.hasher.update(&piece);
    }
}

/// File I/O, off the runtime's threads.
pub(super) async fn blocking<T: Send + 'static>(
    path: &std::path::Path,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, ArtifactError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(io::Error::other(error)))
        .map_err(|source| ArtifactError::File { path: path.to_owned(), source })
}
