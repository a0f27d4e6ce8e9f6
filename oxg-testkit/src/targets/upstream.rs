//! The script as the broker sees it.

use http::Response;
use http_body_util::BodyExt as _;
use oxg_broker::egress::{CheckedRequest, ScriptedResolver, Sending, Upstream, UpstreamError};
use oxg_broker::full;

use super::{Sent, Targets};

/// Every name is at one public address, which nobody ever dials.
pub(crate) fn resolver() -> ScriptedResolver {
    ScriptedResolver::new().otherwise([[93, 184, 215, 14].into()])
}

#[derive(Debug)]
pub(crate) struct ScriptedUpstream(pub(crate) Targets);

impl Upstream for ScriptedUpstream {
    fn send(&self, checked: CheckedRequest) -> Sending<'_> {
        Box::pin(async move {
            let (parts, body) = checked.request.into_parts();
            let body = body.collect().await;
            let body = body.map_err(|error| UpstreamError::NotScripted(error.to_string()))?;
            let headers = parts.headers.iter().map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            });
            let sent = Sent {
                method: parts.method.to_string(),
                url: checked.url,
                headers: headers.collect(),
                body: body.to_bytes().to_vec(),
            };
            let answer = self.0.answer(sent).map_err(UpstreamError::NotScripted)?;
            let mut response = Response::new(full(answer.body));
            *response.status_mut() = answer.status;
            *response.headers_mut() = answer.headers;
            Ok(response)
        })
    }
}
