//! Absolute URLs, read strictly.
//!
//! Neither `http::Uri` nor a WHATWG parser is safe as a gate: each maps several hostile inputs to
//! a host that was not written. This parser repairs nothing. It takes what RFC 3986 calls an
//! absolute URI of a fixed set of schemes, in ASCII, and refuses the rest.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use crate::host::{Host, HostError};

/// The schemes that go through the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scheme {
    /// HTTP over TCP, port 80.
    Http,
    /// HTTP over TLS, port 443.
    Https,
    /// WebSocket over TCP, port 80.
    Ws,
    /// WebSocket over TLS, port 443.
    Wss,
}

impl Scheme {
    /// The scheme in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Ws => "ws",
            Self::Wss => "wss",
        }
    }

    /// The port where the URL names none.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        if self.is_tls() { 443 } else { 80 }
    }

    /// Whether the target is spoken to over TLS.
    #[must_use]
    pub const fn is_tls(self) -> bool {
        matches!(self, Self::Https | Self::Wss)
    }
}

/// An absolute `http`, `https`, `ws` or `wss` URL without user info and fragment, at most
/// [`Url::MAX_BYTES`] long.
///
/// Scheme and host are in lower case and a default port is dropped; path and query stay as they
/// were written, byte for byte.
///
/// ```
/// use oxg_protocol::Url;
///
/// let url: Url = "HTTPS://Example.com:443/a?b=c".parse()?;
/// assert_eq!(url.to_string(), "https://example.com/a?b=c");
/// assert_eq!(url.origin(), "https://example.com:443");
/// assert!("http://example.com@127.0.0.1/".parse::<Url>().is_err());
/// # Ok::<(), oxg_protocol::url::UrlError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Url {
    scheme: Scheme,
    host: Host,
    port: u16,
    text: String,
    path_at: usize,
}

/// Why a text is not a [`Url`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// Another scheme, or none.
    #[error("a URL starts with http://, https://, ws:// or wss://")]
    Scheme,
    /// Longer than [`Url::MAX_BYTES`].
    #[error("the URL is longer than {} bytes", Url::MAX_BYTES)]
    TooLong,
    /// A space, control byte, backslash, non-ASCII character, or one of `<>"` and the backtick.
    #[error("the URL has a character that must be percent-encoded")]
    Character,
    /// There is a fragment.
    #[error("a fragment (#…) is never sent; leave it out")]
    Fragment,
    /// There is user info.
    #[error("user info (user:password@) does not belong into a URL; use an authorization header")]
    UserInfo,
    /// The host cannot be read.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The port is not a number from 1 to 65535.
    #[error("the port is not a number from 1 to 65535")]
    Port,
}

impl Url {
    /// The longest URL, in bytes.
    pub const MAX_BYTES: usize = 16 << 10;

    /// The scheme.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port, the scheme's default where none was written.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Path and query; at least `/`.
    #[must_use]
    pub fn path_and_query(&self) -> &str {
        &self.text[self.path_at..]
    }

    /// The path without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        let target = self.path_and_query();
        target.split_once('?').map_or(target, |(path, _)| path)
    }

    /// `host` or `host:port`, as the `Host` field has it: a default port is left out.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.text[self.scheme.as_str().len() + 3..self.path_at]
    }

    /// `scheme://host:port`, the port always written: what policy, audit and denials speak of.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("{}://{}:{}", self.scheme.as_str(), self.host, self.port)
    }

    /// The whole URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The same place as a WebSocket URL: `ws` for `http`, `wss` for `https`.
    #[must_use]
    pub fn into_websocket(self) -> Self {
        let scheme = if self.scheme.is_tls() { Scheme::Wss } else { Scheme::Ws };
        let target = self.text.get(self.path_at..).unwrap_or_default();
        Self::new(scheme, self.host.clone(), self.port, target)
    }

    fn new(scheme: Scheme, host: Host, port: u16, target: &str) -> Self {
        let mut text = String::with_capacity(target.len() + 64);
        text.push_str(scheme.as_str());
        text.push_str("://");
        // Writing to a string does not fail.
        let _ = match &host {
            Host::Name(name) => text.write_str(name.as_str()),
            address => write!(text, "{address}"),
        };
        if port != scheme.default_port() {
            let _ = write!(text, ":{port}");
        }
        let path_at = text.len();
        if !target.starts_with('/') {
            text.push('/');
        }
        text.push_str(target);
        Self { scheme, host, port, text, path_at }
    }
}

text_traits!(Url);

impl From<Url> for String {
    fn from(url: Url) -> Self {
        url.text
    }
}

impl From<&Url> for String {
    fn from(url: &Url) -> Self {
        url.text.clone()
    }
}

impl AsRef<str> for Url {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        if text.len() > Self::MAX_BYTES {
            return Err(UrlError::TooLong);
        }
        let (scheme, rest) = text.split_once("://").ok_or(UrlError::Scheme)?;
        let scheme = [Scheme::Http, Scheme::Https, Scheme::Ws, Scheme::Wss]
            .into_iter()
            .find(|known| known.as_str().eq_ignore_ascii_case(scheme))
            .ok_or(UrlError::Scheme)?;
        for byte in rest.bytes() {
            match byte {
                b'#' => return Err(UrlError::Fragment),
                b'\\' | b'<' | b'>' | b'"' | b'`' => return Err(UrlError::Character),
                0x21..=0x7e => {}
                _ => return Err(UrlError::Character),
            }
        }
        let path_at = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(path_at);
        if authority.contains('@') {
            return Err(UrlError::UserInfo);
        }
        let host_end = match (authority.rfind(']'), authority.find(':')) {
            (Some(bracket), _) => bracket + 1,
            (None, Some(colon)) if authority[colon + 1..].contains(':') => {
                return Err(HostError::Ipv6.into());
            }
            (None, colon) => colon.unwrap_or(authority.len()),
        };
        let (host, port) = authority.split_at(host_end);
        let host = host.parse()?;
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => scheme.default_port(),
            None => return Err(UrlError::Port),
            Some(digits) => parse_port(digits).ok_or(UrlError::Port)?,
        };
        Ok(Self::new(scheme, host, port, target))
    }
}

/// A decimal port from 1 to 65535, without sign or leading zero.
fn parse_port(digits: &str) -> Option<u16> {
    let canonical = matches!(digits.as_bytes(), [b'1'..=b'9', rest @ ..] if rest.iter().all(u8::is_ascii_digit));
    if canonical { digits.parse().ok() } else { None }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_is_repaired() {
        for (text, error) in [
            ("example.com", UrlError::Scheme),
            ("//example.com/", UrlError::Scheme),
            ("http:/example.com", UrlError::Scheme),
            (" http://example.com/", UrlError::Scheme),
            ("gopher://example.com/", UrlError::Scheme),
            ("http://a:b@example.com/", UrlError::UserInfo),
            ("http://@example.com/", UrlError::UserInfo),
            ("http://example.com/#top", UrlError::Fragment),
            ("http://example.com\\@127.0.0.1/", UrlError::Character),
            ("http://example.com/a b", UrlError::Character),
            ("http://example.com/\r\nHost: x", UrlError::Character),
            ("http://ex\u{e4}mple.com/", UrlError::Character),
            ("http://ex%61mple.com/", UrlError::Host(HostError::Character)),
            ("http://[::1%25lo]/", UrlError::Host(HostError::Ipv6)),
            ("http://2001:db8::1/", UrlError::Host(HostError::Ipv6)),
            ("http://example.com:/", UrlError::Port),
            ("http://example.com:0/", UrlError::Port),
            ("http://example.com:080/", UrlError::Port),
            ("http://example.com:+80/", UrlError::Port),
            ("http://example.com:65536/", UrlError::Port),
            ("http://[::1]x:80/", UrlError::Port),
            ("http:///path", UrlError::Host(HostError::Empty)),
        ] {
            assert_eq!(text.parse::<Url>(), Err(error), "{text:?}");
        }
    }

    #[test]
    fn at_signs_and_urls_in_path_and_query_are_data() {
        for text in
            ["http://e.test/?@127.0.0.1", "http://e.test/@a/", "http://e.test/http://127.0.0.1/"]
        {
            let url: Url = text.parse().unwrap();
            assert_eq!((url.host().to_string().as_str(), url.as_str()), ("e.test", text));
        }
    }

    #[test]
    fn the_parts_are_those_that_were_written() {
        let url: Url = "ws://[2001:DB8::1]:8080?q".parse().unwrap();
        assert_eq!(url.as_str(), "ws://[2001:db8::1]:8080/?q");
        assert_eq!(url.authority(), "[2001:db8::1]:8080");
        assert_eq!((url.path(), url.path_and_query(), url.port()), ("/", "/?q", 8080));
    }

    proptest! {
        #[test]
        fn what_prints_reads_back(text in "(http|HTTPS|ws)://[a-zA-Z0-9.:\\[\\]@%-]{0,24}[/?]?[!-~]{0,24}") {
            if let Ok(url) = text.parse::<Url>() {
                prop_assert_eq!(url.to_string().parse::<Url>(), Ok(url));
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = text.parse::<Url>();
        }
    }
}
