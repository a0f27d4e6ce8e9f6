use std::task::{Context, Poll};

use http::header::{AUTHORIZATION, HOST, PROXY_AUTHORIZATION};
use http::{HeaderValue, Request, Response};
use oxg_protocol::{ProtocolVersion, TraceId, TraceParent, header};
use oxg_redact::Redactor;
use tokio::time::Instant;
use tower::Service;

use super::call::{CallOptions, Expires};
use super::{Body, ChannelError, ChannelFuture, TokenSource, oneshot};
use crate::random;

/// Writes the fields that every call carries: token, deadline, protocol version, task, trace, host.
#[derive(Clone)]
pub(super) struct Stamp<S> {
    pub(super) inner: S,
    pub(super) token: TokenSource,
    pub(super) redactor: Redactor,
    pub(super) host: HeaderValue,
    /// The trace of calls that belong to no other.
    pub(super) trace: TraceId,
}

impl<S> Stamp<S> {
    fn stamp(&self, request: &mut Request<Body>) -> Result<(), ChannelError> {
        // Absolute form is egress: `Authorization` belongs to the target there.
        // So does `traceparent`.
        let (field, traceparent) = match request.uri().scheme() {
            Some(_) => (PROXY_AUTHORIZATION, header::TRACEPARENT),
            None => (AUTHORIZATION, "traceparent"),
        };
        let token = self.token.bearer(&self.redactor)?;
        let left = request
            .extensions()
            .get::<Expires>()
            .map(|&Expires(at)| at.saturating_duration_since(Instant::now()));
        let options = request.extensions().get::<CallOptions>();
        let task = options.and_then(|options| options.task.clone());
        let trace = options.and_then(|options| options.trace).unwrap_or(self.trace);
        let headers = request.headers_mut();
        match token {
            Some(token) => headers.insert(field, token),
            None => headers.remove(field),
        };
        if let Some(left) = left {
            let milliseconds = u64::try_from(left.as_millis()).unwrap_or(u64::MAX).max(1);
            headers.insert(header::DEADLINE_MS, milliseconds.into());
        }
        headers.insert(header::PROTOCOL, text(&ProtocolVersion::CURRENT.to_string())?);
        let traceparent_value = TraceParent::new(trace, random::span_id()).to_string();
        headers.insert(traceparent, text(&traceparent_value)?);
        if let Some(task) = task {
            headers.insert(header::TASK_ID, text(task.as_str())?);
        }
        if !headers.contains_key(HOST) {
            headers.insert(HOST, self.host.clone());
        }
        Ok(())
    }
}

fn text(value: &str) -> Result<HeaderValue, ChannelError> {
    HeaderValue::from_str(value).map_err(|error| ChannelError::Request(error.into()))
}

impl<S> Service<Request<Body>> for Stamp<S>
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
        let stamped = self.stamp(&mut request);
        let inner = self.inner.clone();
        Box::pin(async move {
            stamped?;
            oneshot(inner, request).await
        })
    }
}
