//! Listening, and what happens on each connection.

mod handover;
mod intercepted;
mod listen;
mod stall;

use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use handover::Handover;
use intercepted::{Speaker, serve_line};
pub use listen::Listener;
use stall::Stalling;

use crate::body::incoming;
use crate::gate::{Gated, MAX_LINES, RequestGate};
use crate::intercept::Line;
use crate::services::Services;

/// How long a busy connection may go on after [`Broker::shutdown`](crate::Broker::shutdown).
pub const GRACE: Duration = Duration::from_secs(5);

/// The most connections at a time; the next one waits to be accepted.
const MAX_CONNECTIONS: usize = 1024;

/// How much a connection without a socket holds between its two ends, in bytes.
const PIPE: usize = 64 << 10;

/// Serves connections, and ends them.
#[derive(Clone)]
pub(crate) struct Server {
    services: Arc<Services>,
    tasks: TaskTracker,
    stop: CancellationToken,
    slots: Arc<Semaphore>,
    disconnected: Arc<Notify>,
}

impl Server {
    pub(crate) fn new(services: Arc<Services>) -> Self {
        Self {
            services,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            slots: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
            disconnected: Arc::default(),
        }
    }

    /// Serves one connection without a socket and returns its other end.
    pub(crate) fn connect(&self) -> DuplexStream {
        let (near, far) = tokio::io::duplex(PIPE);
        self.serve(far, None);
        near
    }

    pub(crate) async fn shutdown(&self) {
        self.stop.cancel();
        self.tasks.close();
        // Every connection bounds itself by the grace period; the accept loops end at once.
        self.tasks.wait().await;
    }

    /// Breaks every connection that there is.
    pub(crate) fn disconnect(&self) {
        self.disconnected.notify_waiters();
    }

    fn serve<S>(&self, stream: S, slot: Option<OwnedSemaphorePermit>)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (services, stop) = (self.services.clone(), self.stop.clone());
        let disconnected = self.disconnected.clone().notified_owned();
        self.tasks.spawn(async move {
            let served = async {
                match services.intercept {
                    Some(_) => serve_line(services, Line::new(stream), stop).await,
                    None => serve_connection(Speaker::new(services), stream, stop).await,
                }
            };
            tokio::select! {
                () = served => {}
                () = disconnected => {}
            }
            drop(slot);
        });
    }
}

async fn serve_connection<S>(speaker: Speaker, stream: S, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let limits = speaker.limits();
    let head_limit = usize::try_from(limits.header_block_bytes).unwrap_or(usize::MAX);
    let idle = Duration::from_millis(limits.idle_ms);
    let gate = RequestGate::new(head_limit);
    let refusal = gate.violation();
    let handover = Handover::new(gate.opener(), stop.clone());
    let gated = Gated::new(Stalling::new(stream, idle), gate);
    let offered = handover.clone();
    let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
        let (speaker, refusal) = (speaker.clone(), refusal.clone());
        let offered = offered.clone();
        async move {
            let mut request = request.map(incoming);
            request.extensions_mut().insert(offered);
            speaker.answer(request, refusal.get().copied()).await
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(idle)
        .max_headers(MAX_LINES)
        .max_buf_size(head_limit.max(8 << 10) + (8 << 10))
        .serve_connection(TokioIo::new(gated), service)
        .with_upgrades();
    // How a connection ends is the peer's affair; what it did is in the audit.
    // It is gone before what comes next begins: one that broke while it switched never says so, and
    // who waits for it hears of that only when it is dropped.
    {
        let mut connection = std::pin::pin!(connection);
        tokio::select! {
            _ = connection.as_mut() => {}
            () = stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                let _ = timeout(GRACE, connection).await;
            }
        }
    }
    if let Some(next) = handover.take() {
        next.await;
    }
}
