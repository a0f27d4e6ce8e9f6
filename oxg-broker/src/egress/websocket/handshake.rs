//! The opening handshake (RFC 6455, section 4), on both sides of the broker.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    CONNECTION, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{Method, Request};
use oxg_protocol::url::Scheme::{Ws, Wss};
use oxg_protocol::{ErrorCode, Url};
use sha1::{Digest as _, Sha1};

use crate::body::Body;
use crate::error::{Refusal, refuse};
use crate::random;

/// RFC 6455, section 1.3.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The plugin's key, and the broker's own for the target.
#[derive(Debug)]
pub(super) struct Handshake {
    theirs: String,
    ours: String,
    protocols: Vec<String>,
}

impl Handshake {
    /// The handshake in a request; `None` where it asks for no other protocol.
    pub(super) fn read(request: &Request<Body>, url: &Url) -> Result<Option<Self>, Refusal> {
        let headers = request.headers();
        if !headers.contains_key(UPGRADE) {
            return match url.scheme() {
                Ws | Wss => Err(invalid("a WebSocket URL wants \"Upgrade: websocket\"")),
                _ => Ok(None),
            };
        }
        if !is_single(headers, &UPGRADE, "websocket") || !lists(headers, &CONNECTION, "upgrade") {
            return Err(invalid("the only upgrade that this broker forwards is to websocket"));
        }
        let empty = http_body::Body::size_hint(request.body()).exact() == Some(0);
        if request.method() != Method::GET || !empty {
            return Err(invalid("a WebSocket handshake is a GET without a body"));
        }
        if !is_single(headers, &SEC_WEBSOCKET_VERSION, "13") {
            return Err(invalid("this broker speaks WebSocket version 13"));
        }
        let key = single(headers, &SEC_WEBSOCKET_KEY)
            .filter(|key| STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16))
            .ok_or_else(|| invalid("Sec-WebSocket-Key is not 16 bytes in base64, once"))?;
        let ours = random::bytes::<16>()
            .map_err(|_| refuse(ErrorCode::Internal, "the system gives no random bytes"))?;
        Ok(Some(Self {
            theirs: key.to_owned(),
            ours: STANDARD.encode(ours),
            protocols: elements(headers, &SEC_WEBSOCKET_PROTOCOL).map(str::to_owned).collect(),
        }))
    }

    /// Asks the target. Extensions are not passed on: bytes could not be counted for what they are.
    pub(super) fn write(&self, headers: &mut HeaderMap) {
        headers.remove(SEC_WEBSOCKET_EXTENSIONS);
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        if let Ok(key) = HeaderValue::from_str(&self.ours) {
            headers.insert(SEC_WEBSOCKET_KEY, key);
        }
    }

    /// What is wrong with the target's 101, if something is.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), &'static str> {
        if !is_single(headers, &UPGRADE, "websocket") || !lists(headers, &CONNECTION, "upgrade") {
            return Err("it switched to another protocol");
        }
        if single(headers, &SEC_WEBSOCKET_ACCEPT) != Some(accept(&self.ours).as_str()) {
            return Err("Sec-WebSocket-Accept does not fit the key");
        }
        if headers.contains_key(SEC_WEBSOCKET_EXTENSIONS) {
            return Err("it uses an extension that was not offered");
        }
        if headers.contains_key(SEC_WEBSOCKET_PROTOCOL) {
            let chosen = single(headers, &SEC_WEBSOCKET_PROTOCOL);
            if !chosen.is_some_and(|chosen| self.protocols.iter().any(|one| one == chosen)) {
                return Err("it chose a subprotocol that was not offered");
            }
        }
        Ok(())
    }

    pub(super) fn accept_for_plugin(&self) -> Result<HeaderValue, Refusal> {
        HeaderValue::from_str(&accept(&self.theirs))
            .map_err(|_| refuse(ErrorCode::Internal, "the handshake cannot be answered"))
    }
}

/// The `Sec-WebSocket-Accept` for a key.
fn accept(key: &str) -> String {
    let digest = Sha1::new().chain_update(key).chain_update(GUID).finalize();
    STANDARD.encode(digest)
}

fn invalid(detail: &str) -> Refusal {
    refuse(ErrorCode::InvalidRequest, detail)
}

/// The value of a field that is there once.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

fn is_single(headers: &HeaderMap, name: &HeaderName, expected: &str) -> bool {
    single(headers, name).is_some_and(|value| value.eq_ignore_ascii_case(expected))
}

/// The elements of a field that is a list.
fn elements<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|one| !one.is_empty())
}

fn lists(headers: &HeaderMap, name: &HeaderName, expected: &str) -> bool {
    elements(headers, name).any(|one| one.eq_ignore_ascii_case(expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accept_value_is_that_of_the_rfc() {
        assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn a_target_that_answers_another_handshake_is_found_out() {
        let handshake = Handshake {
            theirs: String::new(),
            ours: "dGhlIHNhbXBsZSBub25jZQ==".to_owned(),
            protocols: vec!["chat".to_owned()],
        };
        let good = [
            ("upgrade", "WebSocket"),
            ("connection", "keep-alive, Upgrade"),
            ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
            ("sec-websocket-protocol", "chat"),
        ];
        let check = |changed: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in good.iter().chain(changed) {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            handshake.check(&headers).is_ok()
        };
        assert!(check(&[]));
        for wrong in [
            ("upgrade", "h2c"),
            ("connection", "close"),
            ("sec-websocket-accept", "AAAA"),
            ("sec-websocket-protocol", "other"),
            ("sec-websocket-extensions", "permessage-deflate"),
        ] {
            assert!(!check(&[wrong]), "{wrong:?}");
        }
    }
}
