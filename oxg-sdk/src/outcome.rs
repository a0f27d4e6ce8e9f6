use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::{Failure, Result};

/// How a task ended, where it did not fail.
#[derive(Debug, Clone)]
#[must_use]
pub struct TaskOutcome(pub(crate) Outcome);

#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    Done(Option<Value>),
    RetryLater(Duration),
}

impl TaskOutcome {
    /// Done, and there is nothing more to say.
    pub fn done() -> Self {
        Self(Outcome::Done(None))
    }

    /// Done, with a result for whoever enqueued the task. At most 1 MiB as JSON.
    ///
    /// # Errors
    /// [`Failure`] where `output` cannot be written as JSON.
    ///
    /// ```
    /// use oxg_sdk::prelude::*;
    ///
    /// let outcome = TaskOutcome::with_output(&json!({ "missing": 3 }))?;
    /// # let _ = outcome;
    /// # Ok::<(), Failure>(())
    /// ```
    pub fn with_output(output: &impl Serialize) -> Result<Self> {
        let value = serde_json::to_value(output).map_err(|error| {
            Failure::permanent(format!("the output cannot be written as JSON: {error}"))
        })?;
        Ok(Self(Outcome::Done(Some(value))))
    }

    /// Not now: another attempt, no earlier than `delay` from now. This one counts.
    pub fn retry_later(delay: Duration) -> Self {
        Self(Outcome::RetryLater(delay))
    }
}
