use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tokio::sync::Semaphore;
use tower::Service;

use super::call::CallOptions;
use super::{Body, ChannelError, ChannelFuture, oneshot};

/// Lets a bounded number of calls wait for their answer at a time.
///
/// A call gives its place back with the head of the answer, not with its body: a plugin that
/// stores a page while it reads it needs two calls for one piece of work, and must not wait for itself.
/// The run loop's own calls need no place.
#[derive(Clone)]
pub(super) struct Limit<S> {
    pub(super) inner: S,
    pub(super) places: Arc<Semaphore>,
}

impl<S> Service<Request<Body>> for Limit<S>
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

    fn call(&mut self, request: Request<Body>) -> ChannelFuture {
        let inner = self.inner.clone();
        let options = request.extensions().get::<CallOptions>();
        let limited = !options.is_some_and(|options| options.unlimited);
        let places = limited.then(|| Arc::clone(&self.places));
        Box::pin(async move {
            // The semaphore is never closed; if it were, the call would go on without a place.
            let _place = match places {
                Some(places) => places.acquire_owned().await.ok(),
                None => None,
            };
            oneshot(inner, request).await
        })
    }
}
