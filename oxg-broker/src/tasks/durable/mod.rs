//! Tasks that survive the process.

mod commit;
mod tables;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use oxg_manifest::PluginName;
use tokio::sync::{mpsc, oneshot};

use super::clock::{Clock, Moment};
use super::plugins::Plugins;
use super::queue::Queue;
use super::queues::Queues;
use super::{Storing, TaskError};
use crate::error::BrokerError;
use commit::{ChangeQueue, Committer, Job};
use tables::Tables;

/// How many calls wait for the disk at most; the next ones wait for a place.
const WAITING: usize = 4096;

/// Tasks in one file, in a [redb](https://docs.rs/redb) database.
///
/// An answer leaves once its change is on disk; calls that come in while the disk is busy are
/// written together, with one `fsync`. A change that cannot be written is not made, and the call
/// says so; the store goes on as soon as it can write again.
///
/// Leases go on being valid over a restart, until their end: the time that passed is known from
/// the machine's monotonic clock, whatever became of the wall clock, and from that only after the
/// machine itself was started anew. Tokens are kept as digests.
pub struct DurableTasks {
    plugins: Arc<Plugins>,
    /// `None` once the store closes.
    jobs: Option<mpsc::Sender<Job>>,
    committer: Option<JoinHandle<()>>,
}

impl DurableTasks {
    /// Opens the store in `file`, or makes it. It holds a lock on the file.
    ///
    /// # Errors
    /// [`BrokerError::Tasks`] if the file cannot be written, is no task store, or is open already.
    pub fn open(file: &Path) -> Result<Self, BrokerError> {
        let path = file.to_owned();
        let tables = Tables::new(move || tables::open_file(&path));
        Self::over(tables).map_err(|problem| BrokerError::Tasks { path: file.to_owned(), problem })
    }

    fn over(mut tables: Tables) -> Result<Self, String> {
        let loaded = tables.load()?;
        let plugins = Arc::new(Plugins::new(Clock::starting_at(loaded.now)));
        plugins.replace(loaded.queues);
        let (jobs, waiting) = mpsc::channel(WAITING);
        let committer = Committer::new(tables, plugins.clone());
        let committer = std::thread::Builder::new()
            .name("oxg-tasks".to_owned())
            .spawn(move || committer.run(waiting))
            .map_err(|error| format!("cannot start a thread: {error}"))?;
        Ok(Self { plugins, jobs: Some(jobs), committer: Some(committer) })
    }
}

impl Queues for DurableTasks {
    fn change<'a, T: Send + 'static>(
        &'a self,
        plugin: &'a PluginName,
        change: impl FnOnce(&mut Queue, Moment) -> Result<T, TaskError> + Send + 'static,
    ) -> Storing<'a, T> {
        let (answered, answer) = oneshot::channel();
        let plugin = self.plugins.get(plugin);
        let change: ChangeQueue = Box::new(move |queue, now| {
            let result = queue.and_then(|queue| change(queue, now));
            Box::new(move |written| {
                // Whoever asked may have gone.
                let _ = answered.send(written.and(result));
            })
        });
        let closed = || TaskError::Store("it is closed".to_owned());
        Box::pin(async move {
            let jobs = self.jobs.as_ref().ok_or_else(closed)?;
            jobs.send(Job { plugin, change }).await.map_err(|_| closed())?;
            answer.await.map_err(|_| closed())?
        })
    }

    fn plugins(&self) -> &Plugins {
        &self.plugins
    }
}

impl Drop for DurableTasks {
    fn drop(&mut self) {
        self.jobs = None;
        // What was asked for is written, and the lock on the file is free afterwards.
        if let Some(committer) = self.committer.take() {
            let _ = committer.join();
        }
    }
}

impl fmt::Debug for DurableTasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DurableTasks").finish_non_exhaustive()
    }
}
