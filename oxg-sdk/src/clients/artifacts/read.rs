use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CONTENT_RANGE, IF_MATCH, RANGE};
use http::{Method, StatusCode};
use http_body::{Frame, SizeHint};
use oxg_protocol::artifact::ArtifactInfo;
use oxg_protocol::digest::Hasher;
use oxg_protocol::route;

use super::both::try_both;
use super::progress::Observer;
use super::put::blocking;
use super::resume::Attempts;
use super::{ArtifactError, Progress, TRANSFER, insert};
use crate::channel::{Body, BodyError, ChannelError};
use crate::clients::{Api, ApiError};

/// How much is written to a file at a time, while more is read.
const BLOCK: usize = 1 << 20;
/// The most chunks of it: single bytes must not make it large.
const MOST_CHUNKS: usize = 64;

/// A stored artifact, open for reading.
#[derive(Debug)]
pub struct Artifact {
    info: ArtifactInfo,
    content: Content,
}

impl Artifact {
    pub(super) fn new(api: Api, info: ArtifactInfo, body: Body) -> Self {
        let content = Content {
            api,
            info: info.clone(),
            state: State::Reading(body),
            read: 0,
            opened_at: 0,
            hasher: Some(Hasher::default()),
            attempts: Attempts::default(),
            progress: Observer::default(),
        };
        Self { info, content }
    }

    /// Name, digest and size.
    #[must_use]
    pub fn info(&self) -> &ArtifactInfo {
        &self.info
    }

    /// Calls `tell` after each piece that was read.
    #[must_use]
    pub fn progress(mut self, tell: impl FnMut(Progress) + Send + 'static) -> Self {
        self.content.progress = Observer::new(tell);
        self
    }

    /// The whole content, at most `limit` bytes, checked.
    ///
    /// # Errors
    /// [`BodyError::TooLarge`]; [`BodyError::DigestMismatch`] where it is not what was stored.
    pub async fn bytes(self, limit: usize) -> Result<Bytes, BodyError> {
        self.into_body().collect(limit).await
    }

    /// The content as a stream. It ends with [`BodyError::DigestMismatch`] where it is not what was
    /// stored: do not trust the pieces before its end.
    #[must_use]
    pub fn into_body(self) -> Body {
        Body::wrap(self.content)
    }

    /// Writes the content to `path`. What was there is replaced once all of it has come and was
    /// checked, and not before.
    ///
    /// # Errors
    /// [`ArtifactError::File`], and as [`Artifact::bytes`].
    pub async fn to_file(self, path: impl Into<PathBuf>) -> Result<ArtifactInfo, ArtifactError> {
        let (path, info) = (path.into(), self.info.clone());
        let mut part = path.clone().into_os_string();
        part.push(format!(".{}.part", crate::random::hex()));
        let part = Part(part.into());
        let create = part.0.clone();
        let mut file =
            blocking(&path, move || OpenOptions::new().write(true).create_new(true).open(create))
                .await?;
        let mut body = self.into_body();
        let mut block = next_block(&mut body).await?;
        while !block.is_empty() {
            let writing = blocking(&path, move || {
                block.iter().try_for_each(|chunk| file.write_all(chunk)).map(|()| file)
            });
            (file, block) = try_both(writing, next_block(&mut body)).await?;
        }
        let target = path.clone();
        blocking(&path, move || {
            file.sync_all()?;
            std::fs::rename(&part.0, &target)?;
            sync_parent(&target)
        })
        .await?;
        Ok(info)
    }
}

/// About [`BLOCK`] of the content; nothing at its end.
async fn next_block(body: &mut Body) -> Result<Vec<Bytes>, ArtifactError> {
    let (mut block, mut size) = (Vec::new(), 0);
    while size < BLOCK && block.len() < MOST_CHUNKS {
        let Some(chunk) = body.chunk().await else { break };
        let chunk = chunk?;
        size += chunk.len();
        block.push(chunk);
    }
    Ok(block)
}

fn sync_parent(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(parent) if cfg!(unix) && !parent.as_os_str().is_empty() => {
            File::open(parent)?.sync_all()
        }
        _ => Ok(()),
    }
}

/// A file that is not finished; removed when dropped, after a rename there is none.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// What a call must have brought within its time for another one to be made, in bytes.
const WORTH_A_CALL: u64 = 64 << 10;

/// The content: its digest is taken as it passes, and it goes on after a lost connection.
#[derive(Debug)]
struct Content {
    api: Api,
    info: ArtifactInfo,
    state: State,
    read: u64,
    /// How much was read when the call at hand began.
    opened_at: u64,
    /// `None` once the digest was compared.
    hasher: Option<Hasher>,
    attempts: Attempts,
    progress: Observer,
}

enum State {
    Reading(Body),
    Opening(Pin<Box<dyn Future<Output = Result<Body, ArtifactError>> + Send>>),
}

impl Content {
    /// Whether the rest may be had from another call. One that took all of its time for next to
    /// nothing is no reason for another: a broker that trickles would hold its reader for ever.
    fn may_go_on(&self, error: &BodyError) -> bool {
        let brought = self.read.saturating_sub(self.opened_at);
        self.read < self.info.size
            && match error {
                BodyError::Lost(_) => true,
                BodyError::Deadline(_) => brought >= WORTH_A_CALL,
                _ => false,
            }
    }

    /// Goes on where the content broke off, or fails as `error` says.
    fn go_on(&mut self, error: BodyError) -> Result<(), BodyError> {
        let pause = self.attempts.next().ok_or(error)?;
        let (api, info, at) = (self.api.clone(), self.info.clone(), self.read);
        tracing::debug!(artifact = %info.name, offset = at, "going on with the download");
        self.state = State::Opening(Box::pin(async move {
            pause.await;
            reopen(&api, &info, at).await
        }));
        Ok(())
    }

    fn finish(&mut self) -> Result<(), BodyError> {
        let Some(hasher) = self.hasher.take() else {
            return Ok(());
        };
        let (expected, actual) = (self.info.digest, hasher.finish());
        if actual == expected {
            Ok(())
        } else {
            Err(BodyError::DigestMismatch { expected, actual })
        }
    }
}

/// The rest of the artifact, if it is still the same.
async fn reopen(api: &Api, info: &ArtifactInfo, at: u64) -> Result<Body, ArtifactError> {
    let options = api.options().deadline(TRANSFER);
    let path = route::artifact(&info.name);
    let mut request = api.request(Method::GET, &path, Body::empty(), options)?;
    insert(request.headers_mut(), IF_MATCH.as_str(), &info.digest.to_etag());
    if at > 0 {
        insert(request.headers_mut(), RANGE.as_str(), &format!("bytes={at}-"));
    }
    let (head, body) = api.send(request).await?.into_parts();
    let starts = head.headers.get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
    let fits = starts.is_some_and(|range| range.starts_with(&format!("bytes {at}-")));
    if at == 0 && head.status == StatusCode::OK
        || head.status == StatusCode::PARTIAL_CONTENT && fits
    {
        return Ok(body);
    }
    Err(ArtifactError::Resume { at })
}

impl http_body::Body for Content {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        loop {
            let frame = match &mut self.state {
                State::Reading(body) => ready!(http_body::Body::poll_frame(Pin::new(body), cx)),
                State::Opening(opening) => {
                    match ready!(opening.as_mut().poll(cx)) {
                        Ok(body) => {
                            self.opened_at = self.read;
                            self.state = State::Reading(body);
                        }
                        Err(ArtifactError::Api(ApiError::Channel(ChannelError::Deadline(
                            time,
                        )))) => {
                            self.state = State::Reading(Body::empty());
                            self.hasher = None;
                            return Poll::Ready(Some(Err(BodyError::Deadline(time))));
                        }
                        Err(ArtifactError::Api(error)) if error.is_unreachable() => {
                            self.go_on(BodyError::Lost(error.into()))?;
                        }
                        Err(error) => {
                            self.state = State::Reading(Body::empty());
                            self.hasher = None;
                            return Poll::Ready(Some(Err(BodyError::Source(error.into()))));
                        }
                    }
                    continue;
                }
            };
            match frame {
                Some(Ok(frame)) => {
                    let Some(data) = frame.data_ref() else {
                        continue;
                    };
                    self.read += data.len() as u64;
                    if let Some(hasher) = &mut self.hasher {
                        hasher.update(data);
                    }
                    self.attempts.reset();
                    let (done, total) = (self.read, self.info.size);
                    self.progress.tell(done, Some(total));
                    return Poll::Ready(Some(Ok(frame)));
                }
                Some(Err(error)) if self.may_go_on(&error) => {
                    self.go_on(error)?;
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => {
                    self.finish()?;
                    return Poll::Ready(None);
                }
            }
        }
    }

    /// Not before the digest was compared.
    fn is_end_stream(&self) -> bool {
        self.hasher.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.info.size.saturating_sub(self.read))
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Reading(_) => "Reading",
            Self::Opening(_) => "Opening",
        })
    }
}
