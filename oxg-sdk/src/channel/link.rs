//! One HTTP/1.1 connection that is moved on by whoever uses it.
//!
//! There is no task of its own: the call that waits for the answer, and the body that is read, poll
//! the connection themselves. That spares two switches between tasks a call, and a call that is dropped takes
//! its connection with it.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Waker};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, SendRequest};

use super::io::HyperIo;
use super::{Body, ChannelError};

/// The longest head of an answer, in bytes. The broker's own limit is half of it.
const MAX_HEAD_BYTES: usize = 128 << 10;
/// The most fields of an answer: the 256 that a broker passes on, and its own. Without it, an answer
/// with more than 100 looks like a lost broker. hyper clears 64 bytes a field for each answer.
const MAX_FIELDS: usize = 256 + 16;

/// Reads and writes while it is polled. It says how it ended to whoever waits for an answer.
pub(super) type Connection = Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>;

/// A connection, and the way to send on it.
pub(super) struct Link {
    sender: SendRequest<Body>,
    /// `None` once it has ended. The mutex is never locked; it makes bodies `Sync`.
    connection: Option<Mutex<Connection>>,
}

impl Link {
    /// # Errors
    /// [`ChannelError::Lost`].
    pub(super) async fn open(stream: HyperIo) -> Result<Self, ChannelError> {
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(MAX_HEAD_BYTES)
            .max_headers(MAX_FIELDS)
            .handshake(stream)
            .await
            .map_err(|error| ChannelError::Lost(error.into()))?;
        Ok(Self { sender, connection: Some(Mutex::new(Box::pin(connection.with_upgrades()))) })
    }

    /// Sends one request, and gives the head of its answer.
    pub(super) async fn send(
        &mut self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Body>>> {
        let Self { sender, connection } = self;
        let mut answer = pin!(sender.try_send_request(request));
        poll_fn(|cx| {
            advance(connection, cx);
            answer.as_mut().poll(cx)
        })
        .await
    }

    /// Moves the connection on, as far as it goes.
    pub(super) fn advance(&mut self, cx: &mut Context<'_>) {
        advance(&mut self.connection, cx);
    }

    /// Whether the next request can be sent at once. What the peer did in the meantime is heard first.
    pub(super) fn is_ready(&mut self) -> bool {
        self.advance(&mut Context::from_waker(Waker::noop()));
        self.connection.is_some() && self.sender.is_ready()
    }

    /// The connection alone, for an answer after which it is no longer one of HTTP.
    pub(super) fn into_connection(self) -> Option<Connection> {
        self.connection.map(|open| open.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

fn advance(connection: &mut Option<Mutex<Connection>>, cx: &mut Context<'_>) {
    if let Some(open) = connection {
        let open = open.get_mut().unwrap_or_else(PoisonError::into_inner);
        if open.as_mut().poll(cx).is_ready() {
            *connection = None;
        }
    }
}
