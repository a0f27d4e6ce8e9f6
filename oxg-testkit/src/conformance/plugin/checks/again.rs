//! What comes again, and when.

use std::time::Duration;

use oxg_protocol::ErrorCode;
use serde_json::Value;

use super::super::transcript::Exchange;
use crate::conformance::Failure;

/// How exactly times are taken.
const TOLERANCE: Duration = Duration::from_millis(50);

pub(super) fn denied_once(exchanges: &[Exchange]) -> Vec<Failure> {
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

pub(super) fn waits_as_told(exchanges: &[Exchange]) -> Vec<Failure> {
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
