//! Whether an answer is as its case expects it.

use oxg_protocol::{ErrorCode, Problem, header};
use serde_json::Value;

use super::case::ExpectAnswer;
use super::client::{Answer, Called};
use super::fill::{Values, fill, fill_json};
use crate::conformance::Failure;

/// What was not as expected.
pub(super) fn compare(expect: &ExpectAnswer, called: &Called, values: &Values) -> Vec<Failure> {
    let answer = match called {
        Called::Answered(answer) => answer,
        Called::Closed if expect.status.is_empty() => return Vec::new(),
        Called::Closed => {
            return vec![Failure::new(wanted(expect), "the connection ended without an answer")];
        }
        Called::Silent => return vec![Failure::new(wanted(expect), "no answer came")],
        Called::Malformed(problem) => return vec![Failure::new(wanted(expect), problem)],
    };
    if !expect.status.is_empty() && !expect.status.contains(&answer.status) {
        return vec![Failure::new(wanted(expect), described(answer))];
    }
    let mut failures = Vec::new();
    failures.extend(problem(expect, answer));
    failures.extend(headers(expect, answer, values));
    failures.extend(members(expect, answer, values));
    failures.extend(body(expect, answer, values));
    if expect.closes && !answer.closed {
        failures.push(Failure::new("the broker closes the connection", "it stays open"));
    }
    failures
}

fn wanted(expect: &ExpectAnswer) -> String {
    let statuses: Vec<_> = expect.status.iter().map(ToString::to_string).collect();
    let status = match statuses.is_empty() {
        true => "the end of the connection, or any answer".to_owned(),
        false => format!("status {}", statuses.join(" or ")),
    };
    match expect.code.as_slice() {
        [] => status,
        codes => format!("{status}, {}", codes.join(" or ")),
    }
}

fn described(answer: &Answer) -> String {
    let detail = answer.json().and_then(|json| Some(json.get("detail")?.as_str()?.to_owned()));
    let mut text = format!("status {}", answer.status);
    for part in answer.header(header::ERROR).into_iter().map(str::to_owned).chain(detail) {
        text.push_str(", ");
        text.extend(part.chars().take(200));
    }
    text
}

/// Each problem is one as RFC 9457 and the protocol have it, and each other answer is none.
fn problem(expect: &ExpectAnswer, answer: &Answer) -> Vec<Failure> {
    let codes = answer.header(header::ERROR);
    let mut failures = Vec::new();
    if answer.header(header::REQUEST_ID).len() != 1 {
        let seen = format!("{}", answer.header(header::REQUEST_ID).len());
        failures.push(Failure::new(format!("the answer has one {}", header::REQUEST_ID), seen));
    }
    if expect.code.is_empty() {
        if !codes.is_empty() {
            failures.push(Failure::new(format!("no {}", header::ERROR), described(answer)));
        }
        return failures;
    }
    let Some(code) = expect.code.iter().find(|code| codes == [code.as_str()]) else {
        let expected = format!("{}: {}", header::ERROR, expect.code.join(" or "));
        failures.push(Failure::new(expected, format!("{codes:?}")));
        return failures;
    };
    if answer.header("content-type") != [Problem::MEDIA_TYPE] {
        let seen = format!("{:?}", answer.header("content-type"));
        failures.push(Failure::new(format!("content-type: {}", Problem::MEDIA_TYPE), seen));
    }
    let json = answer.json().unwrap_or_default();
    let mut member = |name: &str, expected: Value| {
        let seen = json.get(name).cloned().unwrap_or_default();
        if seen != expected {
            failures.push(Failure::new(format!("{name}: {expected}"), cut(&seen.to_string())));
        }
    };
    member("type", format!("{}{code}", ErrorCode::URN_PREFIX).into());
    member("status", answer.status.into());
    for name in ["title", "detail"] {
        if json.get(name).and_then(Value::as_str).unwrap_or_default().is_empty() {
            failures.push(Failure::new(format!("the problem has a {name}"), "it has none"));
        }
    }
    failures
}

fn headers(expect: &ExpectAnswer, answer: &Answer, values: &Values) -> Vec<Failure> {
    let wrong = expect.headers.iter().filter_map(|(name, expected)| {
        let expected = fill(expected, values);
        let seen = answer.header(name);
        let right = match expected.as_str() {
            "*" => seen.len() == 1,
            expected => seen == [expected],
        };
        (!right).then(|| Failure::new(format!("{name}: {expected}"), cut(&format!("{seen:?}"))))
    });
    wrong.collect()
}

fn members(expect: &ExpectAnswer, answer: &Answer, values: &Values) -> Vec<Failure> {
    if expect.json.is_empty() && expect.has.is_empty() && expect.lacks.is_empty() {
        return Vec::new();
    }
    let Some(json) = answer.json() else {
        return vec![Failure::new("the body is JSON", "it is not")];
    };
    let at = |pointer: &str| json.pointer(pointer).filter(|value| !value.is_null());
    let mut failures = Vec::new();
    for (pointer, expected) in &expect.json {
        let expected = fill_json(expected, values);
        let seen = json.pointer(pointer).cloned().unwrap_or_default();
        if seen != expected {
            failures.push(Failure::new(format!("{pointer}: {expected}"), cut(&seen.to_string())));
        }
    }
    for pointer in expect.has.iter().filter(|pointer| at(pointer).is_none()) {
        failures.push(Failure::new(format!("the body has {pointer}"), "it has not"));
    }
    for pointer in expect.lacks.iter().filter(|pointer| at(pointer).is_some()) {
        failures.push(Failure::new(format!("the body has no {pointer}"), "it has"));
    }
    failures
}

fn body(expect: &ExpectAnswer, answer: &Answer, values: &Values) -> Vec<Failure> {
    let mut failures = Vec::new();
    let text = String::from_utf8_lossy(&answer.body);
    if let Some(expected) = &expect.body {
        let expected = fill(expected, values);
        if text != expected {
            failures.push(Failure::new(
                format!("the body is {expected:?}"),
                format!("{:?}", cut(&text)),
            ));
        }
    }
    for hidden in &expect.without {
        let hidden = fill(hidden, values);
        let in_header = answer.headers.iter().any(|(_, value)| value.contains(&hidden));
        if in_header || text.contains(&hidden) {
            failures.push(Failure::new("the answer does not repeat what it should not", "it does"));
        }
    }
    if let Some(expected) = &expect.lines {
        let lines: Vec<Value> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| serde_json::from_str(line).unwrap_or_default())
            .collect();
        let right = lines.len() == expected.len()
            && lines.iter().zip(expected).all(|(line, member)| {
                line.is_object() && (member.is_empty() || line.get(member).is_some())
            });
        if !right {
            failures.push(Failure::new(format!("lines with {expected:?}"), cut(&text)));
        }
    }
    failures
}

fn cut(text: &str) -> String {
    text.chars().take(200).collect()
}
