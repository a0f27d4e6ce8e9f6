//! What is said with the token of a lease.

use std::collections::BTreeMap;
use std::time::Duration;

use oxg_protocol::ErrorCode;
use serde_json::Value;

use super::super::call::Call;
use super::super::run::Observed;
use super::super::transcript::Exchange;
use crate::conformance::Failure;

/// Checks what was said with each lease token.
pub(super) fn each_lease(
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

/// Once a word was granted, nothing more is said with its token.
pub(super) fn one_word(said: &[&Exchange]) -> Result<(), Failure> {
    let granted = |exchange: &Exchange| exchange.call.is_word() && exchange.is_granted();
    silent_after(said, granted, "a holder says once what became of its task")
}

/// Once a call with it got `lease_lost`, nothing more is said with a token.
pub(super) fn no_word_after_loss(said: &[&Exchange]) -> Result<(), Failure> {
    let lost = |exchange: &Exchange| exchange.code() == Some(ErrorCode::LeaseLost.as_str());
    silent_after(said, lost, "a lease that is lost is not used again")
}

/// Nothing is said after the answer to the first call that is the `last` one. What was under way by
/// then does not count.
fn silent_after(
    said: &[&Exchange],
    last: impl Fn(&Exchange) -> bool,
    rule: &str,
) -> Result<(), Failure> {
    let Some(last) = said.iter().find(|exchange| last(exchange)) else { return Ok(()) };
    let Some(answered) = last.answer.as_ref().map(|answer| answer.at) else { return Ok(()) };
    match said.iter().find(|exchange| exchange.at > answered) {
        None => Ok(()),
        Some(again) => Err(Failure::new(
            rule,
            format!("{}, and after its answer {}", last.name(), again.name()),
        )),
    }
}

pub(super) fn same_word_again(said: &[&Exchange]) -> Result<(), Failure> {
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

pub(super) fn extends_in_time(observed: &Observed) -> Vec<Failure> {
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
