//! The calls that a plugin makes of its broker: which of them are expected, and which go wrong.

mod call;
mod expectation;
mod faulty;
mod outage;
mod script;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use call::Call;
pub use expectation::CallExpectation;
pub(crate) use faulty::FaultyCalls;
pub(crate) use outage::Outage;

use script::{Expected, Script};

/// The script of the broker itself: calls that are expected to come, and what goes wrong with them.
/// A call that nothing covers is answered as ever. A clone is the same script.
///
/// ```
/// # use std::time::Duration;
/// # use oxg_protocol::ErrorCode;
/// use oxg_testkit::{Call, Calls, Fault};
///
/// # fn example(calls: &Calls) {
/// // The first two answers never arrive, although the broker acts.
/// calls.on(Call::complete_task()).fault(Fault::Reset).times(2);
/// // The broker has a moment of weakness.
/// calls.on(Call::secret("api-token")).refuse(ErrorCode::Unavailable).times(1);
/// // It is slow, and then breaks off.
/// calls.on(Call::get_artifact("page.html")).delay(Duration::from_secs(3)).fault(Fault::Truncate(10));
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Calls(Arc<Mutex<Script>>);

impl Calls {
    /// Expects calls, at least one. Of several expectations that cover a call, the first one holds
    /// that is not used up.
    pub fn on(&self, call: Call) -> CallExpectation {
        let mut script = self.script();
        script.expected.push(Expected::new(call));
        let index = script.expected.len() - 1;
        drop(script);
        CallExpectation { calls: self.clone(), index }
    }

    /// The calls that came, in order, as `GET /v1/session`; whether or not they were expected.
    #[must_use]
    pub fn seen(&self) -> Vec<String> {
        self.script().seen.clone()
    }

    /// What was expected and did not come, a line each.
    pub(crate) fn complaints(&self) -> Vec<String> {
        self.script().complaints()
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
