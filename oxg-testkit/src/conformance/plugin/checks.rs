//! What is looked for in a transcript, beyond counting.

use std::collections::BTreeMap;
use std::time::Duration;

use http::HeaderMap;
use http::header::{AUTHORIZATION, PROXY_AUTHORIZATION};
use oxg_protocol::{ErrorCode, ProtocolVersion, header};
use serde::Deserialize;
use serde_json::Value;

use super::call::Call;
use super::run::Observed;
use super::transcript::Exchange;
use crate::conformance::Failure;

/// How exactly times are taken.
const TOLERANCE: Duration = Duration::from_millis(50);

/// What a case can have checked, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Check {
    /// Each call carries the token, once, in the right field.
    Bearer,
    /// A version that is stated is 1.x.
    Version,
    /// A deadline that is stated is a number of at most ten minutes.
    Deadline,
    /// Each request is HTTP/1.1 as RFC 9112 has it.
    WellFormed,
    /// Each call is one that the protocol has; none is `CONNECT`.
    KnownCalls,
    /// Lease calls ask for what they may.
    LeaseRequests,
    /// The broker takes each call for well-formed.
    NoRefusals,
    /// Each line of findings and logs is taken.
    LinesAccepted,
    /// A holder says once what became of its task.
    OneWord,
    /// After `lease_lost` a lease token is not used again.
    NoWordAfterLoss,
    /// Words about one lease are one word, repeated.
    SameWordAgain,
    /// A lease is extended before it ends, while the task is under way.
    ExtendsInTime,
    /// A call that was denied is not made again.
    DeniedOnce,
    /// A call that was put off comes again no sooner than the broker asked.
    WaitsAsTold,
    /// `fail` says why.
    Reason,
}

impl Check {
    pub(super) fn run(self, observed: &Observed) -> Vec<Failure> {
        let exchanges = &observed.exchanges;
        match self {
            Self::Bearer => each(exchanges, |exchange| bearer(exchange, &observed.tokens)),
            Self::Version => each(exchanges, version),
            Self::Deadline => each(exchanges, deadline),
            Self::WellFormed => {
                let malformed = observed
                    .malformed
                    .first()
                    .map(|error| Failure::new("each request is well-formed HTTP/1.1", error));
                malformed.into_iter().collect()
            }
            Self::KnownCalls => each(exchanges, known_call),
            Self::LeaseRequests => each(exchanges, lease_request),
            Self::NoRefusals => each(exchanges, no_refusal),
            Self::LinesAccepted => each(exchanges, lines_accepted),
            Self::OneWord => each_lease(exchanges, one_word),
            Self::NoWordAfterLoss => each_lease(exchanges, no_word_after_loss),
            Self::SameWordAgain => each_lease(exchanges, same_word_again),
            Self::ExtendsInTime => extends_in_time(observed),
            Self::DeniedOnce => denied_once(exchanges),
            Self::WaitsAsTold => waits_as_told(exchanges),
            Self::Reason => each(exchanges, reason),
        }
    }
}

/// The first failure: others are mostly the same.
fn each(exchanges: &[Exchange], check: impl Fn(&Exchange) -> Result<(), Failure>) -> Vec<Failure> {
    exchanges.iter().find_map(|exchange| check(exchange).err()).into_iter().collect()
}

fn bearer(exchange: &Exchange, tokens: &[String]) -> Result<(), Failure> {
    let (field, other) = match exchange.call {
        Call::Egress | Call::Connect => (PROXY_AUTHORIZATION, AUTHORIZATION),
        Call::Other if exchange.uri.path() == oxg_protocol::route::HEALTH => return Ok(()),
        _ => (AUTHORIZATION, PROXY_AUTHORIZATION),
    };
    let holds_token = |value: &http::HeaderValue| {
        let text = value.to_str().unwrap_or_default();
        let token = text.split_once(' ').map_or("", |(_, token)| token);
        tokens.iter().any(|known| known == token)
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

fn version(exchange: &Exchange) -> Result<(), Failure> {
    let Some(text) = stated(&exchange.headers, header::PROTOCOL) else { return Ok(()) };
    match text.parse::<ProtocolVersion>() {
        Ok(version) if ProtocolVersion::CURRENT.understands(version) => Ok(()),
        _ => Err(Failure::new(format!("{} is 1.x where it is stated", header::PROTOCOL), text)),
    }
}

fn deadline(exchange: &Exchange) -> Result<(), Failure> {
    let Some(text) = stated(&exchange.headers, header::DEADLINE_MS) else { return Ok(()) };
    let most = oxg_protocol::Limits::default().max_deadline_ms;
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    if digits && text.parse::<u64>().is_ok_and(|number| number <= most) {
        return Ok(());
    }
    let expected = format!("{} is a number of at most {most}", header::DEADLINE_MS);
    Err(Failure::new(expected, text))
}

fn known_call(exchange: &Exchange) -> Result<(), Failure> {
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

fn lease_request(exchange: &Exchange) -> Result<(), Failure> {
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

fn no_refusal(exchange: &Exchange) -> Result<(), Failure> {
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

fn lines_accepted(exchange: &Exchange) -> Result<(), Failure> {
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

fn reason(exchange: &Exchange) -> Result<(), Failure> {
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

/// Checks what was said with each lease token.
fn each_lease(
    exchanges: &[Exchange],
    check: impl Fn(&[&Exchange]) -> Result<(), Failure>,
) -> Vec<Failure> {
    by_lease(exchanges).values().find_map(|said| check(said).err()).into_iter().collect()
}

fn by_lease(exchanges: &[Exchange]) -> BTreeMap<String, Vec<&Exchange>> {
    let mut leases: BTreeMap<String, Vec<&Exchange>> = BTreeMap::new();
    for exchange in exchanges.iter().filter(|one| one.call == Call::Extend || one.call.is_word()) {
        if let Some(token) = exchange.lease_token() {
            leases.entry(token).or_default().push(exchange);
        }
    }
    leases
}

fn one_word(said: &[&Exchange]) -> Result<(), Failure> {
    let is_last = |exchange: &&&Exchange| exchange.call.is_word() && exchange.is_granted();
    let Some(at) = said.iter().position(|exchange| is_last(&exchange)) else { return Ok(()) };
    let answered = said.get(at).and_then(|exchange| Some(exchange.answer.as_ref()?.at));
    // An extension may be under way when the word is said.
    let later = |exchange: &&&Exchange| answered.is_some_and(|answered| exchange.at > answered);
    match said.iter().skip(at + 1).find(later) {
        None => Ok(()),
        Some(again) => Err(Failure::new(
            "a holder says once what became of its task",
            format!("after {} was granted: {}", names(said.get(at)), again.name()),
        )),
    }
}

fn no_word_after_loss(said: &[&Exchange]) -> Result<(), Failure> {
    let is_lost = |exchange: &&Exchange| exchange.code() == Some(ErrorCode::LeaseLost.as_str());
    let Some(at) = said.iter().position(is_lost) else { return Ok(()) };
    let answered = said.get(at).and_then(|exchange| Some(exchange.answer.as_ref()?.at));
    let later = |exchange: &&&Exchange| answered.is_some_and(|answered| exchange.at > answered);
    match said.iter().skip(at + 1).find(later) {
        None => Ok(()),
        Some(again) => Err(Failure::new(
            "a lease that is lost is not used again",
            format!("after {} got lease_lost: {}", names(said.get(at)), again.name()),
        )),
    }
}

fn names(exchange: Option<&&Exchange>) -> String {
    exchange.map(|exchange| exchange.name()).unwrap_or_default()
}

fn same_word_again(said: &[&Exchange]) -> Result<(), Failure> {
    let mut words = said.iter().filter(|exchange| exchange.call.is_word());
    let Some(first) = words.next() else { return Ok(()) };
    match words.find(|other| other.call != first.call || other.json() != first.json()) {
        None => Ok(()),
        Some(other) => Err(Failure::new(
            "a word whose answer was lost is repeated as it was, or not at all",
            format!("{} first, and then {}", first.name(), other.name()),
        )),
    }
}

fn extends_in_time(observed: &Observed) -> Vec<Failure> {
    let said = by_lease(&observed.exchanges);
    let check = |delivered: Duration, delivery: &Value| -> Option<Failure> {
        let token = delivery.get("lease_token")?.as_str()?;
        let lasts = |answer: &Value| {
            Some(Duration::from_millis(answer.get("lease_expires_in_ms")?.as_u64()?))
        };
        let mut end = delivered + lasts(delivery)?;
        let said = said.get(token).map_or(&[][..], Vec::as_slice);
        for exchange in said {
            if exchange.at > end {
                break;
            }
            if exchange.call.is_word() {
                return None;
            }
            let answer = exchange.answer.as_ref()?;
            let extension = serde_json::from_slice(&answer.body).unwrap_or_default();
            end = lasts(&extension).map_or(end, |lasts| answer.at + lasts);
        }
        if observed.ended <= end {
            return None;
        }
        let extended = said.iter().filter(|exchange| exchange.call == Call::Extend).count();
        Some(Failure::new(
            "the lease is extended before it ends, as long as the task is under way",
            format!(
                "it ended {:.1?} after its delivery, with {extended} calls of extend",
                end.saturating_sub(delivered)
            ),
        ))
    };
    let failure = observed.exchanges.iter().find_map(|exchange| {
        let at = exchange.answer.as_ref()?.at;
        exchange.deliveries().iter().find_map(|delivery| check(at, delivery))
    });
    failure.into_iter().collect()
}

fn denied_once(exchanges: &[Exchange]) -> Vec<Failure> {
    let is_denied = |exchange: &&Exchange| {
        let code = exchange.code().and_then(|code| code.parse::<ErrorCode>().ok());
        code.is_some_and(ErrorCode::is_denial)
    };
    let same = |a: &Exchange, b: &Exchange| {
        (a.call, &a.method, &a.uri, &a.body) == (b.call, &b.method, &b.uri, &b.body)
    };
    let again = exchanges.iter().filter(is_denied).find_map(|denied| {
        let answered = denied.answer.as_ref()?.at;
        exchanges.iter().find(|later| later.at > answered && same(denied, later))
    });
    let failure = again.map(|again| {
        Failure::new(
            "a call that was denied is not made again",
            format!("{} came again", again.name()),
        )
    });
    failure.into_iter().collect()
}

fn waits_as_told(exchanges: &[Exchange]) -> Vec<Failure> {
    let too_soon = |put_off: &Exchange| -> Option<Failure> {
        let answer = put_off.answer.as_ref().filter(|answer| answer.code.is_some())?;
        let problem: Value = serde_json::from_slice(&answer.body).ok()?;
        let wait = Duration::from_millis(problem.get("retry_after_ms")?.as_u64()?);
        let next =
            exchanges.iter().find(|later| later.at > answer.at && later.call == put_off.call)?;
        let waited = next.at.saturating_sub(answer.at);
        (waited + TOLERANCE < wait).then(|| {
            Failure::new(
                format!("{} comes again no sooner than `retry_after_ms`, {wait:?}", put_off.call),
                format!("it came after {waited:.1?}"),
            )
        })
    };
    exchanges.iter().find_map(too_soon).into_iter().collect()
}

fn cut(text: &str) -> String {
    text.chars().take(200).collect()
}
