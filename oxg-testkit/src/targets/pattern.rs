//! Which requests an expectation covers.

use std::fmt;

use http::Method;
use oxg_protocol::Url;

use super::Sent;

/// Requests by method, URL, header and body. Start with [`get`] or [`request`].
#[derive(Debug, Clone)]
#[must_use = "a pattern does nothing until `Targets::on` takes it"]
pub struct Pattern {
    method: Method,
    url: Url,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

/// `GET` requests for `url`, query included.
///
/// # Panics
/// If `url` is not an absolute URL.
#[track_caller]
pub fn get(url: &str) -> Pattern {
    request("GET", url)
}

/// Requests with a method for `url`, query included.
///
/// # Panics
/// If `method` is not a method or `url` is not an absolute URL.
#[track_caller]
#[allow(clippy::panic, reason = "in a test, a wrong pattern is a failed test")]
pub fn request(method: &str, url: &str) -> Pattern {
    let Ok(method) = method.parse() else { panic!("{method:?} is not an HTTP method") };
    let url = url.parse().unwrap_or_else(|error| panic!("{url:?} is not a URL: {error}"));
    Pattern { method, url, headers: Vec::new(), body: None }
}

impl Pattern {
    /// Only with this header.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.into()));
        self
    }

    /// Only with exactly this body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// What of `sent` differs; empty if it is covered.
    pub(crate) fn differences(&self, sent: &Sent) -> Vec<String> {
        let mut differences = Vec::new();
        if self.method.as_str() != sent.method {
            differences.push(format!("method: expected {}, sent {}", self.method, sent.method));
        }
        if self.url != sent.url {
            differences.push(format!("url: expected {}, sent {}", self.url, sent.url));
        }
        for (name, expected) in &self.headers {
            match sent.header(name) {
                Some(value) if value == expected => {}
                Some(value) => {
                    differences.push(format!("{name}: expected {expected:?}, sent {value:?}"))
                }
                None => differences.push(format!("{name}: expected {expected:?}, not sent")),
            }
        }
        if let Some(expected) = self.body.as_ref().filter(|body| **body != sent.body) {
            differences.push(format!(
                "body: expected {:?}, sent {:?}",
                String::from_utf8_lossy(expected),
                String::from_utf8_lossy(&sent.body)
            ));
        }
        differences
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.url)
    }
}
