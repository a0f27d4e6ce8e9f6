//! What is expected, what came, and what goes wrong.

use std::ops::RangeInclusive;

use http::Request;

use super::Call;
use crate::targets::{Answer, Fault};
use crate::text::times;

#[derive(Debug, Default)]
pub(super) struct Script {
    pub(super) expected: Vec<Expected>,
    pub(super) seen: Vec<String>,
}

/// Calls and what becomes of them, in force.
#[derive(Debug)]
pub(super) struct Expected {
    call: Call,
    pub(super) plan: Plan,
    pub(super) times: RangeInclusive<usize>,
    seen: usize,
}

/// What becomes of a call.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    /// In place of what the broker would do.
    pub(super) instead: Option<Answer>,
    pub(super) faults: Vec<Fault>,
    /// Whether faults that need no answer come before the broker acts.
    pub(super) early: bool,
}

impl Expected {
    pub(super) fn new(call: Call) -> Self {
        Self { call, plan: Plan::default(), times: 1..=usize::MAX, seen: 0 }
    }
}

impl Script {
    /// What becomes of a call, counted.
    pub(super) fn next<B>(&mut self, request: &Request<B>) -> Plan {
        self.seen.push(format!("{} {}", request.method(), request.uri()));
        let covering = self.expected.iter_mut().find(|expected| {
            expected.seen < *expected.times.end() && expected.call.covers(request)
        });
        match covering {
            Some(expected) => {
                expected.seen += 1;
                expected.plan.clone()
            }
            None => Plan::default(),
        }
    }

    pub(super) fn complaints(&self) -> Vec<String> {
        let unmet = self.expected.iter().filter(|expected| expected.seen < *expected.times.start());
        unmet
            .map(|expected| {
                let wanted = *expected.times.start();
                let (wanted, came) = (times(wanted), times(expected.seen));
                format!(
                    "missing call: {}\n  expected at least {wanted}, came {came}",
                    expected.call
                )
            })
            .collect()
    }
}
