//! Tasks that many brokers share, in NATS JetStream.

mod mirror;
mod server;
#[cfg(test)]
pub(super) mod tests;
mod wire;

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::ServerAddr;
use oxg_manifest::PluginName;
use oxg_protocol::task::{Delivery, Enqueued, Extension, NewTask};
use oxg_protocol::{Digest, TaskId};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::clock::{Clock, Moment};
use super::plugins::Plugins;
use super::queue::Number;
use super::queues::token;
use super::record::Record;
use super::{Changes, Failure, Holder, Storing, TaskCounts, TaskError, TaskStore, TaskView};
use crate::error::BrokerError;
use crate::random;
use mirror::{Garbage, Mirror};
use server::{Server, Writing, Written, failed};
use wire::{encode_progress, encode_work, progress_subject, work_subject};

/// How often a change is tried while others change the same task.
const TRIES: usize = 16;
/// How many forgotten tasks wait for being deleted.
const GARBAGE: usize = 16_384;

/// Tasks in a stream of a NATS server, which any number of brokers may share.
///
/// The server keeps the last message of each task. A change is written only if that message is
/// still the one that it was made from, so of two brokers that lend the same task, one is told
/// that it came late. Every broker follows the stream and has all tasks in memory.
///
/// An answer leaves once the server has confirmed the change and told it. How safe that is, the
/// server decides: its `sync_interval` says when it calls `fsync`, and a stream may have replicas.
/// A change whose confirmation is lost is reported as [`TaskError::Store`], made or not.
///
/// A lease lasts as long as each broker says by its own monotonic clock, counted from when it heard
/// of it: nothing ends early because clocks differ, only ever later.
pub struct NatsTasks {
    server: Arc<Server>,
    mirror: Arc<Mirror>,
    /// What this broker is about to lend.
    claimed: Mutex<HashSet<Number>>,
    _following: AbortOnDropHandle<()>,
    _sweeping: AbortOnDropHandle<()>,
}

impl NatsTasks {
    /// Connects to `nats://host:port` (or `tls://`), makes the stream `oxg-tasks` if it is not
    /// there, and reads it. `nats://user:password@host` and `nats://token@host` show what they
    /// name.
    ///
    /// # Errors
    /// [`BrokerError::TaskServer`] if the server cannot be reached, refuses, has no JetStream, or
    /// has a stream of that name that is none of a broker.
    ///
    /// # Panics
    /// Outside of a Tokio runtime with I/O and time enabled.
    pub async fn connect(server: &str) -> Result<Self, BrokerError> {
        let address: ServerAddr = server.parse().map_err(|_| BrokerError::TaskServer {
            server: "the given address".to_owned(),
            problem: "it is no nats://host:port".to_owned(),
        })?;
        let server = format!("{}://{}:{}", address.scheme(), address.host(), address.port());
        let connected = Self::open(address).await;
        connected.map_err(|problem| BrokerError::TaskServer { server, problem })
    }

    async fn open(address: ServerAddr) -> Result<Self, String> {
        let server = Arc::new(Server::connect(address).await?);
        let (garbage, to_delete) = mpsc::channel(GARBAGE);
        let plugins = Arc::new(Plugins::new(Clock::starting_at(Moment::default())));
        let mirror = Arc::new(Mirror::new(plugins, server.clone(), garbage));
        let messages = mirror.load().await.map_err(|error| match error {
            TaskError::Store(problem) => problem,
            error => error.to_string(),
        })?;
        Ok(Self {
            _following: AbortOnDropHandle::new(tokio::spawn(mirror.clone().run(messages))),
            _sweeping: AbortOnDropHandle::new(tokio::spawn(sweep(server.clone(), to_delete))),
            server,
            mirror,
            claimed: Mutex::default(),
        })
    }

    #[cfg(test)]
    pub(super) fn clock(&self) -> &Clock {
        self.mirror.plugins.clock()
    }

    fn now(&self) -> Moment {
        self.mirror.plugins.now()
    }

    /// Begins to write how far a task is, if it is still as far as `record` was.
    async fn write(
        &self,
        plugin: &PluginName,
        number: Number,
        record: &Record,
        now: Moment,
    ) -> Result<Writing, TaskError> {
        let payload = encode_progress(&record.progress, now)?;
        self.server.write(progress_subject(plugin, number), payload, record.revision).await
    }

    async fn add(&self, plugin: &PluginName, task: NewTask) -> Result<Enqueued, TaskError> {
        let id = task_id(&task)?;
        let key = task.idempotency_key.clone().unwrap_or_else(|| id.to_string());
        let subject = work_subject(plugin, &id);
        let queues = self.mirror.plugins.get(plugin);
        let record = Record::new(task, id.clone(), self.now());
        let payload = encode_work(&record.work)?;
        let mut last = 0;
        for _ in 0..TRIES {
            let known = queues.queue().id_of_key(&key).cloned();
            if let Some(task_id) = known {
                return Ok(Enqueued { task_id, duplicate: true });
            }
            queues.queue().check_room(&record)?;
            match self.server.write(subject.clone(), payload.clone(), last).await?.done().await? {
                Written::As(sequence) => {
                    self.mirror.wait_for(sequence).await?;
                    return Ok(Enqueued { task_id: id, duplicate: false });
                }
                // Somebody has just added it; or it is forgotten, and about to be deleted.
                Written::Outdated => last = self.mirror.catch_up(&subject).await?.unwrap_or(0),
            }
        }
        Err(contended())
    }

    async fn lend(
        &self,
        plugin: &PluginName,
        max: u32,
        lease: Duration,
    ) -> Result<Vec<Delivery>, TaskError> {
        self.end(plugin).await?;
        for _ in 0..TRIES {
            let now = self.now();
            let claim = self.claim(plugin, max as usize, now);
            let mut writing = Vec::with_capacity(claim.tasks.len());
            for (number, record) in &claim.tasks {
                let mut record = record.clone();
                let delivery = record.lease(token()?, lease, now);
                let begun = self.write(plugin, *number, &record, now).await;
                writing.push((*number, delivery, begun));
            }
            let none = writing.is_empty();
            let (mut lent, mut failure) = (Vec::new(), None);
            for (number, delivery, begun) in writing {
                match self.settle_writing(plugin, number, begun).await {
                    Ok(true) => lent.push(delivery),
                    Ok(false) => {}
                    Err(error) => failure = Some(error),
                }
            }
            match failure {
                Some(error) if lent.is_empty() => return Err(error),
                _ if none || !lent.is_empty() => return Ok(lent),
                // Others took them all; there may be more.
                _ => {}
            }
        }
        Ok(Vec::new())
    }

    /// Waits until a writing is done and known here. Says whether it was in time.
    async fn settle_writing(
        &self,
        plugin: &PluginName,
        number: Number,
        begun: Result<Writing, TaskError>,
    ) -> Result<bool, TaskError> {
        match begun?.done().await? {
            Written::As(sequence) => self.mirror.wait_for(sequence).await.map(|()| true),
            Written::Outdated => {
                self.mirror.catch_up_task(plugin, number).await?;
                Ok(false)
            }
        }
    }

    /// Takes tasks that no other call of this broker is about to lend.
    fn claim(&self, plugin: &PluginName, max: usize, now: Moment) -> Claim<'_> {
        let plugin = self.mirror.plugins.get(plugin);
        let queue = plugin.queue();
        let mut claimed = lock(&self.claimed);
        let tasks = queue.lendable(max, now, &claimed);
        let tasks: Vec<_> =
            tasks.into_iter().map(|(number, record)| (number, record.clone())).collect();
        claimed.extend(tasks.iter().map(|(number, _)| *number));
        Claim { store: self, tasks }
    }

    /// Changes the task of `holder`, if `change` finds that the token is right.
    async fn hold<T>(
        &self,
        plugin: &PluginName,
        holder: &Holder,
        change: impl Fn(&mut Record, Moment) -> Result<T, TaskError>,
    ) -> Result<T, TaskError> {
        for _ in 0..TRIES {
            let Some((number, known)) = self.find(plugin, &holder.task).await? else {
                return Err(TaskError::NotFound);
            };
            let now = self.now();
            let mut record = known.clone();
            if !known.is_settled() {
                record.settle(now);
            }
            let result = match change(&mut record, now) {
                Ok(result) if known.is_settled() => return Ok(result),
                Ok(result) => result,
                Err(error) => {
                    // What is known here may be old.
                    let last = self.mirror.catch_up_task(plugin, number).await?;
                    if last.unwrap_or(0) <= known.revision {
                        return Err(error);
                    }
                    continue;
                }
            };
            let begun = self.write(plugin, number, &record, now).await;
            if self.settle_writing(plugin, number, begun).await? {
                return Ok(result);
            }
        }
        Err(contended())
    }

    async fn find(
        &self,
        plugin: &PluginName,
        id: &TaskId,
    ) -> Result<Option<(Number, Record)>, TaskError> {
        let queues = self.mirror.plugins.get(plugin);
        let look = || queues.queue().find(id).map(|(number, record)| (number, record.clone()));
        if let Some(found) = look() {
            return Ok(Some(found));
        }
        // Another broker may have added it just now.
        self.mirror.catch_up(&work_subject(plugin, id)).await?;
        Ok(look())
    }

    async fn stop(&self, plugin: &PluginName, task: &TaskId) -> Result<(), TaskError> {
        for _ in 0..TRIES {
            let Some((number, mut record)) = self.find(plugin, task).await? else { return Ok(()) };
            if record.is_settled() {
                return Ok(());
            }
            record.cancel();
            let begun = self.write(plugin, number, &record, self.now()).await;
            if self.settle_writing(plugin, number, begun).await? {
                return Ok(());
            }
        }
        Err(contended())
    }

    /// Writes down which leases and tasks have ended by themselves.
    async fn end(&self, plugin: &PluginName) -> Result<(), TaskError> {
        let now = self.now();
        let ended: Vec<_> = {
            let plugin = self.mirror.plugins.get(plugin);
            let queue = plugin.queue();
            let ended = queue.ended(now).into_iter();
            ended.map(|(number, record)| (number, record.clone())).collect()
        };
        let mut writing = Vec::with_capacity(ended.len());
        for (number, mut record) in ended {
            record.settle(now);
            writing.push((number, self.write(plugin, number, &record, now).await));
        }
        for (number, begun) in writing {
            // Where another broker was quicker, it has done the same.
            self.settle_writing(plugin, number, begun).await?;
        }
        Ok(())
    }
}

/// Tasks that are about to be lent.
struct Claim<'a> {
    store: &'a NatsTasks,
    tasks: Vec<(Number, Record)>,
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let mut claimed = lock(&self.store.claimed);
        for (number, _) in &self.tasks {
            claimed.remove(number);
        }
    }
}

impl TaskStore for NatsTasks {
    fn enqueue<'a>(&'a self, plugin: &'a PluginName, task: NewTask) -> Storing<'a, Enqueued> {
        Box::pin(self.add(plugin, task))
    }

    fn lease<'a>(
        &'a self,
        plugin: &'a PluginName,
        max: u32,
        lease: Duration,
    ) -> Storing<'a, Vec<Delivery>> {
        Box::pin(self.lend(plugin, max, lease))
    }

    fn extend<'a>(
        &'a self,
        plugin: &'a PluginName,
        holder: Holder,
        lease: Duration,
    ) -> Storing<'a, Extension> {
        Box::pin(async move {
            let change = |record: &mut Record, now| record.extend(&holder.token, lease, now);
            self.hold(plugin, &holder, change).await
        })
    }

    fn complete<'a>(
        &'a self,
        plugin: &'a PluginName,
        holder: Holder,
        output: Option<Value>,
    ) -> Storing<'a, ()> {
        Box::pin(async move {
            let change = |record: &mut Record, _| record.complete(&holder.token, output.clone());
            self.hold(plugin, &holder, change).await
        })
    }

    fn fail<'a>(
        &'a self,
        plugin: &'a PluginName,
        holder: Holder,
        failure: Failure,
    ) -> Storing<'a, ()> {
        Box::pin(async move {
            let change =
                |record: &mut Record, now| record.fail(&holder.token, failure.clone(), now);
            self.hold(plugin, &holder, change).await
        })
    }

    fn release<'a>(&'a self, plugin: &'a PluginName, holder: Holder) -> Storing<'a, ()> {
        Box::pin(async move {
            let change = |record: &mut Record, _| record.release(&holder.token);
            self.hold(plugin, &holder, change).await
        })
    }

    fn cancel<'a>(&'a self, plugin: &'a PluginName, task: TaskId) -> Storing<'a, ()> {
        Box::pin(async move { self.stop(plugin, &task).await })
    }

    fn settle<'a>(&'a self, plugin: &'a PluginName) -> Storing<'a, ()> {
        Box::pin(self.end(plugin))
    }

    fn views(&self, plugin: &PluginName) -> Vec<TaskView> {
        self.mirror.plugins.views(plugin)
    }

    fn counts(&self, plugin: &PluginName) -> TaskCounts {
        self.mirror.plugins.counts(plugin)
    }

    fn changes(&self, plugin: &PluginName) -> Changes {
        self.mirror.plugins.changes(plugin)
    }
}

impl fmt::Debug for NatsTasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsTasks").finish_non_exhaustive()
    }
}

/// The same for the same key, so that the server lets only one of two with it in.
fn task_id(task: &NewTask) -> Result<TaskId, TaskError> {
    let name = match &task.idempotency_key {
        Some(key) => {
            let digest = Digest::of(key.as_bytes());
            digest.as_bytes().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
        }
        None => random::hex::<16>().map_err(|_| TaskError::Random)?,
    };
    format!("t-{name}").parse().map_err(failed)
}

fn contended() -> TaskError {
    failed("others change the task all the time; try again")
}

/// Deletes forgotten tasks from the stream.
async fn sweep(server: Arc<Server>, mut garbage: mpsc::Receiver<Garbage>) {
    while let Some(garbage) = garbage.recv().await {
        // If it fails it is tried when the stream is loaded the next time.
        let _ = match garbage {
            Garbage::Task { number, progress } => server.forget(number, &progress).await,
            Garbage::Message(sequence) => server.delete(sequence).await.map(drop),
        };
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere leaves whole entries behind.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
