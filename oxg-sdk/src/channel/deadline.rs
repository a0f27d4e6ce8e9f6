use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use tokio::time::{Instant, timeout_at};
use tower::Service;

use super::call::{CallOptions, Expires};
use super::{Body, ChannelError, ChannelFuture, oneshot};

/// How much longer than the stated deadline the channel waits, so that the broker's own answer,
/// which says more, gets here first.
pub(crate) const GRACE: Duration = Duration::from_secs(1);
/// The longest deadline that a broker grants.
pub(crate) const MAX: Duration = Duration::from_secs(600);

/// Ends every call, the answer's body included, at its deadline.
#[derive(Clone)]
pub(super) struct Deadline<S> {
    pub(super) inner: S,
    pub(super) default: Duration,
}

impl<S> Service<Request<Body>> for Deadline<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = ChannelError>,
    S: Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = ChannelError;
    type Future = ChannelFuture;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), ChannelError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> ChannelFuture {
        let options = request.extensions().get::<CallOptions>();
        let now = Instant::now();
        let left =
            options.and_then(|options| options.until).map(|end| end.saturating_duration_since(now));
        let stated = options
            .and_then(|options| options.deadline)
            .unwrap_or(self.default)
            .min(MAX)
            .min(left.unwrap_or(MAX));
        let expires = now + stated;
        request.extensions_mut().insert(Expires(expires));
        let call = oneshot(self.inner.clone(), request);
        Box::pin(async move {
            let end = expires + GRACE;
            match timeout_at(end, call).await {
                Ok(answer) => Ok(answer?.map(|body| body.until(end, stated))),
                Err(_) => Err(ChannelError::Deadline(stated)),
            }
        })
    }
}
