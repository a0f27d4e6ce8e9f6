//! HTTP/1.1 to a target: one exchange at a time, and the connection goes back to the pool only after
//! one that left nothing open.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::pool::Home;
use super::{Failed, UpstreamError};
use crate::body::{Body, BodyError};
use crate::gate::{Gated, MAX_RESPONSE_LINES, ResponseGate, Turns};

/// A connection that serves one request at a time. Dropped, it is closed.
#[derive(Debug)]
pub(super) struct Connection {
    sender: http1::SendRequest<Body>,
    turns: Arc<Turns>,
    _life: DropGuard,
}

impl Connection {
    /// Begins to speak over `stream`; `ended` closes the connection.
    pub(super) async fn open<S>(
        stream: S,
        max_head_bytes: usize,
        ended: &CancellationToken,
    ) -> Result<Self, UpstreamError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let gate = ResponseGate::new(max_head_bytes);
        let turns = gate.turns();
        let (sender, connection) = http1::Builder::new()
            .max_headers(MAX_RESPONSE_LINES)
            // The gate limits the head first; the buffer has to hold what it lets through.
            .max_buf_size(max_head_bytes.saturating_add(16 << 10))
            .handshake(TokioIo::new(Gated::new(stream, gate)))
            .await
            .map_err(UpstreamError::protocol)?;
        let life = ended.child_token();
        let driver = connection.with_upgrades();
        tokio::spawn(life.clone().run_until_cancelled_owned(async {
            let _ = driver.await;
        }));
        Ok(Self { sender, turns, _life: life.drop_guard() })
    }

    /// Whether it may serve another request: by hyper's reading and by the gate's.
    pub(super) fn is_free(&self) -> bool {
        self.sender.is_ready() && self.turns.are_over()
    }

    /// Sends the request and waits for the head of the response. Once that has come whole, the
    /// connection goes `home`.
    pub(super) async fn exchange(
        mut self,
        request: Request<Body>,
        home: Option<Home>,
    ) -> Result<Response<Body>, Failed> {
        let sent = Arc::new(AtomicBool::new(false));
        let request = request.map(|body| Tracked::new(body, sent.clone()).boxed_unsync());
        self.turns.begin(request.method() == Method::HEAD);
        match self.sender.try_send_request(request).await {
            Ok(response) => {
                let (parts, body) = response.into_parts();
                let body = Returning { body, home, connection: Some(self), sent };
                Ok(Response::from_parts(parts, body.settled().boxed_unsync()))
            }
            Err(mut failed) => Err(Failed {
                unsent: failed.take_message(),
                unwritten: self.turns.is_unwritten(),
                unanswered: !self.turns.is_answered(),
                error: UpstreamError::protocol(failed.into_error()),
            }),
        }
    }
}

/// The body of a request, which says when all of it has been taken.
struct Tracked {
    body: Body,
    taken: Arc<AtomicBool>,
}

impl Tracked {
    fn new(body: Body, taken: Arc<AtomicBool>) -> Self {
        taken.store(body.is_end_stream(), Ordering::Release);
        Self { body, taken }
    }
}

impl http_body::Body for Tracked {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if frame.is_none() || self.body.is_end_stream() {
            self.taken.store(true, Ordering::Release);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of a response, with the connection that it comes from.
struct Returning {
    body: Incoming,
    connection: Option<Connection>,
    home: Option<Home>,
    /// Whether all of the request has been taken.
    sent: Arc<AtomicBool>,
}

impl Returning {
    fn settled(mut self) -> Self {
        self.settle(self.body.is_end_stream());
        self
    }

    /// Gives the connection back if the body is whole and the exchange over.
    fn settle(&mut self, is_whole: bool) {
        if !is_whole {
            return;
        }
        let (Some(connection), Some(home)) = (self.connection.take(), self.home.take()) else {
            return;
        };
        if self.sent.load(Ordering::Acquire) && connection.turns.are_over() {
            home.give_back(connection);
        }
    }
}

impl http_body::Body for Returning {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if matches!(frame, Some(Err(_))) {
            self.connection = None;
        }
        let is_whole = frame.is_none() || self.body.is_end_stream();
        self.settle(is_whole);
        Poll::Ready(frame.map(|frame| frame.map_err(BodyError::from)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
