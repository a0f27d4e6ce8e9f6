//! An expected call, still to be refined.

use std::time::Duration;

use http::header::CONTENT_TYPE;
use oxg_protocol::{ErrorCode, Problem, header};

use super::Calls;
use super::script::Expected;
use crate::targets::{Answer, Fault, Gate};

/// Expected calls; in force already, and still to be refined. Without a fault the broker answers as
/// ever.
///
/// Faults are those of an [`Answer`] of a target: the broker *does* what it was asked for, and the
/// fault happens to its answer, so that the plugin cannot know. [`early`](Self::early) changes that.
#[derive(Debug)]
pub struct CallExpectation {
    pub(super) calls: Calls,
    pub(super) index: usize,
}

impl CallExpectation {
    /// With this fault.
    pub fn fault(self, fault: Fault) -> Self {
        self.change(|expected| expected.plan.faults.push(fault))
    }

    /// The answer comes so much later.
    pub fn delay(self, time: Duration) -> Self {
        self.fault(Fault::Delay(time))
    }

    /// The answer does not come before the gate is open.
    pub fn hold(self, gate: &Gate) -> Self {
        self.fault(Fault::Hold(gate.clone()))
    }

    /// The broker acts, and the connection breaks before its answer.
    pub fn reset(self) -> Self {
        self.fault(Fault::Reset)
    }

    /// The broker acts, and its answer never comes.
    pub fn stall(self) -> Self {
        self.fault(Fault::Stall)
    }

    /// The broker does not act, and refuses with this code.
    pub fn refuse(self, code: ErrorCode) -> Self {
        self.problem(Problem::new(code, format!("scripted: {}", code.title())))
    }

    /// The broker does not act, and refuses with this problem.
    pub fn problem(self, problem: Problem) -> Self {
        // A problem is text and numbers; there is nothing in it that JSON could not hold.
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let answer = Answer::new(problem.status)
            .header(header::ERROR, problem.code().as_str())
            .header(CONTENT_TYPE.as_str(), Problem::MEDIA_TYPE)
            .body(body);
        self.answer(answer)
    }

    /// The broker does not act, and says this: what no honest broker would say, for one.
    pub fn answer(self, answer: Answer) -> Self {
        self.change(|expected| expected.plan.instead = Some(answer))
    }

    /// Faults come before the broker acts: a delay or a gate holds the call itself, and after a
    /// stall, a reset or garbage the broker has never seen it.
    pub fn early(self) -> Self {
        self.change(|expected| expected.plan.early = true)
    }

    /// Holds for exactly so many calls; the next one is another expectation's, or answered as ever.
    pub fn times(self, times: usize) -> Self {
        self.change(|expected| expected.times = times..=times)
    }

    /// It is no fault if the call never comes.
    pub fn optional(self) -> Self {
        self.change(|expected| expected.times = 0..=*expected.times.end())
    }

    fn change(self, change: impl FnOnce(&mut Expected)) -> Self {
        if let Some(expected) = self.calls.script().expected.get_mut(self.index) {
            change(expected);
        }
        self
    }
}
