use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::connector::Connector;
use super::link::Link;
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
    /// Each with the time since when nobody uses it; the last one used is the last.
    idle: Mutex<Vec<(Box<Link>, Instant)>>,
    /// One task for each connection that was upgraded; dropping the set ends them.
    upgraded: Mutex<JoinSet<()>>,
}

/// A connection in use, and the pool that it returns to.
pub(super) struct Loan {
    pool: Pool,
    pub(super) link: Box<Link>,
    /// Whether it served a call before.
    pub(super) is_reused: bool,
}

/// What became of a request that was sent.
pub(super) enum Sent {
    Answered(Response<Body>),
    /// The broker had closed the idle connection: nothing of the request was sent.
    Unsent(Request<Body>),
}

impl Pool {
    pub(super) fn new(connector: Connector, most_idle: usize) -> Self {
        Self {
            shared: Arc::new(Shared {
                connector,
                most_idle,
                idle: Mutex::default(),
                upgraded: Mutex::default(),
            }),
        }
    }

    /// A connection that nobody uses, or a new one.
    pub(super) async fn lend(&self) -> Result<Loan, ChannelError> {
        let (link, is_reused) = match self.idle() {
            Some(link) => (link, true),
            None => (Box::new(Link::open(self.shared.connector.connect().await?).await?), false),
        };
        Ok(Loan { pool: self.clone(), link, is_reused })
    }

    fn idle(&self) -> Option<Box<Link>> {
        loop {
            let (mut link, since) = lock(&self.shared.idle).pop()?;
            if since.elapsed() >= MAX_IDLE {
                // So are all that were used before it.
                lock(&self.shared.idle).clear();
            } else if link.is_ready() {
                return Some(link);
            }
        }
    }
}

impl Loan {
    pub(super) async fn send(mut self, request: Request<Body>) -> Result<Sent, ChannelError> {
        match self.link.send(request).await {
            Ok(answer) if answer.status() == StatusCode::SWITCHING_PROTOCOLS => {
                self.hand_over();
                Ok(Sent::Answered(answer.map(|body| Body::from(PooledBody::new(body, None)))))
            }
            Ok(answer) => {
                Ok(Sent::Answered(answer.map(|body| Body::from(PooledBody::new(body, Some(self))))))
            }
            Err(mut error) => match error.take_message() {
                Some(unsent) if self.is_reused => Ok(Sent::Unsent(unsent)),
                _ => Err(classify(error.into_error())),
            },
        }
    }

    /// Keeps the connection for the next call.
    pub(super) fn give_back(mut self) {
        if self.link.is_ready() {
            let mut idle = lock(&self.pool.shared.idle);
            if idle.len() < self.pool.shared.most_idle {
                idle.push((self.link, Instant::now()));
            }
        }
    }

    /// After 101 the connection is no longer one of HTTP, and nobody polls it for an answer.
    fn hand_over(self) {
        if let Some(connection) = self.link.into_connection() {
            let mut upgraded = lock(&self.pool.shared.upgraded);
            while upgraded.try_join_next().is_some() {}
            upgraded.spawn(async move {
                // Whoever waits for the stream gets the error.
                let _ = connection.await;
            });
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
