use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::connection::Connection;
use super::connector::Connector;
use super::pooled_body::PooledBody;
use super::{Body, BoxError, ChannelError};

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
    /// Each with the time since when nobody uses it, the longest first.
    idle: Mutex<Vec<(Connection, Instant)>>,
    /// One task for each connection that needs one; dropping the set ends them.
    drivers: Mutex<JoinSet<()>>,
}

/// A connection in use, and the pool that it returns to.
pub(super) struct Loan {
    pool: Pool,
    pub(super) connection: Connection,
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

    /// A connection that nobody uses: the one that was used last.
    fn idle(&self) -> Option<Connection> {
        loop {
            let (mut connection, since) = lock(&self.shared.idle).pop()?;
            if since.elapsed() >= MAX_IDLE {
                // The others have been idle for longer.
                lock(&self.shared.idle).clear();
                return None;
            }
            if connection.is_ready() {
                return Some(connection);
            }
        }
    }

    async fn connect(&self) -> Result<Connection, ChannelError> {
        let stream = self.shared.connector.connect().await?;
        Connection::new(stream).await
    }

    /// Sends what `request` becomes once `stamp` has been there; it is told whether the connection
    /// is new.
    pub(super) async fn send(
        &self,
        mut request: Request<Body>,
        stamp: impl Fn(&mut Request<Body>, bool) -> Result<(), ChannelError>,
    ) -> Result<Response<Body>, ChannelError> {
        loop {
            let (mut connection, reused) = match self.idle() {
                Some(connection) => (connection, true),
                None => (self.connect().await?, false),
            };
            stamp(&mut request, !reused)?;
            connection.suit(&request, &self.shared.drivers);
            match connection.send(request).await {
                Ok(answer) => {
                    // After 101 the connection is no longer one of HTTP.
                    let is_http = answer.status() != StatusCode::SWITCHING_PROTOCOLS;
                    let loan = is_http.then(|| Loan { pool: self.clone(), connection });
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
    pub(super) fn give_back(mut self) {
        if !self.connection.is_reusable() {
            return;
        }
        let now = Instant::now();
        let mut idle = lock(&self.pool.shared.idle);
        let expired = idle.iter().take_while(|(_, since)| now - *since >= MAX_IDLE).count();
        idle.drain(..expired);
        if idle.len() < self.pool.shared.most_idle {
            idle.push((self.connection, now));
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
