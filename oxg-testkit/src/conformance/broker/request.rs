//! The bytes of requests.

use http::header::{AUTHORIZATION, PROXY_AUTHORIZATION};
use oxg_protocol::session::SessionInfo;
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::BrokerSuite;
use super::case::{CallSpec, Oversize, Token};
use super::client::Wanted;
use super::fill::{Values, fill, fill_json};

impl BrokerSuite {
    pub(super) fn simple(&self, method: &str, target: &str, json: Option<Value>) -> Wanted {
        let body = json.map(|json| json.to_string().into_bytes());
        let fields = vec![("authorization".to_owned(), self.bearer())];
        encode(method, target, &fields, body)
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token.expose_secret())
    }

    /// The bytes of a call.
    pub(super) fn request(
        &self,
        call: &CallSpec,
        values: &Values,
        session: &SessionInfo,
    ) -> Wanted {
        let wait_for_end = call.expect.closes;
        if let Some(raw) = &call.raw {
            let bytes = fill(raw, values).into_bytes();
            return Wanted { bytes, to_head: false, wait_for_end };
        }
        let send = fill(call.send.as_deref().unwrap_or_default(), values);
        let (method, target) = send.split_once(' ').unwrap_or((&send, ""));
        let field = match target.starts_with('/') {
            true => AUTHORIZATION,
            false => PROXY_AUTHORIZATION,
        };
        let tokens = match call.token {
            Token::Good => vec![self.bearer()],
            Token::None => Vec::new(),
            Token::Wrong => vec!["Bearer oxg_0000".to_owned()],
            Token::Twice => vec![self.bearer(), self.bearer()],
            Token::Basic => vec![format!("Basic {}", self.token.expose_secret())],
        };
        let mut fields: Vec<_> =
            tokens.into_iter().map(|token| (field.as_str().to_owned(), token)).collect();
        for (name, value) in &call.headers {
            fields.push((name.clone(), fill(value, values)));
        }
        let json =
            call.json.clone().map(|json| fill_json(&Value::Object(json), values).to_string());
        let mut body =
            json.or_else(|| Some(fill(call.body.as_deref()?, values))).map(String::into_bytes);
        match call.oversize {
            Some(Oversize::Head) => {
                let length =
                    usize::try_from(session.limits.header_block_bytes).unwrap_or(usize::MAX);
                fields.push(("x-filler".to_owned(), "x".repeat(length)));
            }
            Some(Oversize::JsonBody) => {
                let length = usize::try_from(session.limits.json_body_bytes).unwrap_or(usize::MAX);
                body = Some(vec![b' '; length + 1]);
            }
            None => {}
        }
        Wanted { wait_for_end, ..encode(method, target, &fields, body) }
    }
}

/// A request with its length and its host.
fn encode(
    method: &str,
    target: &str,
    fields: &[(String, String)],
    body: Option<Vec<u8>>,
) -> Wanted {
    let host = match target.split_once("://") {
        Some((_, rest)) => rest.split('/').next().unwrap_or_default(),
        None => "broker",
    };
    let mut text = format!("{method} {target} HTTP/1.1\r\nhost: {host}\r\n");
    for (name, value) in fields {
        text.extend([name, ": ", value, "\r\n"]);
    }
    if let Some(body) = &body {
        text.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    let mut bytes = text.into_bytes();
    bytes.extend(body.unwrap_or_default());
    Wanted { bytes, to_head: method == "HEAD", wait_for_end: false }
}
