use http::header::{AUTHORIZATION, HOST, PROXY_AUTHORIZATION};
use http::{HeaderName, HeaderValue, Request, Response};
use oxg_protocol::{ProtocolVersion, header};
use oxg_redact::Redactor;
use tokio::time::Instant;

use super::call::Call;
use super::pool::Pool;
use super::{Body, ChannelError, TokenSource};

const DEADLINE_MS: HeaderName = HeaderName::from_static(header::DEADLINE_MS);
const PROTOCOL: HeaderName = HeaderName::from_static(header::PROTOCOL);
const TASK_ID: HeaderName = HeaderName::from_static(header::TASK_ID);

/// Writes the fields that every call carries: token, deadline, protocol version, task, host.
pub(super) struct Stamp {
    next: Pool,
    token: TokenSource,
    redactor: Redactor,
    host: HeaderValue,
    /// Digits and a point: always there.
    version: Option<HeaderValue>,
}

impl Stamp {
    pub(super) fn new(
        next: Pool,
        token: TokenSource,
        redactor: Redactor,
        host: HeaderValue,
    ) -> Self {
        let version = HeaderValue::try_from(ProtocolVersion::CURRENT.to_string()).ok();
        Self { next, token, redactor, host, version }
    }

    pub(super) async fn send(
        &self,
        call: &Call,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, ChannelError> {
        self.stamp(call, &mut request)?;
        self.next.send(request).await
    }

    fn stamp(&self, call: &Call, request: &mut Request<Body>) -> Result<(), ChannelError> {
        // Absolute form is egress: `Authorization` belongs to the target there.
        let field =
            if request.uri().scheme().is_some() { PROXY_AUTHORIZATION } else { AUTHORIZATION };
        let headers = request.headers_mut();
        match self.token.bearer(&self.redactor)? {
            Some(token) => headers.insert(field, token),
            None => headers.remove(field),
        };
        let left = call.expires.saturating_duration_since(Instant::now());
        let milliseconds = u64::try_from(left.as_millis()).unwrap_or(u64::MAX).max(1);
        headers.insert(DEADLINE_MS, milliseconds.into());
        if let Some(version) = &self.version {
            headers.insert(PROTOCOL, version.clone());
        }
        if let Some(task) = &call.options.task {
            let task = HeaderValue::from_str(task.as_str());
            headers.insert(TASK_ID, task.map_err(|error| ChannelError::Request(error.into()))?);
        }
        if !headers.contains_key(HOST) {
            headers.insert(HOST, self.host.clone());
        }
        Ok(())
    }
}
