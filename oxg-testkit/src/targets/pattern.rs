//! Which requests an expectation covers.

use std::fmt;
use std::sync::Arc;

use http::Method;
use serde_json::Value;

use super::Sent;
use super::json::{Exactness, differences};
use super::template::Template;

/// Requests by method, URL, query, header and body. Start with [`get`] or [`request`].
///
/// The URL must match whole, query included, until [`query`](Self::query) or
/// [`any_query`](Self::any_query) says otherwise. It may have holes: `{name}` in the path stands
/// for one segment, `{*name}` at its end for all that is left, `*.` at the start of the host for
/// any subdomain.
#[derive(Debug, Clone)]
#[must_use = "a pattern does nothing until `Targets::on` takes it"]
pub struct Pattern {
    /// `None`: any.
    method: Option<Method>,
    url: Template,
    conditions: Vec<Condition>,
}

/// One more thing that must hold.
#[derive(Clone)]
enum Condition {
    Query { name: String, value: String },
    Header { name: String, value: Option<String> },
    Body(Vec<u8>),
    Json(Value, Exactness),
    Holds { what: String, holds: Arc<dyn Fn(&Sent) -> bool + Send + Sync> },
}

/// `GET` requests for `url`, query included.
///
/// # Panics
/// If `url` is not an absolute URL.
#[track_caller]
pub fn get(url: &str) -> Pattern {
    request("GET", url)
}

/// Requests with a method for `url`, query included. The method `*` is any.
///
/// # Panics
/// If `method` is not a method or `url` is not an absolute URL.
#[track_caller]
#[allow(clippy::panic, reason = "in a test, a wrong pattern is a failed test")]
pub fn request(method: &str, url: &str) -> Pattern {
    let method = match method {
        "*" => None,
        method => match method.parse() {
            Ok(method) => Some(method),
            Err(_) => panic!("{method:?} is not an HTTP method"),
        },
    };
    let url = Template::parse(url).unwrap_or_else(|error| panic!("{url:?} is not a URL: {error}"));
    Pattern { method, url, conditions: Vec::new() }
}

impl Pattern {
    /// Only with this parameter in the query, among others.
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.url.any_query();
        self.with(Condition::Query { name: name.into(), value: value.into() })
    }

    /// With any query, or none.
    pub fn any_query(mut self) -> Self {
        self.url.any_query();
        self
    }

    /// Only with this header.
    pub fn header(self, name: &str, value: impl Into<String>) -> Self {
        self.with(Condition::Header { name: name.to_ascii_lowercase(), value: Some(value.into()) })
    }

    /// Only with this header, whatever its value.
    pub fn has_header(self, name: &str) -> Self {
        self.with(Condition::Header { name: name.to_ascii_lowercase(), value: None })
    }

    /// Only with exactly this body.
    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        self.with(Condition::Body(body.into()))
    }

    /// Only with a JSON body that is this value.
    pub fn json(self, value: impl Into<Value>) -> Self {
        self.with(Condition::Json(value.into(), Exactness::Whole))
    }

    /// Only with a JSON body that has all that this value has; objects may have more.
    pub fn json_partial(self, value: impl Into<Value>) -> Self {
        self.with(Condition::Json(value.into(), Exactness::Partial))
    }

    /// Only if `holds` says so. `what` tells a reader of the failure what was asked: "a page below
    /// 10".
    pub fn matching(
        self,
        what: impl Into<String>,
        holds: impl Fn(&Sent) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.with(Condition::Holds { what: what.into(), holds: Arc::new(holds) })
    }

    fn with(mut self, condition: Condition) -> Self {
        self.conditions.push(condition);
        self
    }

    /// What of `sent` differs; empty if it is covered.
    pub(crate) fn differences(&self, sent: &Sent) -> Vec<String> {
        let mut found = Vec::new();
        if let Some(method) = self.method.as_ref().filter(|method| method.as_str() != sent.method) {
            found.push(format!("method: expected {method}, sent {}", sent.method));
        }
        if !self.url.matches(&sent.url) {
            found.push(format!("url: expected {}, sent {}", self.url, sent.url));
        }
        for condition in &self.conditions {
            condition.differences(sent, &mut found);
        }
        found
    }
}

impl Condition {
    fn differences(&self, sent: &Sent, found: &mut Vec<String>) {
        match self {
            Self::Query { name, value } => {
                let values: Vec<_> = sent.query(name).collect();
                if !values.contains(value) {
                    found.push(unlike(&format!("query {name}"), value, values.first()));
                }
            }
            Self::Header { name, value } => match (value, sent.header(name)) {
                (None, Some(_)) => {}
                (None, None) => found.push(format!("{name}: expected, not sent")),
                (Some(expected), Some(value)) if value == expected => {}
                (Some(expected), value) => found.push(unlike(name, expected, value)),
            },
            Self::Body(expected) if *expected == sent.body => {}
            Self::Body(expected) => {
                let text = |bytes| shortened(&String::from_utf8_lossy(bytes));
                found.push(unlike("body", &text(expected), Some(text(&sent.body))));
            }
            Self::Json(expected, exactness) => match sent.json() {
                Ok(value) => found.extend(
                    differences(expected, &value, *exactness)
                        .into_iter()
                        .map(|difference| format!("body {difference}")),
                ),
                Err(error) => found.push(format!("body: expected JSON, sent other: {error}")),
            },
            Self::Holds { holds, .. } if holds(sent) => {}
            Self::Holds { what, .. } => found.push(format!("expected {what}, which does not hold")),
        }
    }
}

fn unlike(what: &str, expected: &str, sent: Option<impl AsRef<str>>) -> String {
    match sent {
        Some(sent) => format!("{what}: expected {expected:?}, sent {:?}", sent.as_ref()),
        None => format!("{what}: expected {expected:?}, not sent"),
    }
}

/// A long text by its start: a failure is read by people.
pub(super) fn shortened(text: &str) -> String {
    const LONGEST: usize = 200;
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}… ({} bytes)", &text[..at], text.len()),
        None => text.to_owned(),
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method.as_ref().map_or("*", Method::as_str), self.url)
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Query { name, value } => write!(f, "query {name}={value}"),
            Self::Header { name, value } => write!(f, "header {name}: {value:?}"),
            Self::Body(body) => write!(f, "body of {} bytes", body.len()),
            Self::Json(value, exactness) => write!(f, "{exactness:?} JSON {value}"),
            Self::Holds { what, .. } => f.write_str(what),
        }
    }
}
