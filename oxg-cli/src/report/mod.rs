//! What a run did: gathered once, printed for a person or a program.

mod human;

use std::path::PathBuf;

use oxg_broker::{Broker, Session, TaskState, TaskView};
use oxg_manifest::Manifest;
use oxg_protocol::artifact::ArtifactInfo;
use oxg_protocol::audit::{AuditRecord, Decision};
use oxg_protocol::finding::FindingRecord;
use serde::Serialize;
use serde_json::Value;

use crate::args::ArtifactArgs;
use crate::args::Format;
use crate::ending::Ending;
use crate::error::{CliError, Exit};
use crate::files::Files;
use crate::terminal;

/// Said at each start and in each report, until it is not true any more.
pub(crate) const NOT_ISOLATED: &str =
    "not isolated by the kernel yet: it could read files and open sockets like you can";

/// One run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) plugin: String,
    pub(crate) version: String,
    pub(crate) run_id: String,
    pub(crate) isolation: &'static str,
    pub(crate) ending: Ending,
    pub(crate) exit_code: u8,
    pub(crate) findings: Vec<FindingRecord>,
    pub(crate) tasks: Vec<TaskReport>,
    pub(crate) decisions: Vec<AuditRecord>,
    pub(crate) artifacts: Vec<ArtifactInfo>,
    pub(crate) files: Places,
}

/// One task and what became of it.
#[derive(Debug, Serialize)]
pub(crate) struct TaskReport {
    pub(crate) id: String,
    pub(crate) input: Value,
    pub(crate) state: &'static str,
    pub(crate) attempts: u32,
    /// How each attempt that failed ended, the oldest first.
    pub(crate) history: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// What the broker denied it, if that is why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) denial: Option<Denial>,
}

/// A denial, with the line that would lift it.
#[derive(Debug, Serialize)]
pub(crate) struct Denial {
    pub(crate) reason: String,
    pub(crate) capability: Option<String>,
    pub(crate) destination: Option<String>,
    pub(crate) manifest_hint: Option<String>,
}

/// Where everything lies.
#[derive(Debug, Serialize)]
pub(crate) struct Places {
    pub(crate) findings: PathBuf,
    pub(crate) audit: PathBuf,
    pub(crate) run_log: PathBuf,
    /// A folder, or the URL of an object store.
    pub(crate) artifacts: String,
    pub(crate) kept: bool,
}

impl Report {
    pub(crate) async fn gather(
        manifest: &Manifest,
        broker: &Broker,
        session: &Session,
        ending: Ending,
        files: Files,
        artifacts: &ArtifactArgs,
    ) -> Result<Self, CliError> {
        let mine = |plugin: &str| plugin == session.plugin_id();
        let decisions: Vec<_> =
            broker.audit()?.into_iter().filter(|record| mine(&record.plugin_id)).collect();
        let mut findings: Vec<_> =
            broker.findings()?.into_iter().filter(|record| mine(&record.plugin)).collect();
        findings.sort_by(|a, b| {
            let place = |f: &FindingRecord| (f.kind.clone(), f.target.clone(), f.message.clone());
            b.severity.cmp(&a.severity).then_with(|| place(a).cmp(&place(b)))
        });
        let tasks: Vec<_> =
            session.tasks().into_iter().map(|view| TaskReport::new(view, &decisions)).collect();
        let exit = match ending {
            Ending::Stopped if tasks.iter().all(|task| task.state == "completed") => Exit::Done,
            Ending::Stopped => Exit::TaskFailed,
            _ => Exit::PluginFailed,
        };
        Ok(Self {
            plugin: manifest.name.to_string(),
            version: manifest.version.to_string(),
            run_id: session.run_id().to_string(),
            isolation: NOT_ISOLATED,
            exit_code: exit as u8,
            ending,
            findings,
            tasks,
            decisions,
            artifacts: session.artifacts().await?,
            files: Places {
                findings: files.directory.join("findings.jsonl"),
                audit: files.directory.join("audit.jsonl"),
                run_log: files.workspace.join("run.log"),
                artifacts: artifacts.place(&files.directory, &manifest.name),
                kept: files.kept,
            },
        })
    }

    pub(crate) fn exit(&self) -> Exit {
        match self.exit_code {
            0 => Exit::Done,
            1 => Exit::TaskFailed,
            _ => Exit::PluginFailed,
        }
    }
}

impl TaskReport {
    fn new(view: TaskView, decisions: &[AuditRecord]) -> Self {
        let (state, reason) = match view.state {
            TaskState::Completed(_) => ("completed", None),
            TaskState::DeadLettered { reason } => ("failed", Some(reason)),
            _ => ("open", None),
        };
        let id = view.id.to_string();
        // What was typed may hold what is secret by now.
        let mut input = view.input;
        terminal::redactor().redact_json(&mut input);
        let denied = decisions.iter().rfind(|record| {
            record.decision == Decision::Deny && text(record, "task_id") == Some(&id)
        });
        Self {
            denial: denied.filter(|_| state == "failed").map(Denial::new),
            id,
            input,
            state,
            attempts: view.attempts,
            history: view.history,
            reason,
        }
    }
}

impl Denial {
    fn new(record: &AuditRecord) -> Self {
        let owned = |key| text(record, key).map(str::to_owned);
        Self {
            reason: record.reason.clone(),
            capability: owned("capability"),
            destination: owned("destination"),
            manifest_hint: owned("manifest_hint"),
        }
    }
}

/// A text among the particulars of a decision.
fn text<'a>(record: &'a AuditRecord, key: &str) -> Option<&'a str> {
    record.metadata.get(key)?.as_str()
}

/// Prints the report to standard output.
pub(crate) fn print(report: &Report, format: Format) {
    match format {
        Format::Human => human::print(report),
        Format::Json => match serde_json::to_string_pretty(report) {
            Ok(json) => anstream::println!("{json}"),
            Err(problem) => anstream::eprintln!("the report cannot be written as JSON: {problem}"),
        },
    }
}
