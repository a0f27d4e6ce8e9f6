//! Egress: the broker is an authenticated forward proxy that checks, pins and audits each request.

mod headers;
mod resolve;
pub(crate) mod tls;
mod upstream;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use http_body_util::BodyExt as _;
use oxg_protocol::audit::{Decision, EventType};
use oxg_protocol::{ErrorCode, Host, Url};
use tokio::time::{Instant, timeout};

pub use resolve::{Resolve, Resolving, SystemResolver};
pub use upstream::{CheckedRequest, Dialer, Sending, Upstream, UpstreamError};

use crate::api::Call;
use crate::audit::Entry;
use crate::body::{Body, BodyError, Bounded, Bounds, CutShort};
use crate::error::{Refusal, refuse};
use crate::policy::{Denial, is_localhost};

/// Resolves, checks and forwards.
pub(crate) struct Egress {
    pub(crate) resolver: Arc<dyn Resolve>,
    pub(crate) upstream: Arc<dyn Upstream>,
}

impl Egress {
    /// Forwards an absolute-form request, if policy allows it.
    pub(crate) async fn forward(
        &self,
        call: &Call<'_>,
        request: Request<Body>,
    ) -> Result<Response<Body>, Refusal> {
        let url: Url = request.uri().to_string().parse().map_err(|error| {
            refuse(
                ErrorCode::InvalidRequest,
                format!("the request target is not valid: {error}"),
            )
        })?;
        if request.headers().contains_key(http::header::UPGRADE) {
            let detail = "this broker does not forward protocol upgrades";
            return Err(refuse(ErrorCode::InvalidRequest, detail));
        }
        let method = request.method().as_str().to_owned();
        let on_target = |entry: Entry| {
            call.audit(
                entry
                    .with("method", method.as_str())
                    .with("url", url.as_str()),
            )
        };
        let addresses = match self.check(call, &method, &url).await {
            Ok(addresses) => addresses,
            Err(refusal) => {
                on_target(Entry::refused(EventType::Egress, &refusal))?;
                return Err(refusal);
            }
        };
        let reason = if call.session.policy.is_opened_loopback(&url) {
            "loopback port opened by the operator"
        } else {
            "allowed by the manifest"
        };
        let checked: Vec<_> = addresses.iter().map(ToString::to_string).collect();
        let allowed = Entry::new(EventType::Egress, Decision::Allow, reason);
        on_target(allowed.with("addresses", checked))?;
        self.send(call, request, url, addresses).await
    }

    /// The checked addresses of the target.
    async fn check(
        &self,
        call: &Call<'_>,
        method: &str,
        url: &Url,
    ) -> Result<Vec<IpAddr>, Refusal> {
        let policy = &call.session.policy;
        let deny = |denial: Denial| Box::new(policy.problem(&denial, url));
        policy.check_manifest(method, url).map_err(deny)?;
        let addresses = self.addresses(call, url).await?;
        policy.check_addresses(url, &addresses).map_err(deny)?;
        Ok(addresses)
    }

    async fn addresses(&self, call: &Call<'_>, url: &Url) -> Result<Vec<IpAddr>, Refusal> {
        let name = match url.host() {
            // RFC 6761: never asked of a name server.
            host if host.name().is_some() && is_localhost(host) => {
                return Ok(vec![[127, 0, 0, 1].into()]);
            }
            Host::Name(name) => name,
            host => return Ok(host.ip().into_iter().collect()),
        };
        let limit = Duration::from_millis(call.session.limits.dns_ms);
        let unreachable = |detail: String| {
            let mut refusal = refuse(ErrorCode::UpstreamUnreachable, detail);
            refusal.destination = Some(url.origin());
            refusal
        };
        match timeout(limit, self.resolver.resolve(name)).await {
            Ok(Ok(addresses)) => Ok(addresses),
            Ok(Err(error)) => Err(unreachable(format!("{name} cannot be resolved: {error}"))),
            Err(_) => Err(unreachable(format!(
                "{name} was not resolved in {} s",
                limit.as_secs()
            ))),
        }
    }

    async fn send(
        &self,
        call: &Call<'_>,
        request: Request<Body>,
        url: Url,
        addresses: Vec<IpAddr>,
    ) -> Result<Response<Body>, Refusal> {
        let limits = &call.session.limits;
        let idle = Duration::from_millis(limits.idle_ms);
        let bounds = |bytes| Bounds {
            bytes,
            deadline: call.deadline,
            idle,
        };

        let (mut parts, body) = request.into_parts();
        headers::prepare_request(&mut parts.headers, &url);
        parts.version = http::Version::HTTP_11;
        parts.uri = url
            .path_and_query()
            .parse()
            .map_err(|_| refuse(ErrorCode::InvalidRequest, "the path is not valid"))?;
        let body = Bounded::new(body, bounds(limits.egress_request_bytes)).boxed_unsync();
        let checked = CheckedRequest {
            request: Request::from_parts(parts, body),
            addresses,
            connect_timeout: Duration::from_millis(limits.connect_ms),
            url: url.clone(),
        };

        let wait = Duration::from_millis(limits.header_ms)
            .min(call.deadline.saturating_duration_since(Instant::now()));
        let sent = timeout(wait, self.upstream.send(checked)).await;
        let response = sent
            .map_err(|_| {
                let detail = format!("{} did not answer in {} s", url.origin(), wait.as_secs());
                refuse(ErrorCode::DeadlineExceeded, detail)
            })?
            .map_err(|error| failed(&error, &url))?;
        let (mut parts, body) = response.into_parts();
        headers::prepare_response(&mut parts.headers);
        let body = Bounded::new(body, bounds(limits.egress_response_bytes)).boxed_unsync();
        Ok(Response::from_parts(parts, body))
    }
}

fn failed(error: &UpstreamError, url: &Url) -> Refusal {
    let code = match error {
        UpstreamError::Protocol(source) => match cut_short(source) {
            Some(CutShort::TooLarge(_)) => ErrorCode::PayloadTooLarge,
            Some(_) => ErrorCode::DeadlineExceeded,
            None => ErrorCode::UpstreamProtocol,
        },
        UpstreamError::Unreachable(_) | UpstreamError::ConnectTimeout(_) => {
            ErrorCode::UpstreamUnreachable
        }
        UpstreamError::Tls(_) => ErrorCode::UpstreamTls,
        UpstreamError::NotScripted(_) => ErrorCode::DestinationDenied,
    };
    let mut refusal = refuse(code, error.to_string());
    refusal.destination = Some(url.origin());
    refusal
}

/// The bound of ours that ended the request's body, if that is what went wrong.
fn cut_short(error: &(dyn std::error::Error + 'static)) -> Option<CutShort> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(BodyError::CutShort(cut)) = error.downcast_ref() {
            return Some(*cut);
        }
        next = error.source();
    }
    None
}
