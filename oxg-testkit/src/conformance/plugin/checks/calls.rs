//! What holds of each call by itself.

use http::HeaderMap;
use http::header::{AUTHORIZATION, PROXY_AUTHORIZATION};
use oxg_protocol::{ErrorCode, ProtocolVersion, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::super::call::Call;
use super::super::transcript::Exchange;
use crate::conformance::Failure;

pub(super) fn bearer(exchange: &Exchange, tokens: &[SecretString]) -> Result<(), Failure> {
    let (field, other) = match exchange.call {
        Call::Egress | Call::Connect => (PROXY_AUTHORIZATION, AUTHORIZATION),
        Call::Other if exchange.uri.path() == oxg_protocol::route::HEALTH => return Ok(()),
        _ => (AUTHORIZATION, PROXY_AUTHORIZATION),
    };
    let holds_token = |value: &http::HeaderValue| {
        let text = value.to_str().unwrap_or_default();
        let token = text.split_once(' ').map_or("", |(_, token)| token);
        tokens.iter().any(|known| known.expose_secret() == token)
    };
    let expected = format!("{} carries the session's token in one field {field}", exchange.name());
    let values: Vec<_> = exchange.headers.get_all(&field).iter().collect();
    match values.as_slice() {
        [value] if holds_token(value) => {}
        [_] => return Err(Failure::new(expected, "the field has something else")),
        other => return Err(Failure::new(expected, format!("{} such fields", other.len()))),
    }
    match exchange.headers.get_all(&other).iter().any(holds_token) {
        true => Err(Failure::new(expected, format!("it is in {other} as well"))),
        false => Ok(()),
    }
}

fn stated<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"))
}

pub(super) fn version(exchange: &Exchange) -> Result<(), Failure> {
    let Some(text) = stated(&exchange.headers, header::PROTOCOL) else { return Ok(()) };
    match text.parse::<ProtocolVersion>() {
        Ok(version) if ProtocolVersion::CURRENT.understands(version) => Ok(()),
        _ => Err(Failure::new(format!("{} is 1.x where it is stated", header::PROTOCOL), text)),
    }
}

pub(super) fn deadline(exchange: &Exchange) -> Result<(), Failure> {
    let Some(text) = stated(&exchange.headers, header::DEADLINE_MS) else { return Ok(()) };
    let most = oxg_protocol::Limits::default().max_deadline_ms;
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    if digits && text.parse::<u64>().is_ok_and(|number| number <= most) {
        return Ok(());
    }
    let expected = format!("{} is a number of at most {most}", header::DEADLINE_MS);
    Err(Failure::new(expected, text))
}

pub(super) fn known_call(exchange: &Exchange) -> Result<(), Failure> {
    let known = match exchange.call {
        Call::Connect => false,
        Call::Other => exchange.uri.path() == oxg_protocol::route::HEALTH,
        _ => true,
    };
    if known {
        return Ok(());
    }
    Err(Failure::new("each call is one of the protocol's", exchange.name()))
}

pub(super) fn lease_request(exchange: &Exchange) -> Result<(), Failure> {
    if exchange.call != Call::Lease {
        return Ok(());
    }
    let asked = exchange.json().unwrap_or_default();
    let within = |member: &str, from: u64, to: u64| {
        asked
            .get(member)
            .and_then(Value::as_u64)
            .is_some_and(|number| (from..=to).contains(&number))
    };
    if within("max", 1, 64) && within("wait_ms", 0, u64::MAX) && within("lease_ms", 100, 600_000) {
        return Ok(());
    }
    let expected = "a lease call asks for `max` 1 to 64, a `wait_ms`, and `lease_ms` 100 to 600000";
    Err(Failure::new(expected, cut(&asked.to_string())))
}

pub(super) fn no_refusal(exchange: &Exchange) -> Result<(), Failure> {
    let code = exchange.code().and_then(|code| code.parse::<ErrorCode>().ok());
    let refused = code.filter(|code| {
        matches!(
            code,
            ErrorCode::InvalidRequest
                | ErrorCode::Unauthenticated
                | ErrorCode::VersionUnsupported
                | ErrorCode::NotFound
                | ErrorCode::PayloadTooLarge
                | ErrorCode::CapabilityDenied
        )
    });
    match refused {
        None => Ok(()),
        Some(code) => {
            let detail = exchange.answer.as_ref().and_then(|answer| {
                let problem: Value = serde_json::from_slice(&answer.body).ok()?;
                Some(problem.get("detail")?.as_str()?.to_owned())
            });
            let seen = format!("{}: {code}, {}", exchange.name(), detail.unwrap_or_default());
            Err(Failure::new("the broker takes every call", seen))
        }
    }
}

pub(super) fn lines_accepted(exchange: &Exchange) -> Result<(), Failure> {
    let (Call::Findings | Call::Logs, Some(answer)) = (exchange.call, &exchange.answer) else {
        return Ok(());
    };
    if answer.code.is_some() {
        return Ok(());
    }
    let lines = answer.body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let rejected = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let mut rejected = rejected.filter_map(|line| line.get("rejected").cloned());
    match rejected.next() {
        None => Ok(()),
        Some(problem) => {
            let expected = format!("{} has lines that the broker takes", exchange.name());
            Err(Failure::new(expected, cut(&problem.to_string())))
        }
    }
}

pub(super) fn reason(exchange: &Exchange) -> Result<(), Failure> {
    if exchange.call != Call::Fail {
        return Ok(());
    }
    let said = exchange.json().unwrap_or_default();
    let reason = said.get("reason").and_then(Value::as_str).unwrap_or_default();
    if reason.trim().is_empty() {
        return Err(Failure::new("`fail` has a `reason`, in a sentence", "there is none"));
    }
    Ok(())
}

fn cut(text: &str) -> String {
    text.chars().take(200).collect()
}
