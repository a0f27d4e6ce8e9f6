use std::sync::atomic::Ordering;

use http::header::{AUTHORIZATION, HOST, PROXY_AUTHORIZATION};
use http::{HeaderName, HeaderValue, Request, Response};
use oxg_protocol::{ProtocolVersion, TraceId, TraceParent, header};
use oxg_redact::Redactor;
use tokio::time::Instant;

use super::call::Call;
use super::pool::Pool;
use super::{Body, ChannelError, TokenSource};
use crate::random;

const DEADLINE_MS: HeaderName = HeaderName::from_static(header::DEADLINE_MS);
const PROTOCOL: HeaderName = HeaderName::from_static(header::PROTOCOL);
const TASK_ID: HeaderName = HeaderName::from_static(header::TASK_ID);
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const EGRESS_TRACEPARENT: HeaderName = HeaderName::from_static(header::TRACEPARENT);

/// How many fields are written at most.
pub(super) const FIELDS: usize = 6;

/// Writes the fields that every call carries: token, deadline, protocol version, task, trace, host.
pub(super) struct Stamp {
    next: Pool,
    token: TokenSource,
    redactor: Redactor,
    host: HeaderValue,
    /// Digits and a point: always there.
    version: Option<HeaderValue>,
    /// The trace of calls that belong to no other.
    trace: TraceId,
}

impl Stamp {
    pub(super) fn new(
        next: Pool,
        token: TokenSource,
        redactor: Redactor,
        host: HeaderValue,
    ) -> Self {
        let version = HeaderValue::try_from(ProtocolVersion::CURRENT.to_string()).ok();
        Self { next, token, redactor, host, version, trace: random::trace_id() }
    }

    pub(super) async fn send(
        &self,
        call: &Call,
        request: Request<Body>,
    ) -> Result<Response<Body>, ChannelError> {
        let stamp = |request: &mut _, is_new| self.stamp(call, request, is_new);
        self.next.send(request, stamp).await
    }

    fn stamp(
        &self,
        call: &Call,
        request: &mut Request<Body>,
        is_new: bool,
    ) -> Result<(), ChannelError> {
        // Absolute form is egress: `Authorization` and `traceparent` belong to the target there.
        let (authorization, traceparent) = match request.uri().scheme() {
            Some(_) => (PROXY_AUTHORIZATION, EGRESS_TRACEPARENT),
            None => (AUTHORIZATION, TRACEPARENT),
        };
        let headers = request.headers_mut();
        // A broker that took another's place has a token of its own, and a connection to it is new.
        match self.token.bearer(&self.redactor, is_new)? {
            Some(token) => {
                call.token.store(token.version, Ordering::Relaxed);
                headers.insert(authorization, token.value)
            }
            None => headers.remove(authorization),
        };
        let left = call.expires.saturating_duration_since(Instant::now());
        let milliseconds = u64::try_from(left.as_millis()).unwrap_or(u64::MAX).max(1);
        headers.insert(DEADLINE_MS, milliseconds.into());
        if let Some(version) = &self.version {
            headers.insert(PROTOCOL, version.clone());
        }
        let trace = call.options.trace.unwrap_or(self.trace);
        headers.insert(traceparent, value(TraceParent::new(trace, random::span_id()).to_string())?);
        if let Some(task) = &call.options.task {
            headers.insert(TASK_ID, value(task.as_str())?);
        }
        if !headers.contains_key(HOST) {
            headers.insert(HOST, self.host.clone());
        }
        Ok(())
    }
}

fn value<T>(text: T) -> Result<HeaderValue, ChannelError>
where
    HeaderValue: TryFrom<T>,
    <HeaderValue as TryFrom<T>>::Error: std::error::Error + Send + Sync + 'static,
{
    HeaderValue::try_from(text).map_err(|error| ChannelError::Request(Box::new(error)))
}
