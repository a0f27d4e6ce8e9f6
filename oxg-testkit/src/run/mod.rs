//! What a run did, and what a test says of it.

mod audit;
pub(crate) mod files;
mod leaks;
mod logs;
mod needs;
mod privilege;
mod snapshot;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use oxg_broker::{Session, TaskState, TaskView};
use oxg_manifest::Manifest;
use oxg_protocol::audit::{AuditRecord, Decision};
use oxg_protocol::finding::FindingRecord;
use oxg_protocol::{ArtifactName, SecretName};
use oxg_sdk::{RunError, RunSummary};

pub use audit::{Decided, allowed, denied};
pub use logs::Logs;

use crate::findings::{Expected, compare};
use crate::host::Host;
use crate::targets::Sent;
use crate::text::{list, without_secrets};

/// One run of the plugin, from its start to its stop, with all that left it.
///
/// The assertions panic with what they saw; everything is there to be looked at as well.
#[derive(Debug)]
#[non_exhaustive]
pub struct Run {
    /// How it ended.
    pub ended: Ended,
    /// The tasks, in the order in which they were enqueued.
    pub tasks: Vec<TaskView>,
    /// The findings that the broker kept.
    pub findings: Vec<FindingRecord>,
    /// The lines that the plugin logged, as JSON. Of a process, those that reached the broker.
    pub logs: Vec<String>,
    /// The lines that a process wrote to its standard output and error, as they were.
    pub output: Vec<String>,
    /// The files in the workspace when the run ended, by their paths in it.
    pub files: BTreeMap<PathBuf, Vec<u8>>,
    /// What the broker decided.
    pub audit: Vec<AuditRecord>,
    /// The artifacts as they were when the run ended.
    pub artifacts: BTreeMap<ArtifactName, Vec<u8>>,
    /// The requests that reached a scripted target.
    pub sent: Vec<Sent>,
    workspace: PathBuf,
    manifest: Manifest,
    canaries: Vec<(SecretName, String)>,
}

/// How a run ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum Ended {
    /// The run loop returned, in the test's own process.
    Returned(Result<RunSummary, RunError>),
    /// The plugin's process ended.
    Exited(ExitStatus),
    /// The plugin's process had to be killed when its time was over.
    Killed,
}

impl Ended {
    /// Why it did not end well, if it did not.
    fn fault(&self) -> Option<String> {
        match self {
            Self::Returned(Ok(_)) => None,
            Self::Returned(Err(error)) => Some(error.to_string()),
            Self::Exited(status) if status.success() => None,
            Self::Exited(status) => Some(status.to_string()),
            Self::Killed => Some("it was killed when its time was over".to_owned()),
        }
    }
}

impl Run {
    /// Every finding is one of `expected`, and each of those is there.
    ///
    /// # Panics
    /// If not, with what is missing and what is unexpected.
    #[track_caller]
    pub fn assert_findings(&self, expected: impl IntoIterator<Item = Expected>) {
        let expected: Vec<_> = expected.into_iter().collect();
        self.check(compare(&expected, &self.findings));
    }

    /// Every task was completed.
    ///
    /// # Panics
    /// If not, with why each other one was not.
    #[track_caller]
    pub fn assert_completed(&self) {
        let open = self.tasks.iter().filter(|task| !matches!(task.state, TaskState::Completed(_)));
        let mut open =
            open.map(|task| format!("{}; its input: {}", ended(task), task.input)).peekable();
        self.check(match (self.ended.fault(), open.peek()) {
            (Some(fault), _) => Err(format!("the run ended early\n{}", list([fault]))),
            (None, None) => Ok(()),
            (None, Some(_)) => Err(format!("not every task was completed\n{}", list(open))),
        });
    }

    /// A task failed for good, with `text` somewhere in the reason.
    ///
    /// # Panics
    /// If none did, with the reasons that there are.
    #[track_caller]
    pub fn assert_failed(&self, text: &str) {
        let reasons: Vec<_> = self.failures().collect();
        if !reasons.iter().any(|reason| reason.contains(text)) {
            let reasons = list(reasons.into_iter().map(str::to_owned));
            self.check(Err(format!(
                "no task failed with {text:?}\nreasons of failures:\n{reasons}"
            )));
        }
    }

    /// The broker denied `text`: a URL, or the path of an API call, or part of one.
    ///
    /// # Panics
    /// If it did not, with what it denied.
    #[track_caller]
    pub fn assert_denied(&self, text: &str) {
        let denied = self.audit.iter().filter(|record| record.decision == Decision::Deny);
        let denied: Vec<_> = denied.filter_map(subject).collect();
        if !denied.iter().any(|subject| subject.contains(text)) {
            let denied = list(denied.into_iter().map(str::to_owned));
            self.check(Err(format!("{text:?} was not denied\nall denials:\n{denied}")));
        }
    }

    /// These decisions came, in this order; others may lie between.
    ///
    /// # Panics
    /// If not, with the first that did not come and all that did.
    #[track_caller]
    pub fn assert_audit(&self, expected: impl IntoIterator<Item = Decided>) {
        let expected: Vec<_> = expected.into_iter().collect();
        self.check(audit::check(&expected, &self.audit));
    }

    /// What the logs may and may not say.
    #[must_use = "the logs are looked at by what is called on this"]
    pub fn assert_logs(&self) -> Logs<'_> {
        Logs::new(self)
    }

    /// All of the run that is the same each time, for a snapshot: ids, times and digests of the
    /// broker's are masked.
    #[must_use]
    pub fn snapshot(&self) -> serde_json::Value {
        snapshot::of(self)
    }

    /// No canary left the plugin, in any encoding: not in logs, output, findings, artifacts, files
    /// or task results, and not to a target but in a header that is meant for credentials.
    ///
    /// # Panics
    /// If one did, with where.
    #[track_caller]
    pub fn assert_no_leaks(&self) {
        self.check(leaks::check(self));
    }

    /// The plugin used all that its manifest declares, and asked for nothing else.
    ///
    /// # Panics
    /// If not, with what to take out of the manifest and what to put in, and all of it as a JSON
    /// Merge Patch (RFC 7396).
    #[track_caller]
    pub fn assert_least_privilege(&self) {
        self.check(privilege::check(self));
    }

    #[track_caller]
    #[allow(clippy::panic, reason = "this is how an assertion fails")]
    fn check(&self, result: Result<(), String>) {
        if let Err(message) = result {
            panic!("{}\n", without_secrets(message.trim_end(), &self.canaries));
        }
    }

    /// Why tasks failed for good.
    pub fn failures(&self) -> impl Iterator<Item = &str> {
        self.tasks.iter().filter_map(|task| match &task.state {
            TaskState::DeadLettered { reason } => Some(reason.as_str()),
            _ => None,
        })
    }
}

/// What a decision was about.
fn subject(record: &AuditRecord) -> Option<&str> {
    record.metadata.get("url").or_else(|| record.metadata.get("path"))?.as_str()
}

/// What became of a task, in words.
fn ended(task: &TaskView) -> String {
    match &task.state {
        TaskState::Completed(_) => "completed".to_owned(),
        TaskState::DeadLettered { reason } => format!("failed: {reason}"),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// Where the records of a run begin.
pub(crate) struct Capture {
    sent: usize,
    decided: usize,
    logged: usize,
}

impl Capture {
    pub(crate) fn begin(host: &Host) -> Self {
        Self {
            sent: host.targets.sent().len(),
            decided: host.broker.audit().map_or(0, |audit| audit.len()),
            logged: host.broker.logs().map_or(0, |logs| logs.len()),
        }
    }

    /// What the broker has of the run.
    pub(crate) async fn end(
        self,
        host: &Host,
        session: &Session,
        workspace: &Path,
        ended: Ended,
        logs: Vec<String>,
    ) -> Run {
        let mut artifacts = BTreeMap::new();
        for info in session.artifacts().await.unwrap_or_default() {
            if let Some(bytes) = session.artifact(&info.name).await {
                artifacts.insert(info.name, bytes);
            }
        }
        let findings = host.broker.findings().unwrap_or_default().into_iter();
        let audit = host.broker.audit().unwrap_or_default().into_iter();
        Run {
            ended,
            tasks: session.tasks(),
            findings: findings.filter(|record| record.plugin == session.plugin_id()).collect(),
            logs,
            output: Vec::new(),
            files: files::read(workspace),
            audit: audit.skip(self.decided).collect(),
            artifacts,
            sent: host.targets.sent().split_off(self.sent),
            workspace: workspace.to_owned(),
            manifest: host.manifest.clone(),
            canaries: host.secrets.values(),
        }
    }

    /// The lines that reached the broker since the run began.
    pub(crate) fn shipped(&self, host: &Host) -> Vec<String> {
        let records = host.broker.logs().unwrap_or_default().into_iter().skip(self.logged);
        records.filter_map(|record| serde_json::to_string(&record).ok()).collect()
    }
}
