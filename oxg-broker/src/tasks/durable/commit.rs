//! The thread that writes: many calls, one commit.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use oxg_manifest::PluginName;
use tokio::sync::mpsc;

use super::tables::{Rows, Tables};
use crate::tasks::TaskError;
use crate::tasks::clock::Moment;
use crate::tasks::plugins::{Plugin, Plugins};
use crate::tasks::queue::Queue;

/// The most calls in one commit: what bounds how long the first of them waits.
const MAX_BATCH: usize = 1024;

/// The longest time that a batch waits for more calls.
const MAX_GATHERING: Duration = Duration::from_millis(2);
/// The time between two looks for more calls.
const LOOK: Duration = Duration::from_micros(50);

/// Tells whoever asked, once it is known whether the change was written.
pub(super) type Answer = Box<dyn FnOnce(Result<(), TaskError>) + Send>;

/// Changes the queue; or hears why there is none to change.
pub(super) type ChangeQueue =
    Box<dyn FnOnce(Result<&mut Queue, TaskError>, Moment) -> Answer + Send>;

/// A call that waits for its turn.
pub(super) struct Job {
    pub(super) plugin: Arc<Plugin>,
    pub(super) change: ChangeQueue,
}

pub(super) struct Committer {
    tables: Tables,
    plugins: Arc<Plugins>,
    /// What is in memory is not what is on disk: a commit failed.
    stale: bool,
}

impl Committer {
    pub(super) fn new(tables: Tables, plugins: Arc<Plugins>) -> Self {
        Self { tables, plugins, stale: false }
    }

    /// Works until nobody can ask any more.
    pub(super) fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut batch = Vec::new();
        let (mut last, mut took) = (0, Duration::ZERO);
        while let Some(first) = jobs.blocking_recv() {
            batch.push(first);
            gather(&mut batch, &mut jobs, last, took / 4);
            last = batch.len();
            let started = Instant::now();
            self.commit(&mut batch);
            took = started.elapsed();
        }
        let _ = self.tables.commit(&Rows::new(), self.plugins.now());
    }

    fn commit(&mut self, batch: &mut Vec<Job>) {
        let now = self.plugins.now();
        if let Err(problem) = self.refresh() {
            for job in batch.drain(..) {
                (job.change)(Err(TaskError::Store(problem.clone())), now)(Ok(()));
            }
            return;
        }
        let mut touched: BTreeMap<PluginName, Arc<Plugin>> = BTreeMap::new();
        let mut answers = Vec::with_capacity(batch.len());
        for Job { plugin, change } in batch.drain(..) {
            answers.push(change(Ok(&mut plugin.queue()), now));
            touched.entry(plugin.name.clone()).or_insert(plugin);
        }
        let mut rows = Rows::new();
        touched.retain(|_, plugin| rows.take(plugin));
        let written = if rows.is_empty() { Ok(()) } else { self.tables.commit(&rows, now) };
        if written.is_err() {
            self.stale = true;
            // At once if that can be: what was not written must not be seen.
            let _ = self.refresh();
        }
        for plugin in touched.values() {
            plugin.ring(now);
        }
        for answer in answers {
            answer(written.clone().map_err(TaskError::Store));
        }
    }

    /// Goes back to what is on disk after a commit that failed.
    fn refresh(&mut self) -> Result<(), String> {
        if self.stale {
            let loaded = self.tables.load()?;
            self.plugins.replace(loaded.queues);
            self.stale = false;
        }
        Ok(())
    }
}

/// Takes the calls that wait. Whoever was answered with the `last` batch is likely to come again
/// at once: without a little patience the first of them would go alone, and all others wait for
/// the disk twice.
fn gather(batch: &mut Vec<Job>, jobs: &mut mpsc::Receiver<Job>, last: usize, patience: Duration) {
    let started = Instant::now();
    let patience = patience.min(MAX_GATHERING);
    loop {
        while batch.len() < MAX_BATCH
            && let Ok(job) = jobs.try_recv()
        {
            batch.push(job);
        }
        if batch.len() >= last.min(MAX_BATCH) || started.elapsed() >= patience {
            return;
        }
        std::thread::sleep(LOOK);
    }
}
