//! Egress: the broker is an authenticated forward proxy that checks, pins and audits each request.

mod headers;
mod inject;
mod quota;
mod resolve;
mod scrub;
pub(crate) mod tls;
mod upstream;
mod watch;
mod websocket;

use std::error::Error;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::header::UPGRADE;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use oxg_protocol::audit::{Decision, EventType};
use oxg_protocol::{ErrorCode, Host, Url};
use secrecy::ExposeSecret as _;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

#[cfg(feature = "hickory")]
pub use resolve::HickoryResolver;
pub use resolve::{Resolve, Resolving, ScriptedResolver, SystemResolver};
#[cfg(feature = "vault")]
pub(crate) use upstream::server_name;
pub use upstream::{CheckedRequest, Dialer, Sending, Upstream, UpstreamError, exchange};

use crate::audit::Entry;
use crate::body::{Body, Bounded, Bounds, CutShort, Holding, check_size};
use crate::call::Call;
use crate::error::{Refusal, refuse};
use crate::gate::Violation;
use crate::policy::is_localhost;
use inject::Injection;
use quota::Metered;
pub(crate) use quota::Quota;
use watch::{Reporting, Watched};
use websocket::WebSocket;

/// Resolves, checks and forwards.
pub(crate) struct Egress {
    pub(crate) resolver: Arc<dyn Resolve>,
    pub(crate) upstream: Arc<dyn Upstream>,
}

/// A request that is allowed, and what has to be done for it.
struct Way {
    url: Url,
    addresses: Vec<IpAddr>,
    injection: Option<Injection>,
    websocket: Option<WebSocket>,
}

impl Egress {
    /// Forwards an absolute-form request, if policy allows it and as long as the session lasts.
    pub(crate) async fn forward(
        &self,
        call: &Call<'_>,
        request: Request<Body>,
    ) -> Result<Response<Body>, Refusal> {
        tokio::select! {
            biased;
            () = call.session.ended.cancelled() => {
                Err(refuse(ErrorCode::TokenExpired, CutShort::Ended.to_string()))
            }
            response = self.checked(call, request) => response,
        }
    }

    async fn checked(
        &self,
        call: &Call<'_>,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, Refusal> {
        let mut url: Url = request.uri().to_string().parse().map_err(|error| {
            refuse(ErrorCode::InvalidRequest, format!("the request target is not valid: {error}"))
        })?;
        if request.headers().contains_key(UPGRADE) {
            url = url.into_websocket();
        }
        let method = request.method().as_str().to_owned();
        call.session
            .policy
            .check_manifest(&method, &url)
            .map_err(|denial| Box::new(call.session.policy.problem(&denial, &url)))?;
        let websocket = WebSocket::take(&mut request, &url)?;
        let injection = Injection::plan(call, request.headers(), &url).await?;
        if websocket.is_some() && injection.is_some() {
            let detail = "no secret is filled into a WebSocket handshake: it could not be removed from what comes back";
            return Err(refuse(ErrorCode::InvalidRequest, detail));
        }
        call.session.quota.call()?;
        let addresses = self.checked_addresses(call, &url).await?;
        let reason = call.session.policy.allowance(&url);
        let checked: Vec<_> = addresses.iter().map(ToString::to_string).collect();
        let mut entry = Entry::new(EventType::Egress, Decision::Allow, reason)
            .with("addresses", checked)
            .with("method", method)
            .with("url", url.as_str());
        if let Some(injection) = &injection {
            entry = entry.with("secrets", injection.names());
        }
        call.record(entry)?;
        self.send(call, request, Way { url, addresses, injection, websocket }).await
    }

    /// Every address of the target, each of them allowed.
    async fn checked_addresses(&self, call: &Call<'_>, url: &Url) -> Result<Vec<IpAddr>, Refusal> {
        let policy = &call.session.policy;
        let addresses = self.addresses(call, url).await?;
        let checked = policy.check_addresses(url, &addresses);
        checked.map_err(|denial| Box::new(policy.problem(&denial, url)))?;
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
            Err(_) => Err(unreachable(format!("{name} was not resolved in {} s", limit.as_secs()))),
        }
    }

    async fn send(
        &self,
        call: &Call<'_>,
        request: Request<Body>,
        way: Way,
    ) -> Result<Response<Body>, Refusal> {
        let Way { url, addresses, injection, websocket } = way;
        let limits = &call.session.limits;
        let idle = Duration::from_millis(limits.idle_ms);
        let bounds = |bytes| Bounds { bytes, deadline: call.deadline, idle };

        let (mut parts, body) = request.into_parts();
        headers::prepare_request(&mut parts.headers, &url);
        if let Some(websocket) = &websocket {
            websocket.prepare(&mut parts.headers);
        }
        parts.version = http::Version::HTTP_11;
        let target = injection.as_ref().and_then(|injection| injection.target());
        parts.uri = target
            .map_or(url.path_and_query(), |target| target.expose_secret())
            .parse()
            .map_err(|_| refuse(ErrorCode::InvalidRequest, "the path is not valid"))?;
        let scrub = match &injection {
            Some(injection) => {
                injection.fill(&mut parts.headers)?;
                Some(injection.scrub()?)
            }
            None => None,
        };
        check_size(&body, limits.egress_request_bytes)?;
        let quota = &call.session.quota;
        let body = Bounded::new(body, bounds(limits.egress_request_bytes)).boxed_unsync();
        let ended = &call.session.ended;
        let body = Metered::new(body, quota.to_targets.clone(), ended);
        let failure = Arc::<OnceLock<_>>::default();
        let body = Watched::new(body, failure.clone());
        // Whoever sends the body drops it when it is sent.
        let sent = CancellationToken::new();
        let body = Holding::new(body, sent.clone().drop_guard());
        let checked = CheckedRequest {
            plugin: call.session.plugin_id.clone(),
            request: Request::from_parts(parts, body.boxed_unsync()),
            addresses,
            connect_timeout: Duration::from_millis(limits.connect_ms),
            max_head_bytes: usize::try_from(limits.header_block_bytes).unwrap_or(usize::MAX),
            url: url.clone(),
            ended: ended.clone(),
        };

        // A long upload is bounded by the call's deadline alone.
        let limit = Duration::from_millis(limits.header_ms);
        let silence = async {
            sent.cancelled().await;
            sleep(limit).await;
        };
        let response = tokio::select! {
            biased;
            response = self.upstream.send(checked) => response.map_err(|error| match failure.get() {
                // The plugin's side ended the exchange.
                Some((code, why)) => refuse(*code, why.clone()),
                None => failed(&error, &url),
            })?,
            () = silence => {
                let detail = format!("{} did not answer in {limit:?}", url.origin());
                return Err(refuse(ErrorCode::DeadlineExceeded, detail));
            }
        };
        if response.status() == http::StatusCode::SWITCHING_PROTOCOLS {
            let Some(websocket) = websocket else {
                let detail = format!("{} switched protocols unasked", url.origin());
                return Err(refuse(ErrorCode::UpstreamProtocol, detail));
            };
            return websocket.accept(call, &url, response).await;
        }
        let (mut parts, body) = response.into_parts();
        parts.version = http::Version::HTTP_11;
        headers::prepare_response(&mut parts.headers);
        // A reason phrase, for one: nobody needs it, and a target could say anything in it.
        parts.extensions.clear();
        check_size(&body, limits.egress_response_bytes)?;
        let body = Bounded::new(body, bounds(limits.egress_response_bytes)).boxed_unsync();
        let body = Metered::new(body, quota.from_targets.clone(), ended).boxed_unsync();
        let entry = call
            .marked(Entry::new(EventType::Egress, Decision::Info, "").with("url", url.as_str()));
        let (audit, plugin) = (call.audit.clone(), call.session.plugin_id.clone());
        let mut body = Reporting::new(body, move |cut| {
            // It is over: nothing is left to refuse.
            let entry = entry.because(format!("the response was cut short: {cut}"));
            let _ = audit.record(&plugin, entry);
        })
        .boxed_unsync();
        if let Some(scrub) = scrub {
            body = scrub.apply(&mut parts.headers, body, &url)?;
        }
        Ok(Response::from_parts(parts, body))
    }
}

fn failed(error: &UpstreamError, url: &Url) -> Refusal {
    let code = match error {
        UpstreamError::Protocol(_) => ErrorCode::UpstreamProtocol,
        UpstreamError::Unreachable(_) | UpstreamError::ConnectTimeout(_) => {
            ErrorCode::UpstreamUnreachable
        }
        UpstreamError::Tls(_) => ErrorCode::UpstreamTls,
        UpstreamError::NotScripted(_) => ErrorCode::DestinationDenied,
    };
    let mut detail = error.to_string();
    if let UpstreamError::Protocol(source) = error
        && let Some(violation) = find_cause::<Violation>(source.as_ref())
    {
        detail = format!("the target broke the protocol: {violation}");
    }
    let mut refusal = refuse(code, detail);
    refusal.destination = Some(url.origin());
    refusal
}

/// The first error of this type among an error and its sources.
fn find_cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // What an I/O error wraps is its own cause, not its source.
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = match wrapped {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}
