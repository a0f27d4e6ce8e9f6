use http::{Request, Response};
use tokio::sync::Semaphore;

use super::call::Call;
use super::retry::Retry;
use super::{Body, ChannelError};

/// Lets a bounded number of calls wait for their answer at a time.
///
/// A call gives its place back with the head of the answer, not with its body: a plugin that
/// stores a page while it reads it needs two calls for one piece of work, and must not wait for itself.
/// The run loop's own calls need no place.
pub(super) struct Limit {
    pub(super) next: Retry,
    pub(super) places: Semaphore,
}

impl Limit {
    pub(super) async fn send(
        &self,
        call: &Call,
        request: Request<Body>,
    ) -> Result<Response<Body>, ChannelError> {
        // The semaphore is never closed; if it were, the call would go on without a place.
        let _place = if call.options.unlimited { None } else { self.places.acquire().await.ok() };
        self.next.send(call, request).await
    }
}
