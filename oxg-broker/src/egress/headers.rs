//! What of a message's head goes on to the other side.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use oxg_protocol::Url;

/// Fields that belong to one connection (RFC 9110, 7.6.1), and the broker's own credentials.
const HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    // Trailers end at the broker.
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Removes what must not reach the target, and writes `Host` anew from the checked URL.
pub(crate) fn prepare_request(headers: &mut HeaderMap, url: &Url) {
    strip(headers);
    if let Ok(host) = HeaderValue::from_str(url.authority()) {
        headers.insert(header::HOST, host);
    }
}

/// Removes what must not reach the plugin: a target can send no `oxg-*` field.
pub(crate) fn prepare_response(headers: &mut HeaderMap) {
    // RFC 9112, 6.3: chunked overrides a length, which must not be passed on then.
    if headers.contains_key(header::TRANSFER_ENCODING) {
        headers.remove(header::CONTENT_LENGTH);
    }
    strip(headers);
}

fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let own: Vec<HeaderName> = headers
        .keys()
        .filter(|name| name.as_str().starts_with(oxg_protocol::header::PREFIX))
        .cloned()
        .collect();
    for name in HOP_BY_HOP.iter().chain(&named).chain(&own) {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_connection_and_nothing_of_the_broker_passes() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, x-mine"),
            ("x-mine", "1"),
            ("x-other", "2"),
            ("keep-alive", "timeout=5"),
            ("proxy-authorization", "Bearer token"),
            ("upgrade", "h2c"),
            ("oxg-error", "destination_denied"),
            ("oxg-inject", "a"),
            ("host", "evil.test"),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let url = "http://shop.test:8080/".parse().unwrap();
        prepare_request(&mut headers, &url);
        let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["host", "x-other"]);
        assert_eq!(headers["host"], "shop.test:8080");
    }
}
