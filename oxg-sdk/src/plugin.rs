use std::future::Future;

use serde::de::DeserializeOwned;

use crate::{Context, Declared, Failure, Result, Task, TaskOutcome};

/// A plugin: what it is configured by, and what it does with a task.
///
/// Put [`#[oxg_sdk::plugin]`](macro@crate::plugin) on the implementation. It reads `manifest.json`
/// while compiling and lets the plugin use what is declared there, and nothing else.
///
/// Hooks run under a deadline, and a panic in one fails the task, not the process. A task may be
/// delivered more than once, so what a hook does should be safe to do again.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a plugin",
    note = "write `#[oxg_sdk::plugin] impl Plugin for {Self} {{ … }}`"
)]
pub trait Plugin: Declared + Send + Sync + Sized + 'static {
    /// The settings, read and checked before the plugin starts. Leave the line out where there
    /// are none: then it is [`NoConfig`](crate::NoConfig).
    type Config: DeserializeOwned + Send + Sync + 'static;

    /// Runs once, before the first task. An error ends the run.
    ///
    /// # Errors
    /// Whatever keeps the plugin from working.
    fn on_start(&self, ctx: &Context<Self>) -> impl Future<Output = Result> + Send {
        let _ = ctx;
        async { Ok(()) }
    }

    /// Does one task.
    ///
    /// # Errors
    /// [`Failure`] says how errors become failed tasks, and which of those are tried again.
    fn on_task(
        &self,
        ctx: &Context<Self>,
        task: Task,
    ) -> impl Future<Output = Result<TaskOutcome>> + Send {
        let _ = ctx;
        let kind = task.kind().to_owned();
        async move {
            Err(Failure::permanent(format!(
                "the plugin does not handle tasks (this one is of the kind {kind:?})"
            )))
        }
    }

    /// Runs once, after the last task, while the broker still listens. An error is logged.
    ///
    /// # Errors
    /// Whatever went wrong.
    fn on_stop(&self, ctx: &Context<Self>) -> impl Future<Output = Result> + Send {
        let _ = ctx;
        async { Ok(()) }
    }
}
