//! Bodies: one type for all, with the limits that hold while they stream.

use std::io::{self, Read as _};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body::{Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use oxg_protocol::{ErrorCode, Problem};
use pin_project_lite::pin_project;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::task::AbortOnDropHandle;

use crate::error::{Refusal, refuse};

/// The body of every request and response that passes the broker.
pub type Body = UnsyncBoxBody<Bytes, BodyError>;

/// Why a body did not come to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// A bound of the broker's was passed.
    #[error(transparent)]
    CutShort(#[from] CutShort),
    /// The connection that it came from failed.
    #[error("the connection failed: {0}")]
    Connection(#[from] hyper::Error),
    /// The file that it came from could not be read.
    #[error("reading failed: {0}")]
    Read(#[from] io::Error),
}

/// A body of `bytes`.
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// What hyper receives, as a [`Body`].
pub(crate) fn incoming(body: hyper::body::Incoming) -> Body {
    body.map_err(BodyError::from).boxed_unsync()
}

/// Refuses a body that is known to be too large before any of it passes.
pub(crate) fn check_size(body: &Body, limit: u64) -> Result<(), Refusal> {
    let size = http_body::Body::size_hint(body).lower();
    if size <= limit {
        return Ok(());
    }
    let detail = format!("the body has {size} bytes; the limit is {limit}");
    Err(refuse(ErrorCode::PayloadTooLarge, detail))
}

/// The whole body, at most `limit` bytes of it.
pub(crate) async fn read_all(body: Body, limit: u64) -> Result<Bytes, Refusal> {
    check_size(&body, limit)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(refuse(
            ErrorCode::PayloadTooLarge,
            format!("the body is larger than {limit} bytes"),
        )),
        Err(_) => Err(refuse(ErrorCode::InvalidRequest, "the body ended early")),
    }
}

/// The body as JSON.
pub(crate) async fn read_json<T: DeserializeOwned>(
    request: Request<Body>,
    limit: u64,
) -> Result<T, Refusal> {
    let bytes = read_all(request.into_body(), limit).await?;
    serde_json::from_slice(&bytes).map_err(|error| {
        // Only the place: serde's message may quote the body.
        refuse(
            ErrorCode::InvalidRequest,
            format!(
                "the body is not the JSON that this call takes (line {}, column {})",
                error.line(),
                error.column()
            ),
        )
    })
}

/// Why a streaming body was cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CutShort {
    /// It passed its limit in bytes.
    #[error("the body is larger than {0} bytes")]
    TooLarge(u64),
    /// The call's deadline passed.
    #[error("the call's deadline passed")]
    Deadline,
    /// Nothing came for too long.
    #[error("nothing came for {} s", .0.as_secs())]
    Idle(Duration),
    /// The session ended.
    #[error("the session has ended")]
    Ended,
}

/// What holds while a body streams.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) bytes: u64,
    pub(crate) deadline: Instant,
    pub(crate) idle: Duration,
}

pin_project! {
    /// A body that ends with an error when it passes its bounds. Trailers end here: nobody needs
    /// them, and a target's could pose as the broker's own fields.
    pub(crate) struct Bounded {
        #[pin]
        body: Body,
        #[pin]
        timer: Sleep,
        bounds: Bounds,
        left: u64,
        // Whether the timer runs: time in which nobody asks does not count as silence.
        waiting: bool,
    }
}

impl Bounded {
    pub(crate) fn new(body: Body, bounds: Bounds) -> Self {
        Self {
            body,
            timer: sleep_until(bounds.next_alarm()),
            bounds,
            left: bounds.bytes,
            waiting: false,
        }
    }
}

impl Bounds {
    fn next_alarm(&self) -> Instant {
        self.deadline.min(Instant::now() + self.idle)
    }
}

impl http_body::Body for Bounded {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let mut this = self.project();
        loop {
            if Instant::now() >= this.bounds.deadline {
                return Poll::Ready(Some(Err(CutShort::Deadline.into())));
            }
            let Poll::Ready(frame) = this.body.as_mut().poll_frame(cx) else {
                if !*this.waiting {
                    this.timer.as_mut().reset(this.bounds.next_alarm());
                    *this.waiting = true;
                }
                ready!(this.timer.as_mut().poll(cx));
                let cut = if Instant::now() >= this.bounds.deadline {
                    CutShort::Deadline
                } else {
                    CutShort::Idle(this.bounds.idle)
                };
                return Poll::Ready(Some(Err(cut.into())));
            };
            *this.waiting = false;
            let Some(Ok(frame)) = frame else {
                return Poll::Ready(frame);
            };
            let Some(data) = frame.data_ref() else {
                continue;
            };
            let Some(left) = this.left.checked_sub(data.len() as u64) else {
                let cut = CutShort::TooLarge(this.bounds.bytes);
                return Poll::Ready(Some(Err(cut.into())));
            };
            *this.left = left;
            return Poll::Ready(Some(Ok(frame)));
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

pin_project! {
    /// A body that keeps something for as long as it streams.
    pub(crate) struct Holding<B, T> {
        #[pin]
        body: B,
        held: T,
    }
}

impl<B, T> Holding<B, T> {
    pub(crate) fn new(body: B, held: T) -> Self {
        Self { body, held }
    }
}

impl<B, T> http_body::Body for Holding<B, T>
where
    B: http_body::Body<Data = Bytes, Error: Into<BodyError>>,
{
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.project().body.poll_frame(cx).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// How much of a file is read at a time.
const READ_SIZE: u64 = 512 << 10;

/// A part of a file, streamed from where it stands. While a piece is on its way, the next is read.
pub(crate) struct FileBody {
    file: Arc<std::fs::File>,
    left: u64,
    reading: Option<AbortOnDropHandle<io::Result<Vec<u8>>>>,
}

impl FileBody {
    pub(crate) fn new(file: std::fs::File, length: u64) -> Self {
        Self { file: Arc::new(file), left: length, reading: None }
    }

    /// Begins to read the next piece, on a thread for it.
    fn read(&self) -> AbortOnDropHandle<io::Result<Vec<u8>>> {
        let (file, most) = (self.file.clone(), self.left.min(READ_SIZE));
        // Here: memory that each thread for files has for itself would add up.
        let mut piece = Vec::with_capacity(usize::try_from(most).unwrap_or_default());
        AbortOnDropHandle::new(tokio::task::spawn_blocking(move || {
            file.as_ref().take(most).read_to_end(&mut piece)?;
            Ok(piece)
        }))
    }
}

impl http_body::Body for FileBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let mut reading = self.reading.take().unwrap_or_else(|| self.read());
        let Poll::Ready(piece) = Pin::new(&mut reading).poll(cx) else {
            self.reading = Some(reading);
            return Poll::Pending;
        };
        let piece = piece.unwrap_or_else(|error| Err(io::Error::other(error)))?;
        if piece.is_empty() {
            self.left = 0;
            let early = io::Error::from(io::ErrorKind::UnexpectedEof);
            return Poll::Ready(Some(Err(early.into())));
        }
        self.left = self.left.saturating_sub(piece.len() as u64);
        if self.left > 0 {
            self.reading = Some(self.read());
        }
        Poll::Ready(Some(Ok(Frame::data(piece.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// The answer that is JSON.
pub(crate) fn json(value: &impl serde::Serialize) -> Result<Body, Refusal> {
    serde_json::to_vec(value)
        .map(full)
        .map_err(|_| refuse(ErrorCode::Internal, "the answer could not be written as JSON"))
}

/// A problem as a response, with the headers that mark it as the broker's own.
pub(crate) fn problem_response(problem: &Problem) -> http::Response<Body> {
    let body = serde_json::to_vec(problem).map(full).unwrap_or_else(|_| full(Bytes::new()));
    let mut response = http::Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(problem.status)
        .unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(Problem::MEDIA_TYPE));
    headers.insert(
        oxg_protocol::header::ERROR,
        http::HeaderValue::from_static(problem.code().as_str()),
    );
    // RFC 9110, 15.5.17: what the range was outside of.
    let whole = problem.size.and_then(|size| format!("bytes */{size}").parse().ok());
    if let (Some(whole), http::StatusCode::RANGE_NOT_SATISFIABLE) = (whole, response.status()) {
        response.headers_mut().insert(http::header::CONTENT_RANGE, whole);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(bytes: u64) -> Bounds {
        Bounds {
            bytes,
            deadline: Instant::now() + Duration::from_secs(30),
            idle: Duration::from_secs(10),
        }
    }

    fn cut(error: BodyError) -> Option<CutShort> {
        match error {
            BodyError::CutShort(cut) => Some(cut),
            _ => None,
        }
    }

    #[tokio::test]
    async fn a_body_at_the_limit_passes_and_one_byte_more_does_not() {
        let read = |limit| Bounded::new(full("12345"), bounds(limit)).collect();
        assert_eq!(read(5).await.unwrap().to_bytes(), "12345");
        let error = read(4).await.unwrap_err();
        assert_eq!(cut(error), Some(CutShort::TooLarge(4)));
    }

    #[tokio::test(start_paused = true)]
    async fn silence_and_the_deadline_both_end_a_body() {
        for (idle, expected) in
            [(10, CutShort::Idle(Duration::from_secs(10))), (60, CutShort::Deadline)]
        {
            let (_keep, receiver) =
                tokio::sync::mpsc::channel::<Result<Frame<Bytes>, BodyError>>(1);
            let body = Silent(receiver).boxed_unsync();
            let bounds = Bounds { idle: Duration::from_secs(idle), ..bounds(10) };
            let error = Bounded::new(body, bounds).collect().await.unwrap_err();
            assert_eq!(cut(error), Some(expected));
        }
    }

    struct Silent(tokio::sync::mpsc::Receiver<Result<Frame<Bytes>, BodyError>>);

    impl http_body::Body for Silent {
        type Data = Bytes;
        type Error = BodyError;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
            self.0.poll_recv(cx)
        }
    }
}
