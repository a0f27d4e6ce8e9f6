//! What a run did, and what a test says of it.

mod leaks;
mod privilege;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use oxg_broker::{Broker, Session, TaskState, TaskView};
use oxg_manifest::Manifest;
use oxg_protocol::audit::{AuditRecord, Decision};
use oxg_protocol::finding::FindingRecord;
use oxg_protocol::{ArtifactName, SecretName};
use oxg_sdk::{RunError, RunSummary};

use crate::findings::{Expected, compare};
use crate::targets::{Sent, Targets};

/// One run of the plugin, from its start to its stop, with all that left it.
///
/// The assertions panic with what they saw; everything is there to be looked at as well.
#[derive(Debug)]
#[non_exhaustive]
pub struct Run {
    /// How the run loop ended.
    pub result: Result<RunSummary, RunError>,
    /// The tasks, in the order in which they were enqueued.
    pub tasks: Vec<TaskView>,
    /// The findings that the broker kept.
    pub findings: Vec<FindingRecord>,
    /// The lines that the plugin logged, as JSON.
    pub logs: Vec<String>,
    /// What the broker decided.
    pub audit: Vec<AuditRecord>,
    /// The artifacts as they were when the run ended.
    pub artifacts: BTreeMap<ArtifactName, Vec<u8>>,
    /// The requests that reached a scripted target.
    pub sent: Vec<Sent>,
    manifest: Manifest,
    canaries: BTreeMap<SecretName, String>,
}

impl Run {
    /// Every finding is one of `expected`, and each of those is there.
    ///
    /// # Panics
    /// If not, with what is missing and what is unexpected.
    #[track_caller]
    pub fn assert_findings(&self, expected: impl IntoIterator<Item = Expected>) {
        let expected: Vec<_> = expected.into_iter().collect();
        check(compare(&expected, &self.findings));
    }

    /// Every task was completed.
    ///
    /// # Panics
    /// If not, with why each other one was not.
    #[track_caller]
    pub fn assert_completed(&self) {
        let open = self.tasks.iter().filter(|task| !matches!(task.state, TaskState::Completed(_)));
        let open: Vec<_> = open.map(|task| format!("  {}: {:?}", task.input, task.state)).collect();
        let result = match (&self.result, open.as_slice()) {
            (Err(error), _) => Err(format!("the run ended early: {error}")),
            (Ok(_), []) => Ok(()),
            (Ok(_), open) => Err(format!("not every task was completed\n{}", open.join("\n"))),
        };
        check(result);
    }

    /// A task failed for good, with `text` somewhere in the reason.
    ///
    /// # Panics
    /// If none did, with the reasons that there are.
    #[track_caller]
    pub fn assert_failed(&self, text: &str) {
        let reasons: Vec<_> = self.failures().collect();
        if !reasons.iter().any(|reason| reason.contains(text)) {
            check(Err(format!("no task failed with {text:?}; the reasons: {reasons:?}")));
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
            check(Err(format!("{text:?} was not denied; denied were: {denied:?}")));
        }
    }

    /// No canary left the plugin, in any encoding: not in logs, findings, artifacts or task
    /// results, and not to a target but in a header that is meant for credentials.
    ///
    /// # Panics
    /// If one did, with where.
    #[track_caller]
    pub fn assert_no_leaks(&self) {
        check(leaks::check(self));
    }

    /// The plugin used all that its manifest declares, and asked for nothing else.
    ///
    /// # Panics
    /// If not, with what to take out of the manifest and what to put in.
    #[track_caller]
    pub fn assert_least_privilege(&self) {
        check(privilege::check(self));
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

#[track_caller]
#[allow(clippy::panic, reason = "this is how an assertion fails")]
fn check(result: Result<(), String>) {
    if let Err(message) = result {
        panic!("{message}");
    }
}

/// What is gathered while a run goes on.
pub(crate) struct Capture {
    lines: Arc<Mutex<Vec<String>>>,
    targets: Targets,
    sent_before: usize,
    decided_before: usize,
    canaries: BTreeMap<SecretName, String>,
}

impl Capture {
    pub(crate) fn begin(
        broker: &Broker,
        targets: &Targets,
        canaries: BTreeMap<SecretName, String>,
    ) -> Self {
        Self {
            lines: Arc::default(),
            targets: targets.clone(),
            sent_before: targets.sent().len(),
            decided_before: broker.audit().map_or(0, |audit| audit.len()),
            canaries,
        }
    }

    pub(crate) fn lines(&self) -> Arc<Mutex<Vec<String>>> {
        self.lines.clone()
    }

    pub(crate) async fn end(
        self,
        broker: &Broker,
        session: &Session,
        manifest: &Manifest,
        result: Result<RunSummary, RunError>,
    ) -> Run {
        let mut artifacts = BTreeMap::new();
        for info in session.artifacts().await.unwrap_or_default() {
            if let Some(bytes) = session.artifact(&info.name).await {
                artifacts.insert(info.name, bytes);
            }
        }
        let findings = broker.findings().unwrap_or_default().into_iter();
        let audit = broker.audit().unwrap_or_default().into_iter();
        Run {
            result,
            tasks: session.tasks(),
            findings: findings.filter(|record| record.plugin == session.plugin_id()).collect(),
            logs: self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            audit: audit.skip(self.decided_before).collect(),
            artifacts,
            sent: self.targets.sent().split_off(self.sent_before),
            manifest: manifest.clone(),
            canaries: self.canaries,
        }
    }
}
