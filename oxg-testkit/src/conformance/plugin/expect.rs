//! Whether a run was as its case expects it.

use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use oxg_broker::TaskState;

use super::case::{CallRule, ExitRule, PluginCase, TaskRule};
use super::leaks;
use super::run::{Exit, GRACE, Observed};
use crate::conformance::Failure;

/// SIGTERM, as a number and as shells turn it into an exit code.
const TERMINATED: i32 = 15;
const TERMINATED_CODE: i32 = 128 + TERMINATED;

/// What was not as expected.
pub(super) fn compare(case: &PluginCase, observed: &Observed) -> Vec<Failure> {
    let expect = &case.expect;
    let mut failures = Vec::new();
    failures.extend(exit(expect.exit, observed).err());
    failures.extend(time(expect.within_ms, observed).err());
    failures.extend(task(expect.task, observed).err());
    failures.extend(expect.calls.iter().filter_map(|rule| calls(rule, observed).err()));
    failures.extend(expect.checks.iter().flat_map(|check| check.run(observed)));
    let leaked = leaks::find(observed);
    if leaked.is_empty()
        && let Some(first) = failures.first_mut()
        && let Some(line) = observed.output.iter().rfind(|line| !line.trim().is_empty())
    {
        let cut: String = line.chars().take(200).collect();
        first.seen.push_str(&format!("; its last line: {cut}"));
    }
    failures.extend(leaked);
    failures
}

fn exit(rule: ExitRule, observed: &Observed) -> Result<(), Failure> {
    let Exit::Status(status) = observed.exit else {
        // That it took too long is said of the time.
        return Ok(());
    };
    let terminated = observed.signalled
        && (status.signal() == Some(TERMINATED) || status.code() == Some(TERMINATED_CODE));
    let (right, expected) = match rule {
        ExitRule::Zero => (status.success(), "the plugin exits with 0"),
        ExitRule::NonZero => (
            status.code().is_some_and(|code| code != 0),
            "the plugin exits with another code than 0",
        ),
        ExitRule::ZeroOrTerminated => (
            status.success() || terminated,
            "the plugin exits with 0, or by the SIGTERM that it got",
        ),
        ExitRule::Any => {
            (status.code().is_some() || terminated, "the plugin exits, and does not crash")
        }
    };
    if right { Ok(()) } else { Err(Failure::new(expected, status.to_string())) }
}

fn time(within_ms: Option<u64>, observed: &Observed) -> Result<(), Failure> {
    let within = within_ms.map_or(GRACE, Duration::from_millis);
    let (cause, since) = observed.cause.unwrap_or(("its start", Duration::ZERO));
    if observed.cause.is_none() && within_ms.is_none() {
        return match observed.exit {
            Exit::Status(_) => Ok(()),
            Exit::Killed => Err(Failure::new("the plugin ends", "it went on and had to be killed")),
        };
    }
    let took = observed.ended.saturating_sub(since);
    if took <= within && matches!(observed.exit, Exit::Status(_)) {
        return Ok(());
    }
    let seen = match observed.exit {
        Exit::Killed => "it went on and had to be killed".to_owned(),
        Exit::Status(_) => format!("it took {took:.1?}"),
    };
    Err(Failure::new(format!("the plugin ends within {within:?} of {cause}"), seen))
}

fn task(rule: TaskRule, observed: &Observed) -> Result<(), Failure> {
    let failed = matches!(observed.exit, Exit::Status(status) if !status.success());
    let right = |state: &TaskState| match rule {
        TaskRule::Any => true,
        TaskRule::Completed => matches!(state, TaskState::Completed(_)),
        TaskRule::FailedForGood => matches!(state, TaskState::DeadLettered { .. }),
        TaskRule::Settled => state.is_settled(),
        TaskRule::NotHeld => *state != TaskState::Leased,
        TaskRule::CompletedOrExitSaysSo => matches!(state, TaskState::Completed(_)) || failed,
        TaskRule::SettledOrExitSaysSo => state.is_settled() || failed,
    };
    let Some(wrong) = observed.tasks.iter().find(|task| !right(&task.state)) else { return Ok(()) };
    let expected = match rule {
        TaskRule::Any => "anything becomes of the task",
        TaskRule::Completed => "the task is completed",
        TaskRule::FailedForGood => "the task fails for good: `fail` with `\"retryable\": false`",
        TaskRule::Settled => "the task is completed or fails for good",
        TaskRule::NotHeld => "the task is completed, failed or released",
        TaskRule::CompletedOrExitSaysSo => {
            "the task is completed, or the plugin's exit code is not 0"
        }
        TaskRule::SettledOrExitSaysSo => {
            "the task is completed or fails for good, or the plugin's exit code is not 0"
        }
    };
    let seen = match &wrong.state {
        TaskState::Queued => format!("it waits again, after {} attempts", wrong.attempts),
        TaskState::Leased => "the plugin still holds it".to_owned(),
        TaskState::Completed(_) => "it is completed".to_owned(),
        TaskState::DeadLettered { reason } => format!("it is given up: {reason}"),
        _ => "something else became of it".to_owned(),
    };
    Err(Failure::new(expected, seen))
}

fn calls(rule: &CallRule, observed: &Observed) -> Result<(), Failure> {
    let first = observed.exchanges.iter().position(|exchange| exchange.rule.is_some());
    let from = match (rule.since_rule, first) {
        (false, _) => 0,
        (true, Some(first)) => first,
        (true, None) => observed.exchanges.len(),
    };
    let counted = observed.exchanges.iter().skip(from);
    let count = counted.filter(|exchange| rule.on.cover(exchange.call)).count();
    if count >= rule.min && rule.max.is_none_or(|max| count <= max) {
        return Ok(());
    }
    let bounds = match (rule.min, rule.max) {
        (0, Some(0)) => "none".to_owned(),
        (0, Some(max)) => format!("at most {max}"),
        (min, Some(max)) if min == max => format!("{min}"),
        (min, Some(max)) => format!("{min} to {max}"),
        (min, None) => format!("at least {min}"),
    };
    let when =
        if rule.since_rule { " from the first that the broker answers otherwise on" } else { "" };
    Err(Failure::new(format!("{}: {bounds}{when}", rule.on), format!("{count}")))
}
