//! A plugin that does as a test says.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use oxg_sdk::logging::{LogLine, LogPipeline, Logging};
use oxg_sdk::prelude::*;
use oxg_sdk::redact::Redactor;
use oxg_sdk::{RunError, RunSummary, Runtime};

use crate::fake::FakeBroker;

type Hook = dyn Fn(Context<Probe>, Task) -> Pin<Box<dyn Future<Output = Result<TaskOutcome>> + Send>>
    + Send
    + Sync;

pub(crate) struct Probe(Box<Hook>);

#[oxg_sdk::plugin(manifest = "tests/support/manifest.json")]
impl Plugin for Probe {
    async fn on_task(&self, ctx: &Context<Self>, task: Task) -> Result<TaskOutcome> {
        (self.0)(ctx.clone(), task).await
    }
}

pub(crate) fn probe<F>(hook: impl Fn(Context<Probe>, Task) -> F + Send + Sync + 'static) -> Probe
where
    F: Future<Output = Result<TaskOutcome>> + Send + 'static,
{
    Probe(Box::new(move |ctx, task| Box::pin(hook(ctx, task))))
}

/// Every log line of a run.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    pub(crate) fn logging(&self, redactor: &Redactor) -> LogPipeline {
        let lines = self.clone();
        let redactor = redactor.clone();
        Logging::new(redactor)
            .sink(move |line: &LogLine<'_>| lines.push(line.json))
            .broker()
            .build()
    }

    pub(crate) fn push(&self, line: &str) {
        self.0.lock().unwrap().push(line.to_owned());
    }

    pub(crate) fn all(&self) -> String {
        self.0.lock().unwrap().join("\n")
    }
}

pub(crate) fn runtime(broker: &FakeBroker, plugin: Probe) -> Runtime<Probe> {
    Runtime::new(plugin, broker.channel()).workspace("/nowhere")
}

pub(crate) async fn run(
    broker: &FakeBroker,
    plugin: Probe,
) -> std::result::Result<RunSummary, RunError> {
    runtime(broker, plugin).run(std::future::pending()).await
}
