use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use hyper::client::conn::http1::{self, SendRequest};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::connector::Connector;
use super::pooled_body::PooledBody;
use super::{Body, BoxError, ChannelError};

/// The longest head of an answer, in bytes. The broker's own limit is half of it.
const MAX_HEAD_BYTES: usize = 128 << 10;
/// The most fields of an answer: the 1,024 that a broker passes on, and its own. Without it, an answer
/// with more than 100 looks like a lost broker. hyper clears 64 bytes a field for each answer.
const MAX_FIELDS: usize = 1024 + 16;
/// How long a connection is kept idle. The broker closes it after 60 s, and a call that meets it
/// just then is lost.
const MAX_IDLE: Duration = Duration::from_secs(30);

/// HTTP/1.1 connections, kept for the next call while they are idle.
#[derive(Clone)]
pub(super) struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    connector: Connector,
    most_idle: usize,
    /// Each with the time since when nobody uses it.
    idle: Mutex<Vec<(SendRequest<Body>, Instant)>>,
    /// One task a connection; dropping the set ends them.
    drivers: Mutex<JoinSet<()>>,
}

/// A connection in use, and the pool that it returns to.
pub(super) struct Loan {
    pool: Pool,
    sender: SendRequest<Body>,
}

impl Pool {
    pub(super) fn new(connector: Connector, most_idle: usize) -> Self {
        Self {
            shared: Arc::new(Shared {
                connector,
                most_idle,
                idle: Mutex::default(),
                drivers: Mutex::default(),
            }),
        }
    }

    /// A connection that nobody uses.
    fn idle(&self) -> Option<SendRequest<Body>> {
        let mut idle = lock(&self.shared.idle);
        idle.retain(|(sender, since)| !sender.is_closed() && since.elapsed() < MAX_IDLE);
        let at = idle.iter().rposition(|(sender, _)| sender.is_ready())?;
        Some(idle.swap_remove(at).0)
    }

    async fn connect(&self) -> Result<SendRequest<Body>, ChannelError> {
        let stream = self.shared.connector.connect().await?;
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(MAX_HEAD_BYTES)
            .max_headers(MAX_FIELDS)
            .handshake(stream)
            .await
            .map_err(|error| ChannelError::Lost(error.into()))?;
        let mut drivers = lock(&self.shared.drivers);
        while drivers.try_join_next().is_some() {}
        drivers.spawn(async move {
            // Whoever waits for the answer gets the error.
            let _ = connection.with_upgrades().await;
        });
        Ok(sender)
    }

    pub(super) async fn send(
        &self,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, ChannelError> {
        loop {
            let (mut sender, reused) = match self.idle() {
                Some(sender) => (sender, true),
                None => (self.connect().await?, false),
            };
            match sender.try_send_request(request).await {
                Ok(answer) => {
                    // After 101 the connection is no longer one of HTTP.
                    let is_http = answer.status() != StatusCode::SWITCHING_PROTOCOLS;
                    let loan = is_http.then(|| Loan { pool: self.clone(), sender });
                    return Ok(answer.map(|body| Body::from(PooledBody::new(body, loan))));
                }
                // The broker had closed an idle connection: nothing was sent, so try another.
                Err(mut error) => match error.take_message() {
                    Some(unsent) if reused => request = unsent,
                    _ => return Err(classify(error.into_error())),
                },
            }
        }
    }
}

impl Loan {
    /// Keeps the connection for the next call.
    pub(super) fn give_back(self) {
        let mut idle = lock(&self.pool.shared.idle);
        if !self.sender.is_closed() && idle.len() < self.pool.shared.most_idle {
            idle.push((self.sender, Instant::now()));
        }
    }
}

fn classify(error: hyper::Error) -> ChannelError {
    let is_user = error.is_user();
    let error: BoxError = error.into();
    if is_user { ChannelError::Body(error) } else { ChannelError::Lost(error) }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
