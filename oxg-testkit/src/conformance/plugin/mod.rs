//! A plugin under test: a process, the real broker, and a tap between them.

mod call;
mod case;
mod checks;
mod expect;
mod leaks;
mod run;
mod site;
mod socket;
mod start;
mod tap;
mod transcript;
mod wire;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use oxg_manifest::{Capability, Manifest};
use serde_json::{Map, Value};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use self::call::{Call, Calls};
use self::case::Need;
use self::run::Observed;
use super::load::plugin_cases;
use super::{CaseFile, CaseId, ConformanceError, Outcome, Report, Verdict};

pub(super) use self::case::PluginCase;

/// A plugin, in any language, that is tested against the protocol.
///
/// Each case starts it as a process of its own, as a launcher does: with an environment built from
/// nothing, on a Unix socket (some on a port of loopback), in a workspace that is gone afterwards.
/// Outbound requests reach a page made up by the suite, never the network. Secrets that the
/// manifest names are there, with values that are looked for in all that the plugin leaves.
///
/// A run without any fault comes first. What the plugin does there decides which cases can be
/// tried; the others are skipped, with the reason.
///
/// Not looked at: the streams of `GET /v1/secrets/{name}/watch` and of WebSockets.
#[derive(Debug, Clone)]
pub struct PluginSuite {
    program: PathBuf,
    arguments: Vec<OsString>,
    manifest: Manifest,
    task: Option<Value>,
    config: Map<String, Value>,
    directory: Option<PathBuf>,
    path: Option<OsString>,
    cases: Vec<CaseFile>,
    selected: Option<Vec<CaseId>>,
    limit: Duration,
    total: Duration,
    at_a_time: usize,
}

impl PluginSuite {
    /// The plugin `program` with this manifest. A relative path is that of the caller.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>, manifest: Manifest) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            manifest,
            task: None,
            config: Map::new(),
            directory: None,
            path: None,
            cases: Vec::new(),
            selected: None,
            limit: Duration::from_secs(60),
            total: Duration::from_secs(600),
            at_a_time: 4,
        }
    }

    /// Arguments of the plugin's. Default: none.
    #[must_use]
    pub fn arguments(mut self, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.arguments = arguments.into_iter().map(Into::into).collect();
        self
    }

    /// The input of a task that the plugin can complete. Without it, cases that need one are
    /// skipped.
    #[must_use]
    pub fn task(mut self, input: Value) -> Self {
        self.task = Some(input);
        self
    }

    /// Settings in place of those in the manifest, key by key.
    #[must_use]
    pub fn config(mut self, settings: Map<String, Value>) -> Self {
        self.config.extend(settings);
        self
    }

    /// Starts the plugin in this folder. Default: the workspace.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Sets `PATH` for the plugin: where scripts find programs. Default: there is none.
    #[must_use]
    pub fn path(mut self, path: impl Into<OsString>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// More cases. Files with cases for brokers are passed over.
    #[must_use]
    pub fn cases(mut self, files: impl IntoIterator<Item = CaseFile>) -> Self {
        self.cases.extend(files);
        self
    }

    /// Only these cases. Default: all.
    #[must_use]
    pub fn only(mut self, ids: impl IntoIterator<Item = CaseId>) -> Self {
        self.selected = Some(ids.into_iter().collect());
        self
    }

    /// How long one case may take; then the plugin is killed. Default 60 s.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// How long all cases together may take. Default 10 min.
    #[must_use]
    pub fn total(mut self, limit: Duration) -> Self {
        self.total = limit;
        self
    }

    /// How many cases run at a time, at least 1; they mostly wait. Default 4.
    #[must_use]
    pub fn at_a_time(mut self, cases: usize) -> Self {
        self.at_a_time = cases.max(1);
        self
    }

    /// Runs the cases; `done` hears of each as it ends, in no promised order. Every process that
    /// was started has ended when this returns or is dropped.
    ///
    /// # Errors
    /// [`ConformanceError`] if the plugin or its broker cannot be started at all.
    ///
    /// # Panics
    /// Outside of a Tokio runtime with time and I/O enabled.
    pub async fn run(&self, done: impl FnMut(&Outcome)) -> Result<Report, ConformanceError> {
        let seconds = self.total.as_secs();
        let limited = timeout(self.total, self.run_all(done)).await;
        limited.unwrap_or(Err(ConformanceError::TimeIsUp { seconds }))
    }

    async fn run_all(&self, mut done: impl FnMut(&Outcome)) -> Result<Report, ConformanceError> {
        let selected =
            |case: &PluginCase| self.selected.as_ref().is_none_or(|ids| ids.contains(&case.id));
        let all = plugin_cases(&self.cases)?;
        let Some(plain_case) = all.iter().find(|case| case.is_plain()).cloned() else {
            return Ok(Report { outcomes: Vec::new() });
        };
        let suite = Arc::new(self.clone());
        let begin = Instant::now();
        let plain = Arc::new(run::run(self, &plain_case).await?);
        let plain_took = begin.elapsed();

        let slots = Arc::new(Semaphore::new(self.at_a_time));
        let mut running = JoinSet::new();
        let mut outcomes = Vec::new();
        for (index, case) in all.into_iter().filter(selected).enumerate() {
            let (suite, plain) = (Arc::clone(&suite), Arc::clone(&plain));
            let slots = Arc::clone(&slots);
            running.spawn(async move {
                let _slot = slots.acquire_owned().await;
                Ok::<_, ConformanceError>((index, suite.outcome(&case, &plain, plain_took).await?))
            });
        }
        while let Some(ended) = running.join_next().await {
            // A case that panicked is a fault of this crate's.
            let ended = ended.map_err(std::io::Error::other);
            let (index, outcome) = ended.map_err(ConformanceError::machine("run a case"))??;
            done(&outcome);
            outcomes.push((index, outcome));
        }
        outcomes.sort_by_key(|(index, _)| *index);
        Ok(Report { outcomes: outcomes.into_iter().map(|(_, outcome)| outcome).collect() })
    }

    async fn outcome(
        &self,
        case: &PluginCase,
        plain: &Observed,
        plain_took: Duration,
    ) -> Result<Outcome, ConformanceError> {
        if let Some(reason) = case.needs.iter().find_map(|need| self.lacks(*need, plain)) {
            return Ok(Outcome::new(case.info(), Verdict::Skipped { reason }, Duration::ZERO));
        }
        if case.is_plain() {
            let verdict = Verdict::of(expect::compare(case, plain));
            return Ok(Outcome::new(case.info(), verdict, plain_took));
        }
        let begin = Instant::now();
        let observed = run::run(self, case).await?;
        let took = begin.elapsed();
        let verdict = match (observed.unused(case), observed.crashed()) {
            (Some(reason), false) => Verdict::Skipped { reason },
            _ => Verdict::of(expect::compare(case, &observed)),
        };
        Ok(Outcome::new(case.info(), verdict, took))
    }

    fn takes_tasks(&self) -> bool {
        self.manifest.declares(Capability::Tasks)
    }

    /// Why the case cannot be tried, if it cannot.
    fn lacks(&self, need: Need, plain: &Observed) -> Option<String> {
        let made = |calls: Calls| plain.exchanges.iter().any(|exchange| calls.cover(exchange.call));
        let (met, reason) = match need {
            Need::Task if !self.takes_tasks() => (false, "the manifest declares no tasks"),
            Need::Task => (self.task.is_some(), "no input of a task is given"),
            Need::Work => (made(Calls::Work), "the plugin makes no calls for its task"),
            Need::Session => (made(Calls::Session), "the plugin does not ask for its session"),
            Need::Stays => (stays(plain), "the plugin ends by itself after its first task"),
            Need::Secrets => (made(Calls::Secret), "the plugin borrows no secret"),
            Need::Artifacts => (made(Calls::Artifact), "the plugin keeps no artifact"),
            Need::Findings => (made(Calls::Findings), "the plugin reports no finding"),
            Need::Logs => (made(Calls::Logs), "the plugin sends no logs"),
            Need::Egress => (made(Calls::Egress), "the plugin makes no outbound request"),
        };
        (!met).then(|| reason.to_owned())
    }
}

/// Whether the plugin leased again after it had said what became of its task.
fn stays(plain: &Observed) -> bool {
    let word = plain.exchanges.iter().position(|exchange| exchange.call.is_word());
    let later = word.map_or(&[][..], |at| plain.exchanges.get(at..).unwrap_or_default());
    // With several tasks at a time it may have asked for the next one before.
    let leases = plain.exchanges.iter().filter(|exchange| exchange.call == Call::Lease).count();
    leases > 1 || later.iter().any(|exchange| exchange.call == Call::Lease)
}
