//! WebSocket (RFC 6455): the broker makes the handshake with the target itself, with a key of its
//! own, and then passes bytes both ways.

mod handshake;
mod splice;

use std::time::Duration;

use http::header::{CONNECTION, HeaderMap, HeaderValue, SEC_WEBSOCKET_ACCEPT, UPGRADE};
use http::{Request, Response, StatusCode};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use oxg_protocol::audit::{Decision, EventType};
use oxg_protocol::{ErrorCode, Url};

use self::handshake::Handshake;
use self::splice::{Bound, Splice};
use crate::audit::Entry;
use crate::body::{Body, full};
use crate::call::Call;
use crate::error::{Refusal, refuse};
use crate::serve::Handover;

/// A request of the plugin's to open a WebSocket.
pub(super) struct WebSocket {
    handshake: Handshake,
    /// The plugin's connection, once it has switched.
    plugin: OnUpgrade,
    handover: Handover,
}

impl WebSocket {
    /// What the request asks for: `None` where it is ordinary HTTP.
    pub(super) fn take(request: &mut Request<Body>, url: &Url) -> Result<Option<Self>, Refusal> {
        let Some(handshake) = Handshake::read(request, url)? else {
            return Ok(None);
        };
        let handover = request.extensions_mut().remove::<Handover>();
        let handover = handover
            .ok_or_else(|| refuse(ErrorCode::Internal, "the connection cannot be taken over"))?;
        Ok(Some(Self { handshake, plugin: hyper::upgrade::on(request), handover }))
    }

    /// Writes the broker's own handshake in place of the plugin's.
    pub(super) fn prepare(&self, headers: &mut HeaderMap) {
        self.handshake.write(headers);
    }

    /// The plugin's 101, after a check of the target's; the connections are joined once the plugin
    /// has it.
    pub(super) async fn accept(
        self,
        call: &Call<'_>,
        url: &Url,
        mut response: Response<Body>,
    ) -> Result<Response<Body>, Refusal> {
        self.handshake.check(response.headers()).map_err(|reason| {
            let detail =
                format!("{} answered the WebSocket handshake wrongly: {reason}", url.origin());
            refuse(ErrorCode::UpstreamProtocol, detail)
        })?;
        let target = hyper::upgrade::on(&mut response).await.map_err(|_| {
            let detail = format!("{} hung up after the WebSocket handshake", url.origin());
            refuse(ErrorCode::UpstreamProtocol, detail)
        })?;
        let accept = self.handshake.accept_for_plugin()?;
        let (limits, quota) = (&call.session.limits, &call.session.quota);
        let splice = Splice {
            idle: Duration::from_millis(limits.idle_ms),
            to_target: Bound::new(limits.egress_request_bytes, &quota.to_targets),
            to_plugin: Bound::new(limits.egress_response_bytes, &quota.from_targets),
        };
        let entry = call
            .marked(Entry::new(EventType::Egress, Decision::Info, "").with("url", url.as_str()));
        let (audit, session, slot) = (call.audit.clone(), call.session.clone(), call.slot.clone());
        let (plugin, stopped) = (self.plugin, self.handover.stopped());
        self.handover.switch(async move {
            let stopped = async {
                tokio::select! {
                    () = stopped => "the broker is stopping",
                    () = session.ended.cancelled() => "the session has ended",
                }
            };
            let end = match plugin.await {
                Ok(plugin) => splice.run(TokioIo::new(plugin), TokioIo::new(target), stopped).await,
                Err(_) => splice::End::default(),
            };
            let entry = entry
                .because(format!("WebSocket closed: {}", end.reason))
                .with("bytes_to_target", end.to_target)
                .with("bytes_to_plugin", end.to_plugin);
            // It is over: nothing is left to refuse.
            let _ = audit.record(&session.plugin_id, entry);
            drop(slot);
        });
        let (mut parts, _) = response.into_parts();
        parts.extensions.clear();
        super::headers::prepare_response(&mut parts.headers);
        parts.status = StatusCode::SWITCHING_PROTOCOLS;
        parts.headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        parts.headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        parts.headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
        Ok(Response::from_parts(parts, full("")))
    }
}
