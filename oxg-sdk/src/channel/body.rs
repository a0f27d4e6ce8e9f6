use std::any::Any;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http_body::{Frame, SizeHint};
use oxg_protocol::Digest;
use tokio::time::{Instant, Sleep, sleep_until};

use super::BoxError;
use super::pooled_body::PooledBody;

/// The body of a request or an answer: nothing, bytes, or a stream.
///
/// ```
/// use oxg_sdk::channel::Body;
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # runtime.block_on(async {
/// let bytes = Body::from("hello").collect(1024).await?;
/// assert_eq!(&bytes[..], b"hello");
/// # Ok::<(), oxg_sdk::channel::BodyError>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Body {
    kind: Kind,
    deadline: Option<Deadline>,
}

/// When a body breaks off.
struct Deadline {
    at: Instant,
    /// What was asked for, for the error.
    stated: Duration,
    /// Made when there is something to wait for: mostly the whole body is there at once.
    timer: Option<Pin<Box<Sleep>>>,
}

type Inner = Pin<Box<dyn http_body::Body<Data = Bytes, Error = BodyError> + Send>>;

enum Kind {
    Bytes(Bytes),
    Answer(PooledBody),
    /// The mutex is never locked; it makes the body `Sync` whatever the stream is.
    Stream(Mutex<Inner>),
}

/// Why a body broke off.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// It is longer than the reader wants.
    #[error("the body is longer than {limit} bytes")]
    TooLarge {
        /// What the reader wants, in bytes.
        limit: usize,
    },
    /// The call's deadline passed before its end.
    #[error("the body did not end within the call's deadline of {0:?}")]
    Deadline(Duration),
    /// The connection broke off.
    #[error("the connection broke off in the middle of the body")]
    Lost(#[source] BoxError),
    /// The stream that the body is made of failed.
    #[error("the stream behind the body failed")]
    Source(#[source] BoxError),
    /// The bytes are not those that were stored.
    #[error("the content has the digest {actual} and not {expected}; it was changed or cut")]
    DigestMismatch {
        /// The digest that was announced.
        expected: Digest,
        /// The digest of what came.
        actual: Digest,
    },
}

impl Body {
    /// Nothing.
    #[must_use]
    pub fn empty() -> Self {
        Self::from(Bytes::new())
    }

    /// Whatever `body` gives; trailers are dropped. It can be sent once only, so a call with it is
    /// never retried.
    pub fn wrap<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self { kind: Kind::Stream(Mutex::new(Box::pin(Wrapped(Box::pin(body))))), deadline: None }
    }

    /// As [`wrap`](Self::wrap), but a body that is one of ours already, or empty, can be sent again.
    pub(crate) fn of<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let mut body = Some(body);
        let any: &mut dyn Any = &mut body;
        if let Some(own) = any.downcast_mut::<Option<Self>>().and_then(Option::take) {
            return own;
        }
        match body {
            Some(body) if !body.is_end_stream() => Self::wrap(body),
            _ => Self::empty(),
        }
    }

    /// The pieces that `stream` gives. Like every stream, it can be sent once only.
    pub fn from_stream<S, B, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<B, E>> + Send + 'static,
        B: Into<Bytes> + 'static,
        E: Into<BoxError> + 'static,
    {
        Self::wrap(Streamed(Box::pin(stream)))
    }

    /// The next piece; `None` at the end.
    pub async fn chunk(&mut self) -> Option<Result<Bytes, BodyError>> {
        loop {
            let frame = poll_fn(|cx| http_body::Body::poll_frame(Pin::new(&mut *self), cx)).await?;
            match frame.map(Frame::into_data) {
                Ok(Ok(bytes)) => return Some(Ok(bytes)),
                Ok(Err(_trailers)) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// The whole body, at most `limit` bytes.
    ///
    /// # Errors
    /// [`BodyError::TooLarge`] past the limit; nothing more is read then.
    pub async fn collect(mut self, limit: usize) -> Result<Bytes, BodyError> {
        let too_large = BodyError::TooLarge { limit };
        if http_body::Body::size_hint(&self).lower() > limit as u64 {
            return Err(too_large);
        }
        let mut all = Bytes::new();
        // A body of one piece is not copied.
        let mut pieces = BytesMut::new();
        while let Some(chunk) = self.chunk().await {
            let chunk = chunk?;
            if chunk.len() > limit - all.len() - pieces.len() {
                return Err(too_large);
            }
            if all.is_empty() && pieces.is_empty() {
                all = chunk;
                continue;
            }
            pieces.extend_from_slice(&std::mem::take(&mut all));
            pieces.extend_from_slice(&chunk);
        }
        Ok(if pieces.is_empty() { all } else { pieces.freeze() })
    }

    /// The bytes, where the body is not a stream.
    pub(crate) fn as_bytes(&self) -> Option<&Bytes> {
        match &self.kind {
            Kind::Bytes(bytes) => Some(bytes),
            Kind::Answer(_) | Kind::Stream(_) => None,
        }
    }

    /// The body once more, where it can be sent twice.
    pub(crate) fn try_clone(&self) -> Option<Self> {
        self.as_bytes().cloned().map(Self::from)
    }

    /// Whether it comes bit by bit, from somebody who makes it.
    pub(super) fn is_stream(&self) -> bool {
        !matches!(self.kind, Kind::Bytes(_))
    }

    /// The body, broken off at `end`.
    pub(super) fn until(mut self, end: Instant, stated: Duration) -> Self {
        if !http_body::Body::is_end_stream(&self) {
            self.deadline = Some(Deadline { at: end, stated, timer: None });
        }
        self
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Self { kind, deadline } = &mut *self;
        let polled = match kind {
            Kind::Bytes(bytes) if bytes.is_empty() => return Poll::Ready(None),
            Kind::Bytes(bytes) => return Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Kind::Answer(answer) => Pin::new(answer).poll_frame(cx),
            Kind::Stream(stream) => {
                let stream = stream.get_mut().unwrap_or_else(PoisonError::into_inner);
                stream.as_mut().poll_frame(cx)
            }
        };
        if polled.is_ready() {
            return polled;
        }
        let Some(Deadline { at, stated, timer }) = deadline else {
            return Poll::Pending;
        };
        let timer = timer.get_or_insert_with(|| Box::pin(sleep_until(*at)));
        ready!(timer.as_mut().poll(cx));
        let error = BodyError::Deadline(*stated);
        // Drops the stream, and with it the connection.
        *self = Self::empty();
        Poll::Ready(Some(Err(error)))
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Bytes(bytes) => bytes.is_empty(),
            Kind::Answer(answer) => answer.is_end_stream(),
            Kind::Stream(stream) => stream.try_lock().is_ok_and(|stream| stream.is_end_stream()),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Bytes(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Answer(answer) => answer.size_hint(),
            Kind::Stream(stream) => {
                stream.try_lock().map(|stream| stream.size_hint()).unwrap_or_default()
            }
        }
    }
}

/// A foreign body whose errors are ours.
struct Wrapped<B>(Pin<Box<B>>);

impl<B> http_body::Body for Wrapped<B>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = ready!(self.0.as_mut().poll_frame(cx));
        Poll::Ready(frame.map(|frame| {
            frame.map_err(|error| match error.into().downcast::<BodyError>() {
                Ok(ours) => *ours,
                Err(foreign) => BodyError::Source(foreign),
            })
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

/// A stream as a body.
struct Streamed<S>(Pin<Box<S>>);

impl<S, B, E> http_body::Body for Streamed<S>
where
    S: Stream<Item = Result<B, E>>,
    B: Into<Bytes>,
{
    type Data = Bytes;
    type Error = E;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, E>>> {
        let piece = ready!(self.0.as_mut().poll_next(cx));
        Poll::Ready(piece.map(|piece| piece.map(|bytes| Frame::data(bytes.into()))))
    }
}

impl fmt::Debug for Body {
    /// Says what kind of body it is, never what is in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Bytes(bytes) => write!(f, "Body({} bytes)", bytes.len()),
            Kind::Answer(_) | Kind::Stream(_) => f.write_str("Body(stream)"),
        }
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self { kind: Kind::Bytes(bytes), deadline: None }
    }
}

impl From<PooledBody> for Body {
    fn from(answer: PooledBody) -> Self {
        Self { kind: Kind::Answer(answer), deadline: None }
    }
}

macro_rules! from_bytes {
    ($($type:ty),*) => {
        $(impl From<$type> for Body {
            fn from(content: $type) -> Self {
                Bytes::from(content).into()
            }
        })*
    };
}

from_bytes!(Vec<u8>, String, &'static str, &'static [u8]);
