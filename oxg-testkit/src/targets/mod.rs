//! Scripted targets: what the plugin reaches instead of the network.

mod pattern;
mod upstream;

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use oxg_protocol::Url;

pub use pattern::{Pattern, get, request};
pub(crate) use upstream::{ScriptedUpstream, resolver};

/// The scripted targets of a test. A clone is the same script.
///
/// Every name resolves to a public address, so that the broker's policy decides by the manifest.
/// A request that passes policy and no expectation covers is denied, and fails the test in the
/// end, with the nearest expectation.
#[derive(Debug, Clone, Default)]
pub struct Targets(Arc<Mutex<Script>>);

#[derive(Debug, Default)]
pub(crate) struct Script {
    expected: Vec<Expected>,
    sent: Vec<Sent>,
    unexpected: Vec<Sent>,
}

#[derive(Debug)]
struct Expected {
    pattern: Pattern,
    reply: Answer,
    times: RangeInclusive<usize>,
    seen: usize,
}

/// What a scripted target answers.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// A request that reached a scripted target.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sent {
    /// Its method.
    pub method: String,
    /// Its URL.
    pub url: Url,
    /// Its header fields, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Sent {
    /// The first value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// A pattern that waits for its reply.
#[derive(Debug)]
#[must_use = "an expectation exists after `reply`"]
pub struct Expectation {
    targets: Targets,
    pattern: Pattern,
}

/// The reply to a pattern; already in force, and still to be refined.
#[derive(Debug)]
pub struct Reply {
    targets: Targets,
    index: usize,
}

impl Targets {
    /// Expects requests. Of several expectations that cover a request the first one answers that
    /// has not been used up.
    pub fn on(&self, pattern: Pattern) -> Expectation {
        Expectation { targets: self.clone(), pattern }
    }

    /// The requests that arrived, in order.
    #[must_use]
    pub fn sent(&self) -> Vec<Sent> {
        self.script().sent.clone()
    }

    /// The answer to a request, or which expectation came nearest.
    pub(crate) fn answer(&self, sent: Sent) -> Result<Answer, String> {
        let mut script = self.script();
        script.sent.push(sent.clone());
        let open = script.expected.iter_mut().find(|expected| {
            expected.seen < *expected.times.end() && expected.pattern.differences(&sent).is_empty()
        });
        if let Some(expected) = open {
            expected.seen += 1;
            return Ok(expected.reply.clone());
        }
        script.unexpected.push(sent.clone());
        Err(format!("no script covers {} {}", sent.method, sent.url))
    }

    /// What went other than scripted, a paragraph each.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let script = self.script();
        let unexpected = script.unexpected.iter().map(|sent| script.nearest(sent));
        let unused =
            script.expected.iter().filter(|expected| expected.seen < *expected.times.start());
        let unused = unused.map(|expected| {
            let wanted = expected.times.start();
            format!(
                "expected {} at least {wanted} {}, came {} {}",
                expected.pattern,
                plural(*wanted),
                expected.seen,
                plural(expected.seen)
            )
        });
        unexpected.chain(unused).collect()
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Script {
    fn nearest(&self, sent: &Sent) -> String {
        let mut text = format!("unexpected request: {} {}", sent.method, sent.url);
        let nearest = self
            .expected
            .iter()
            .map(|expected| (expected, expected.pattern.differences(sent)))
            .min_by_key(|(_, differences)| differences.len());
        match nearest {
            None => text.push_str("\n  nothing is scripted; add t.http().on(…).reply(…)"),
            Some((expected, differences)) if differences.is_empty() => text.push_str(&format!(
                "\n  {} was expected {} {} and has come more often",
                expected.pattern,
                expected.times.end(),
                plural(*expected.times.end())
            )),
            Some((expected, differences)) => {
                text.push_str(&format!("\n  nearest expectation: {}", expected.pattern));
                for difference in differences {
                    text.push_str(&format!("\n    {difference}"));
                }
            }
        }
        text
    }
}

impl Expectation {
    /// Answers with `status` and an empty body. From now on the request is expected at least once.
    ///
    /// # Panics
    /// If `status` is not from 100 to 999.
    #[track_caller]
    #[allow(clippy::panic, reason = "in a test, a wrong script is a failed test")]
    pub fn reply(self, status: u16) -> Reply {
        let Ok(status) = StatusCode::from_u16(status) else { panic!("{status} is not a status") };
        let mut script = self.targets.script();
        script.expected.push(Expected {
            pattern: self.pattern,
            reply: Answer { status, headers: HeaderMap::new(), body: Bytes::new() },
            times: 1..=usize::MAX,
            seen: 0,
        });
        let index = script.expected.len() - 1;
        drop(script);
        Reply { targets: self.targets, index }
    }
}

impl Reply {
    /// With this body.
    pub fn body(self, body: impl Into<Bytes>) -> Self {
        self.change(|expected| expected.reply.body = body.into())
    }

    /// With this header.
    ///
    /// # Panics
    /// If it is not a header.
    #[track_caller]
    #[allow(clippy::panic, reason = "in a test, a wrong script is a failed test")]
    pub fn header(self, name: &str, value: &str) -> Self {
        let (Ok(name), Ok(value)) = (name.parse::<http::HeaderName>(), value.parse()) else {
            panic!("{name}: {value} is not a header");
        };
        self.change(|expected| {
            expected.reply.headers.append(name, value);
        })
    }

    /// Expected exactly so many times.
    pub fn times(self, times: usize) -> Self {
        self.change(|expected| expected.times = times..=times)
    }

    /// It is no fault if the request never comes.
    pub fn optional(self) -> Self {
        self.change(|expected| expected.times = 0..=*expected.times.end())
    }

    fn change(self, change: impl FnOnce(&mut Expected)) -> Self {
        if let Some(expected) = self.targets.script().expected.get_mut(self.index) {
            change(expected);
        }
        self
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "time" } else { "times" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(method: &str, url: &str) -> Sent {
        Sent {
            method: method.to_owned(),
            url: url.parse().unwrap(),
            headers: vec![("x-a".to_owned(), "1".to_owned())],
            body: b"hi".to_vec(),
        }
    }

    #[test]
    fn a_used_up_expectation_makes_way_for_the_next() {
        let targets = Targets::default();
        targets.on(get("https://e.test/")).reply(500).times(1);
        targets.on(get("https://e.test/")).reply(200);
        let status = || targets.answer(sent("GET", "https://e.test/")).unwrap().status.as_u16();
        assert_eq!([status(), status(), status()], [500, 200, 200]);
        assert!(targets.complaints().is_empty());
    }

    #[test]
    fn an_unexpected_request_names_the_nearest_expectation_field_by_field() {
        let targets = Targets::default();
        targets.on(request("POST", "https://other.test/").header("x-b", "2")).reply(200).optional();
        targets.on(get("https://e.test/").header("x-a", "2").body("ho")).reply(200).optional();
        targets.answer(sent("GET", "https://e.test/")).unwrap_err();
        assert_eq!(
            targets.complaints(),
            ["unexpected request: GET https://e.test/
  nearest expectation: GET https://e.test/
    x-a: expected \"2\", sent \"1\"
    body: expected \"ho\", sent \"hi\""]
        );
    }

    #[test]
    fn a_request_that_never_came_is_a_complaint() {
        let targets = Targets::default();
        targets.on(get("https://e.test/")).reply(200);
        targets.on(get("https://e.test/b")).reply(200).times(2);
        targets.answer(sent("GET", "https://e.test/b")).unwrap();
        assert_eq!(
            targets.complaints(),
            [
                "expected GET https://e.test/ at least 1 time, came 0 times",
                "expected GET https://e.test/b at least 2 times, came 1 time"
            ]
        );
    }

    #[test]
    fn one_time_too_many_is_a_complaint() {
        let targets = Targets::default();
        targets.on(get("https://e.test/")).reply(200).times(1);
        targets.answer(sent("GET", "https://e.test/")).unwrap();
        targets.answer(sent("GET", "https://e.test/")).unwrap_err();
        assert_eq!(
            targets.complaints(),
            ["unexpected request: GET https://e.test/
  GET https://e.test/ was expected 1 time and has come more often"]
        );
    }
}
