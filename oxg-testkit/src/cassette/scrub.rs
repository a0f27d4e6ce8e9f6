//! What of an exchange is kept, without secrets.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use oxg_redact::Redactor;

use super::body::{Body, Bytes, lossless_json};
use super::field::{Field, Status};
use super::file::{Request, Response};
use crate::targets::{Sent, text};

/// Header fields of a request that say nothing of what is asked for.
const NOT_KEPT_OF_REQUESTS: [&str; 14] = [
    "accept-encoding",
    "connection",
    "content-length",
    "date",
    "expect",
    "host",
    "keep-alive",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];
/// Header fields of a response that belong to the connection. A replayed one has its own.
const NOT_KEPT_OF_RESPONSES: [&str; 6] =
    ["connection", "content-length", "keep-alive", "trailer", "transfer-encoding", "upgrade"];

/// Cuts secrets out of exchanges: the same for what is recorded and what is compared with it.
#[derive(Debug, Clone, Default)]
pub(super) struct Scrub(Redactor);

impl Scrub {
    /// Keeps a value out.
    pub(super) fn hide(&self, value: &str) -> Result<(), String> {
        let registered = self.0.register(value);
        registered.map_err(|refused| format!("a secret cannot be kept out: {refused}"))
    }

    pub(super) fn text(&self, text: &str) -> String {
        self.0.redact(text).into_owned()
    }

    pub(super) fn request(&self, sent: &Sent) -> Result<Request, String> {
        Ok(Request {
            method: sent.method.clone().try_into()?,
            url: self.text(sent.url.as_str()).try_into()?,
            headers: self.fields(&sent.headers, &NOT_KEPT_OF_REQUESTS),
            body: self.body(&sent.body, sent.header(CONTENT_TYPE.as_str())),
        })
    }

    pub(super) fn response(
        &self,
        status: u16,
        headers: &[(String, String)],
        body: &[u8],
    ) -> Result<Response, String> {
        let content_type = headers.iter().find(|(name, _)| name == CONTENT_TYPE.as_str());
        let content_type = content_type.map(|(_, value)| value.as_str());
        Ok(Response {
            status: Status::try_from(status)?,
            headers: self.fields(headers, &NOT_KEPT_OF_RESPONSES),
            body: self.body(body, content_type),
        })
    }

    fn fields(&self, fields: &[(String, String)], dropped: &[&str]) -> Vec<Field> {
        let kept = fields.iter().filter(|(name, _)| !dropped.contains(&name.as_str()));
        let kept = kept.filter_map(|(name, value)| {
            Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value).ok()?))
        });
        let mut kept: HeaderMap = kept.collect();
        self.0.redact_headers(&mut kept);
        kept.iter().map(text).map(|(name, value)| Field { name, value }).collect()
    }

    /// Nothing if there is no body.
    fn body(&self, bytes: &[u8], content_type: Option<&str>) -> Option<Body> {
        if bytes.is_empty() {
            return None;
        }
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Some(Body::Base64(Bytes(self.0.redact_bytes(bytes).into_owned())));
        };
        let json = content_type.is_some_and(|kind| kind.contains("json"));
        if let Some(mut value) = json.then(|| lossless_json(text)).flatten() {
            self.0.redact_json(&mut value);
            return Some(Body::Json(value));
        }
        Some(Body::of_text(&self.0.redact(text)))
    }
}
