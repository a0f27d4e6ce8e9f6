use std::future::{Future as _, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use http::header::UPGRADE;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, SendRequest};
use tokio::task::JoinSet;

use super::io::HyperIo;
use super::{Body, ChannelError};

/// The longest head of an answer, in bytes. The broker's own limit is half of it.
const MAX_HEAD_BYTES: usize = 128 << 10;
/// The most fields of an answer: the 256 of a target's that a broker passes on, and its own. hyper
/// writes 64 bytes for each possible field of each answer, so that many more would cost all calls.
const MAX_FIELDS: usize = 256 + 16;

/// One HTTP/1.1 connection to the broker. Dropping it closes it.
///
/// It moves only while its caller waits for something: no task stands between a call and its socket,
/// so what comes from the broker wakes the caller and nobody else.
pub(super) struct Connection {
    sender: SendRequest<Body>,
    driver: Driver,
}

enum Driver {
    /// Whoever uses the connection. The mutex is never locked; it makes the connection `Sync`,
    /// whatever its stream is.
    Caller(Box<Mutex<http1::Connection<HyperIo, Body>>>),
    /// A task, for what must move even while nobody waits for the answer.
    Task,
    /// Nobody any more: the connection is over.
    Over,
}

impl Connection {
    pub(super) async fn new(stream: HyperIo) -> Result<Self, ChannelError> {
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(MAX_HEAD_BYTES)
            .max_headers(MAX_FIELDS)
            .handshake(stream)
            .await
            .map_err(|error| ChannelError::Lost(error.into()))?;
        Ok(Self { sender, driver: Driver::Caller(Box::new(Mutex::new(connection))) })
    }

    /// Whether the next request can go out. Takes note of a peer that has gone.
    pub(super) fn is_ready(&mut self) -> bool {
        if let Driver::Caller(connection) = &mut self.driver
            && poll(connection, &mut quiet()).is_ready()
        {
            self.driver = Driver::Over;
        }
        self.sender.is_ready()
    }

    /// Whether it may become ready again. With a driver of its own that takes a moment.
    pub(super) fn is_reusable(&mut self) -> bool {
        match self.driver {
            Driver::Caller(_) => self.is_ready(),
            Driver::Task => !self.sender.is_closed(),
            Driver::Over => false,
        }
    }

    /// Leaves the connection to a task of `drivers` where `request` needs one: an upgrade outlives
    /// its answer, and the source of a stream may be the very caller who has the answer already.
    pub(super) fn suit(&mut self, request: &Request<Body>, drivers: &Mutex<JoinSet<()>>) {
        if !(request.body().is_stream() || request.headers().contains_key(UPGRADE)) {
            return;
        }
        match std::mem::replace(&mut self.driver, Driver::Task) {
            Driver::Caller(connection) => {
                let connection = connection.into_inner().unwrap_or_else(PoisonError::into_inner);
                let mut drivers = drivers.lock().unwrap_or_else(PoisonError::into_inner);
                while drivers.try_join_next().is_some() {}
                drivers.spawn(async move {
                    // Whoever waits for the answer gets the error.
                    let _ = connection.with_upgrades().await;
                });
            }
            other => self.driver = other,
        }
    }

    pub(super) async fn send(
        &mut self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Body>>> {
        let mut answer = pin!(self.sender.try_send_request(request));
        let driver = &mut self.driver;
        poll_fn(|cx| driver.poll_for(cx, |cx| answer.as_mut().poll(cx))).await
    }

    /// Polls what only the progress of this connection can make ready.
    pub(super) fn poll_for<T>(
        &mut self,
        cx: &mut Context<'_>,
        wait: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.driver.poll_for(cx, wait)
    }
}

impl Driver {
    fn poll_for<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut wait: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let Self::Caller(connection) = self else {
            return wait(cx);
        };
        // The two ends of the connection wake each other. All of that happens in here and needs no
        // waker; only the socket's does, once there is nothing left to do.
        let mut quiet = quiet();
        if let Poll::Ready(found) = wait(&mut quiet) {
            return Poll::Ready(found);
        }
        if poll(connection, &mut quiet).is_pending() {
            if let Poll::Ready(found) = wait(&mut quiet) {
                return Poll::Ready(found);
            }
            if poll(connection, cx).is_pending() {
                return wait(&mut quiet);
            }
        }
        // Dropping the connection's end tells the other.
        *self = Self::Over;
        wait(cx)
    }
}

fn poll(
    connection: &mut Mutex<http1::Connection<HyperIo, Body>>,
    cx: &mut Context<'_>,
) -> Poll<()> {
    let connection = connection.get_mut().unwrap_or_else(PoisonError::into_inner);
    // Whoever waits for the answer gets the error.
    Pin::new(connection).poll(cx).map(drop)
}

fn quiet() -> Context<'static> {
    Context::from_waker(Waker::noop())
}
