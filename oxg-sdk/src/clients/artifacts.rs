use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, ETAG};
use http::{HeaderMap, HeaderValue, Method};
use http_body::{Frame, SizeHint};
use oxg_protocol::artifact::{ArtifactInfo, ArtifactPage};
use oxg_protocol::digest::Hasher;
use oxg_protocol::name::ArtifactNameError;
use oxg_protocol::{ArtifactName, Digest, header, route};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Api, ApiError};
use crate::channel::{Body, BodyError, ChannelError};

/// The deadline of a transfer. An artifact may have gigabytes.
const TRANSFER: Duration = Duration::from_secs(600);

/// Why an artifact was not stored or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArtifactError {
    /// No artifact can have such a name.
    #[error("{0}")]
    Name(#[from] ArtifactNameError),
    /// What the broker stored is not what was sent.
    #[error("sent content with the digest {sent}, but the broker stored {stored}")]
    DigestMismatch {
        /// The digest of what was sent.
        sent: Digest,
        /// The digest of what was stored.
        stored: Digest,
    },
    /// The broker did not say which digest and size the artifact has, so that nothing can be checked.
    #[error("the broker's answer has no digest or size to check the artifact {0} by")]
    Unverifiable(ArtifactName),
    /// The content broke off or is not what was stored.
    #[error("the artifact cannot be read")]
    Body(#[from] BodyError),
    /// The call failed.
    #[error("{0}")]
    Api(#[from] ApiError),
}

impl From<ChannelError> for ArtifactError {
    fn from(error: ChannelError) -> Self {
        Self::Api(error.into())
    }
}

/// What the plugin keeps with its host. Names are relative paths; see [`ArtifactName`].
///
/// A stored artifact replaces the one of the same name as a whole: a reader sees the old or the new.
#[derive(Debug, Clone)]
pub struct ArtifactsClient {
    api: Api,
}

/// A stored artifact, open for reading.
#[derive(Debug)]
pub struct Artifact {
    info: ArtifactInfo,
    body: Body,
}

impl ArtifactsClient {
    pub(crate) fn new(api: Api) -> Self {
        Self { api }
    }

    /// Stores `content`. A stream goes through without being held in memory; its digest is taken on
    /// the way and compared with what the broker stored.
    ///
    /// # Errors
    /// [`ArtifactError`].
    pub async fn put(
        &self,
        name: impl AsRef<str>,
        content: impl Into<Body>,
    ) -> Result<ArtifactInfo, ArtifactError> {
        let name: ArtifactName = name.as_ref().parse()?;
        let path = route::artifact(&name);
        let content = content.into();
        let options = self.api.options().deadline(TRANSFER);
        let known = content.as_bytes().map(|bytes| Digest::of(bytes));
        let (body, hasher) = match known {
            Some(_) => (content, None),
            None => {
                let (body, hasher) = Hashed::over(content);
                (Body::wrap(body), Some(hasher))
            }
        };
        let mut request = self.api.request(Method::PUT, &path, body, options)?;
        if let Some(value) = known.and_then(|d| HeaderValue::try_from(d.to_repr_digest()).ok()) {
            request.headers_mut().insert(header::REPR_DIGEST, value);
        }
        let info: ArtifactInfo = self.api.answer(&path, request).await?;
        let sent = known.or_else(|| hasher.map(|hasher| digest_of(&hasher)));
        match sent {
            Some(sent) if sent != info.digest => {
                Err(ArtifactError::DigestMismatch { sent, stored: info.digest })
            }
            _ => Ok(info),
        }
    }

    /// Opens the artifact `name`. Its digest is checked as it is read.
    ///
    /// # Errors
    /// [`ArtifactError::Api`] with the code `not_found` where there is none.
    pub async fn get(&self, name: impl AsRef<str>) -> Result<Artifact, ArtifactError> {
        let name: ArtifactName = name.as_ref().parse()?;
        let (info, body) = self.open(Method::GET, name).await?;
        let expected = info.digest;
        let (hashed, _) = Hashed::over(body);
        Ok(Artifact { info, body: Body::wrap(hashed.expecting(expected)) })
    }

    /// Digest and size of the artifact `name`.
    ///
    /// # Errors
    /// As [`ArtifactsClient::get`].
    pub async fn head(&self, name: impl AsRef<str>) -> Result<ArtifactInfo, ArtifactError> {
        let name: ArtifactName = name.as_ref().parse()?;
        Ok(self.open(Method::HEAD, name).await?.0)
    }

    /// Removes the artifact `name`.
    ///
    /// # Errors
    /// As [`ArtifactsClient::get`].
    pub async fn delete(&self, name: impl AsRef<str>) -> Result<(), ArtifactError> {
        let name: ArtifactName = name.as_ref().parse()?;
        let path = route::artifact(&name);
        Ok(self.api.delete(&path, self.api.options()).await?)
    }

    /// One page of the artifacts whose names start with `prefix`, from `cursor` on.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn list(&self, prefix: &str, cursor: Option<&str>) -> Result<ArtifactPage, ApiError> {
        let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
        let mut path = format!("{}?prefix={}", route::ARTIFACTS, encode(prefix));
        if let Some(cursor) = cursor {
            path.push_str(&format!("&cursor={}", encode(cursor)));
        }
        self.api.get(&path).await
    }

    async fn open(
        &self,
        method: Method,
        name: ArtifactName,
    ) -> Result<(ArtifactInfo, Body), ArtifactError> {
        let options = self.api.options().deadline(TRANSFER);
        let path = route::artifact(&name);
        let request = self.api.request(method, &path, Body::empty(), options)?;
        let (head, body) = self.api.send(request).await?.into_parts();
        match announced(&head.headers) {
            Some((digest, size)) => Ok((ArtifactInfo::new(name, digest, size), body)),
            None => Err(ArtifactError::Unverifiable(name)),
        }
    }
}

/// Digest and size, as an answer's fields have them.
fn announced(headers: &HeaderMap) -> Option<(Digest, u64)> {
    let field = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let digest = field(header::REPR_DIGEST)
        .and_then(|value| Digest::from_repr_digest(value).ok())
        .or_else(|| field(ETAG.as_str())?.trim_matches('"').parse().ok())?;
    Some((digest, field(CONTENT_LENGTH.as_str())?.parse().ok()?))
}

impl Artifact {
    /// Name, digest and size.
    #[must_use]
    pub fn info(&self) -> &ArtifactInfo {
        &self.info
    }

    /// The whole content, at most `limit` bytes, checked.
    ///
    /// # Errors
    /// [`BodyError::TooLarge`]; [`BodyError::DigestMismatch`] where it is not what was stored.
    pub async fn bytes(self, limit: usize) -> Result<Bytes, BodyError> {
        self.body.collect(limit).await
    }

    /// The content as a stream. It ends with [`BodyError::DigestMismatch`] where it is not what was
    /// stored: do not trust the pieces before its end.
    #[must_use]
    pub fn into_body(self) -> Body {
        self.body
    }
}

type SharedHasher = Arc<Mutex<Hasher>>;

fn digest_of(hasher: &SharedHasher) -> Digest {
    hasher.lock().unwrap_or_else(PoisonError::into_inner).clone().finish()
}

/// A body whose digest is taken as it passes.
struct Hashed {
    body: Body,
    hasher: SharedHasher,
    expected: Option<Digest>,
}

impl Hashed {
    fn over(body: Body) -> (Self, SharedHasher) {
        let hasher = SharedHasher::default();
        let hashed = Self { body, hasher: Arc::clone(&hasher), expected: None };
        (hashed, hasher)
    }

    fn expecting(mut self, digest: Digest) -> Self {
        self.expected = Some(digest);
        self
    }
}

impl http_body::Body for Hashed {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = ready!(http_body::Body::poll_frame(Pin::new(&mut self.body), cx));
        if let Some(Ok(frame)) = &frame
            && let Some(bytes) = frame.data_ref()
        {
            self.hasher.lock().unwrap_or_else(PoisonError::into_inner).update(bytes);
        }
        if frame.is_none()
            && let Some(expected) = self.expected.take()
        {
            let actual = digest_of(&self.hasher);
            if actual != expected {
                let error = BodyError::DigestMismatch { expected, actual };
                return Poll::Ready(Some(Err(error)));
            }
        }
        Poll::Ready(frame)
    }

    /// Not before the digest was compared.
    fn is_end_stream(&self) -> bool {
        self.expected.is_none() && http_body::Body::is_end_stream(&self.body)
    }

    fn size_hint(&self) -> SizeHint {
        http_body::Body::size_hint(&self.body)
    }
}
