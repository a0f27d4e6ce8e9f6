//! Redaction of HTTP headers.

use std::borrow::Cow;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::kind::Kind;
use crate::names::is_sensitive;
use crate::redactor::Redactor;

const MARKER: &str = Kind::NamedSecret.marker();

/// Headers that carry credentials and whose name does not say so word by word.
const SENSITIVE: &[&str] = &[
    "cookie2",
    "set-cookie2",
    "x-amz-security-token",
    "x-amzn-oidc-data",
    "x-auth",
    "x-authorization",
    "x-csrftoken",
    "x-functions-key",
    "x-forwarded-access-token",
    "x-shopify-access-token",
    "private-token",
    "ocp-apim-subscription-key",
    "sec-websocket-key",
];

/// Headers whose name holds a sensitive word and whose value is none.
const HARMLESS: &[&str] = &[
    "www-authenticate",
    "proxy-authenticate",
    "access-control-allow-credentials",
    "access-control-expose-headers",
    "authentication-info",
    "sec-token-binding",
];

impl Redactor {
    /// Redacts header values in place. Of a header whose name says that it
    /// carries a credential the whole value goes, but for the word that names
    /// the authentication scheme, and of cookies the names. All other values
    /// are redacted by what they hold.
    ///
    /// ```
    /// use http::HeaderMap;
    /// use http::header::{AUTHORIZATION, COOKIE};
    ///
    /// let mut headers = HeaderMap::new();
    /// headers.insert(AUTHORIZATION, "Bearer abc".parse()?);
    /// headers.insert(COOKIE, "sid=1; theme=dark".parse()?);
    /// oxg_redact::Redactor::default().redact_headers(&mut headers);
    /// assert_eq!(headers[AUTHORIZATION], "Bearer [REDACTED_SECRET]");
    /// assert_eq!(headers[COOKIE], "sid=[REDACTED_SECRET]; theme=[REDACTED_SECRET]");
    /// # Ok::<(), http::header::InvalidHeaderValue>(())
    /// ```
    pub fn redact_headers(&self, headers: &mut HeaderMap) {
        for (name, value) in headers.iter_mut() {
            if let Cow::Owned(redacted) = self.redact_header(name, value.as_bytes()) {
                // Markers are ASCII, and so a valid part of a value.
                *value = HeaderValue::from_bytes(&redacted)
                    .unwrap_or_else(|_| HeaderValue::from_static(MARKER));
            }
        }
    }

    fn redact_header<'v>(&self, name: &HeaderName, value: &'v [u8]) -> Cow<'v, [u8]> {
        if value.is_empty() {
            return Cow::Borrowed(value);
        }
        if name == header::COOKIE || name.as_str() == "cookie2" {
            return Cow::Owned(cookies(value, false));
        }
        if name == header::SET_COOKIE || name.as_str() == "set-cookie2" {
            return Cow::Owned(cookies(value, true));
        }
        let sensitive =
            SENSITIVE.contains(&name.as_str()) || is_sensitive(name.as_str().as_bytes());
        if !sensitive || HARMLESS.contains(&name.as_str()) {
            return self.redact_bytes(value);
        }
        Cow::Owned(credentials(name, value))
    }
}

/// Keeps the word that names the scheme (RFC 9110, section 11.4).
fn credentials(name: &HeaderName, value: &[u8]) -> Vec<u8> {
    let scheme = value.iter().position(|b| *b == b' ').map(|len| &value[..len]).filter(|word| {
        let known: [&[u8]; 9] = [
            b"basic",
            b"bearer",
            b"digest",
            b"token",
            b"negotiate",
            b"ntlm",
            b"hawk",
            b"apikey",
            b"aws4-hmac-sha256",
        ];
        name.as_str().ends_with("authorization")
            && known.iter().any(|k| k.eq_ignore_ascii_case(word))
    });
    let mut out = Vec::new();
    if let Some(scheme) = scheme {
        out.extend_from_slice(scheme);
        out.push(b' ');
    }
    out.extend_from_slice(MARKER.as_bytes());
    out
}

/// Keeps the names of cookies, and the attributes after the first pair if only
/// that is a cookie. A pair without a name is a value (RFC 6265bis).
fn cookies(value: &[u8], only_first: bool) -> Vec<u8> {
    let mut out = Vec::new();
    for (i, pair) in value.split(|b| *b == b';').enumerate() {
        if i > 0 {
            out.push(b';');
        }
        if i > 0 && only_first {
            out.extend_from_slice(pair);
            continue;
        }
        let blanks = pair.iter().take_while(|b| **b == b' ').count();
        out.extend_from_slice(&pair[..blanks]);
        let rest = &pair[blanks..];
        if rest.is_empty() {
            continue;
        }
        if let Some(equals) = rest.iter().position(|b| *b == b'=') {
            out.extend_from_slice(&rest[..=equals]);
        }
        out.extend_from_slice(MARKER.as_bytes());
    }
    out
}
