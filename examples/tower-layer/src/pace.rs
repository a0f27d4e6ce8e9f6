//! A layer of one's own: requests begin one after another, with a pause between them.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tower::{Layer, Service};

/// Lets one request begin every so often, whichever of its services was called.
#[derive(Clone)]
pub(crate) struct PaceLayer {
    every: Duration,
    next: Arc<Mutex<Option<Instant>>>,
}

impl PaceLayer {
    pub(crate) fn new(every: Duration) -> Self {
        Self { every, next: Arc::default() }
    }

    /// When the caller may begin.
    fn turn(&self) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = next.map_or_else(Instant::now, |next| next.max(Instant::now()));
        *next = Some(turn + self.every);
        turn
    }
}

impl<S> Layer<S> for PaceLayer {
    type Service = Pace<S>;

    fn layer(&self, inner: S) -> Pace<S> {
        Pace { inner, pace: self.clone() }
    }
}

/// A service under a [`PaceLayer`].
#[derive(Clone)]
pub(crate) struct Pace<S> {
    inner: S,
    pace: PaceLayer,
}

impl<S, R> Service<R> for Pace<S>
where
    S: Service<R, Future: Send> + Clone + Send + 'static,
    R: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let turn = self.pace.turn();
        // The service that was asked whether it is ready is the one to call; its clone stays here.
        let next = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, next);
        Box::pin(async move {
            sleep_until(turn).await;
            ready.call(request).await
        })
    }
}
