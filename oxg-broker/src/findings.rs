//! Findings: checked by the host's rules, redacted, kept once by id.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use oxg_protocol::finding::{Finding, FindingRecord};
use oxg_protocol::{ErrorCode, FindingId};
use oxg_redact::Redactor;
use serde_json::Value;

use crate::error::{BrokerError, Refusal, refuse};
use crate::jsonl::JsonLines;

/// The findings of every session, in one file.
#[derive(Debug)]
pub(crate) struct Findings {
    lines: JsonLines,
    redactor: Redactor,
    /// By plugin, so that none can claim another's id.
    known: Mutex<HashSet<(String, FindingId)>>,
}

/// Who reports a finding.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reporter<'a> {
    /// The plugin's name.
    pub(crate) plugin: &'a str,
    /// The plugin in this run.
    pub(crate) plugin_id: &'a str,
    /// On behalf of which task; empty for none.
    pub(crate) task: &'a str,
}

impl Findings {
    /// Goes on where `lines` ends.
    pub(crate) fn new(lines: JsonLines, redactor: Redactor) -> Result<Self, BrokerError> {
        let findings = Self { lines, redactor, known: Mutex::default() };
        let known = findings.read()?.iter().map(key).collect();
        Ok(Self { known: Mutex::new(known), ..findings })
    }

    /// Keeps a finding of `reporter`. One that is known by its id is accepted and not kept again.
    pub(crate) fn keep(
        &self,
        reporter: Reporter<'_>,
        finding: Finding,
    ) -> Result<FindingId, Refusal> {
        let record = self.record(reporter, finding)?;
        let id = record.id.clone();
        let key = key(&record);
        // Held over the write: of two calls with one id, one writes.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.contains(&key) {
            self.lines.append(&record).map_err(|error| unwritten(&error))?;
            known.insert(key);
        }
        Ok(id)
    }

    /// Waits until what was kept so far outlives a loss of power.
    pub(crate) async fn on_disk(&self) -> Result<(), Refusal> {
        self.lines.on_disk().await.map_err(|error| unwritten(&error))
    }

    pub(crate) fn read(&self) -> Result<Vec<FindingRecord>, BrokerError> {
        self.lines
            .read()
            .map_err(|source| BrokerError::Directory { path: "findings.jsonl".into(), source })
    }

    fn record(
        &self,
        reporter: Reporter<'_>,
        mut finding: Finding,
    ) -> Result<FindingRecord, Refusal> {
        let clean = |text: &str| self.redactor.redact(text).into_owned();
        let (kind, message) = (clean(finding.kind.trim()), clean(finding.message.trim()));
        if kind.is_empty() || message.is_empty() {
            return Err(refuse(ErrorCode::InvalidRequest, "a finding has a type and a message"));
        }
        let target = finding.target.as_deref().map(|text| clean(text.trim()));
        let evidence = finding.evidence.as_deref().filter(|text| !text.is_empty()).map(clean);
        let metadata = self.clean_metadata(std::mem::take(&mut finding.metadata));
        (finding.kind, finding.message, finding.metadata) = (kind, message, metadata);
        (finding.target, finding.evidence) = (target.filter(|text| !text.is_empty()), evidence);
        let derived = || finding.derive_id(reporter.plugin, reporter.task);
        Ok(FindingRecord {
            version: FindingRecord::VERSION.to_owned(),
            id: finding.id.clone().unwrap_or_else(derived),
            plugin: reporter.plugin_id.to_owned(),
            kind: finding.kind,
            target: finding.target,
            evidence: finding.evidence.unwrap_or_else(|| finding.message.clone()),
            message: finding.message,
            severity: finding.severity,
            ts: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            meta: finding.metadata,
        })
    }

    /// Redacted by what it holds and by the names that it has.
    fn clean_metadata(&self, metadata: BTreeMap<String, String>) -> BTreeMap<String, String> {
        let fields = metadata.into_iter().map(|(key, value)| (key, Value::from(value)));
        let mut fields = Value::Object(fields.collect());
        self.redactor.redact_json(&mut fields);
        let Value::Object(fields) = fields else {
            return BTreeMap::new();
        };
        fields
            .into_iter()
            .map(|(key, value)| match value {
                Value::String(text) => (key, text),
                other => (key, other.to_string()),
            })
            .collect()
    }
}

fn unwritten(error: &std::io::Error) -> Refusal {
    let detail = format!("the finding could not be written ({})", error.kind());
    refuse(ErrorCode::Unavailable, detail)
}

/// What makes a finding the same in every run of its plugin. The run's id is the part of the
/// plugin's behind the last dash.
fn key(record: &FindingRecord) -> (String, FindingId) {
    let name = record.plugin.rsplit_once('-').map_or(record.plugin.as_str(), |(name, _)| name);
    (name.to_owned(), record.id.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jsonl::Keep;

    /// A run of the plugin in front of the dash.
    fn run(plugin_id: &str) -> Reporter<'_> {
        let plugin = plugin_id.split('-').next().unwrap();
        Reporter { plugin, plugin_id, task: "t-1" }
    }

    fn findings() -> Findings {
        Findings::new(JsonLines::in_memory(), Redactor::default()).unwrap()
    }

    #[test]
    fn the_same_finding_is_kept_once() {
        let findings = findings();
        let id = findings.keep(run("p-1"), Finding::low("a", "b")).unwrap();
        assert_eq!(findings.keep(run("p-1"), Finding::low("a", "b")).unwrap(), id);
        assert_ne!(findings.keep(run("p-1"), Finding::low("a", "c")).unwrap(), id);
        assert_eq!(findings.read().unwrap().len(), 2);
    }

    #[test]
    fn a_task_that_another_run_does_again_reports_the_same_finding() {
        let findings = findings();
        let id = findings.keep(run("p-1"), Finding::low("a", "b")).unwrap();
        assert_eq!(findings.keep(run("p-2"), Finding::low(" a", "b\n")).unwrap(), id);
        let other = Reporter { task: "t-2", ..run("p-2") };
        assert_ne!(findings.keep(other, Finding::low("a", "b")).unwrap(), id);
        assert_eq!(findings.read().unwrap().len(), 2);
    }

    #[test]
    fn findings_of_an_earlier_run_are_known() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("findings.jsonl");
        for _ in 0..2 {
            let lines = JsonLines::in_file(&path, Keep::FromPowerLoss).unwrap();
            let findings = Findings::new(lines, Redactor::default()).unwrap();
            findings.keep(run("p-1"), Finding::low("a", "b")).unwrap();
            assert_eq!(findings.read().unwrap().len(), 1);
        }
    }

    #[test]
    fn no_plugin_can_claim_the_id_of_anothers_finding() {
        let findings = findings();
        let id = findings.keep(run("a-1"), Finding::high("a", "real")).unwrap();
        let mut same = Finding::low("b", "other");
        same.id = Some(id.clone());
        assert_eq!(findings.keep(run("b-1"), same.clone()).unwrap(), id);
        assert_eq!(findings.read().unwrap().len(), 2);
        findings.keep(run("a-2"), same).unwrap();
        assert_eq!(findings.read().unwrap().len(), 2);
    }

    #[test]
    fn the_hosts_rules_for_text_hold() {
        let findings = findings();
        for finding in [Finding::low(" ", "b"), Finding::low("a", "\n")] {
            let refusal = findings.keep(run("p-1"), finding).unwrap_err();
            assert_eq!(refusal.code(), ErrorCode::InvalidRequest);
        }
        findings.keep(run("p-1"), Finding::low(" a ", " b ")).unwrap();
        let record = &findings.read().unwrap()[0];
        assert_eq!((record.kind.as_str(), record.evidence.as_str()), ("a", "b"));
    }

    #[test]
    fn what_is_known_to_be_secret_is_not_kept() {
        let redactor = Redactor::default();
        redactor.register("correct-horse-battery").unwrap();
        let findings = Findings::new(JsonLines::in_memory(), redactor).unwrap();
        let finding = Finding::low("a", "saw correct-horse-battery")
            .evidence("correct-horse-battery")
            .target("https://e.test/?t=correct-horse-battery")
            .meta("k", "correct-horse-battery");
        findings.keep(run("p-1"), finding).unwrap();
        let text = serde_json::to_string(&findings.read().unwrap()).unwrap();
        assert!(!text.contains("horse"), "{text}");
    }
}
