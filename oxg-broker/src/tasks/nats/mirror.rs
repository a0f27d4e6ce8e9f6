//! What the stream says, as queues in memory.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::push::Ordered;
use futures_util::StreamExt as _;
use oxg_manifest::PluginName;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{sleep, timeout};

use super::server::{Last, PATIENCE, Server, failed};
use super::wire::{self, Topic, progress_subject};
use crate::tasks::TaskError;
use crate::tasks::clock::Moment;
use crate::tasks::plugins::Plugins;
use crate::tasks::queue::{Number, Queue};
use crate::tasks::record::{Progress, Record};

/// How long loading everything may take without a message.
const LOAD_PATIENCE: Duration = Duration::from_secs(20);
/// The time between two attempts to load.
const RETRY: Duration = Duration::from_millis(250);

/// What is to be deleted from the stream.
pub(super) enum Garbage {
    Task { number: Number, progress: String },
    Message(u64),
}

pub(super) struct Mirror {
    pub(super) plugins: Arc<Plugins>,
    server: Arc<Server>,
    /// The last message that is taken in.
    seen: watch::Sender<u64>,
    garbage: mpsc::Sender<Garbage>,
    /// Something was missed.
    doubt: Notify,
}

/// A message, reduced to what counts.
struct Heard {
    sequence: u64,
    topic: Topic,
    published: Duration,
    message: Message,
}

impl Mirror {
    pub(super) fn new(
        plugins: Arc<Plugins>,
        server: Arc<Server>,
        garbage: mpsc::Sender<Garbage>,
    ) -> Self {
        Self { plugins, server, seen: watch::Sender::new(0), garbage, doubt: Notify::new() }
    }

    /// Waits until the message with this sequence is taken in.
    pub(super) async fn wait_for(&self, sequence: u64) -> Result<(), TaskError> {
        let mut seen = self.seen.subscribe();
        match timeout(PATIENCE, seen.wait_for(|seen| *seen >= sequence)).await {
            Ok(_) => Ok(()),
            Err(_) => Err(failed("the server does not tell what it was told")),
        }
    }

    /// Waits until what the server has last of `subject` is taken in. Says whether it has anything,
    /// and what.
    pub(super) async fn catch_up(&self, subject: &str) -> Result<Option<u64>, TaskError> {
        let Some(Last { sequence, .. }) = self.server.last(subject).await? else {
            return Ok(None);
        };
        self.wait_for(sequence).await?;
        Ok(Some(sequence))
    }

    /// The same for how far a task is. If that was missed, everything is read anew.
    pub(super) async fn catch_up_task(
        &self,
        plugin: &PluginName,
        number: Number,
    ) -> Result<Option<u64>, TaskError> {
        let last = self.catch_up(&progress_subject(plugin, number)).await?;
        let plugin = self.plugins.get(plugin);
        let queue = plugin.queue();
        let missed = |record: &Record| last.is_some_and(|last| record.revision < last);
        if queue.record(number).is_some_and(|record| !record.is_settled() && missed(record)) {
            self.doubt.notify_one();
        }
        Ok(last)
    }

    /// Follows the stream for ever, from `messages` on.
    pub(super) async fn run(self: Arc<Self>, mut messages: Ordered) {
        let mut connections = self.server.connections();
        loop {
            tokio::select! {
                () = self.follow(&mut messages) => {}
                // The server may have been another one, or have lost what it had.
                _ = connections.changed() => {}
                () = self.doubt.notified() => {}
            }
            messages = loop {
                connections.mark_unchanged();
                match self.load().await {
                    Ok(messages) => break messages,
                    Err(_) => sleep(RETRY).await,
                }
            };
        }
    }

    /// Reads everything that there is, and returns what comes then.
    pub(super) async fn load(&self) -> Result<Ordered, TaskError> {
        let time = self.server.time().await?;
        let here = self.plugins.now();
        let mut messages = self.server.follow().await?;
        let mut queues: HashMap<PluginName, Queue> = HashMap::new();
        let mut orphans = Vec::new();
        loop {
            let message = timeout(LOAD_PATIENCE, messages.next()).await;
            let message = message.map_err(|_| failed("the server stopped in the middle"))?;
            let message = message.ok_or_else(|| failed("the server ended the stream"))?;
            let Some(heard) = Heard::new(message.map_err(failed)?) else { continue };
            let sequence = heard.sequence;
            let age = time.time.saturating_sub(heard.published);
            match &heard.topic {
                Topic::Work { plugin } => {
                    let queue = queues.entry(plugin.clone()).or_default();
                    take_work(queue, &heard, here)?;
                }
                Topic::Progress { plugin, number } => {
                    let queue = queues.entry(plugin.clone()).or_default();
                    let known = self.known(plugin, *number, sequence);
                    if !take_progress(queue, *number, &heard, known, here, age)? {
                        orphans.push(Garbage::Message(sequence));
                    }
                    self.sweep(plugin, queue);
                }
                Topic::Time => {}
            }
            if sequence >= time.sequence {
                break;
            }
        }
        for orphan in orphans {
            let _ = self.garbage.try_send(orphan);
        }
        self.plugins.replace(queues);
        self.seen.send_replace(time.sequence);
        Ok(messages)
    }

    /// Takes in what comes, until something is wrong.
    async fn follow(&self, messages: &mut Ordered) {
        while let Some(Ok(message)) = messages.next().await {
            let Some(heard) = Heard::new(message) else { continue };
            if self.take(&heard).is_err() {
                return;
            }
            // Not backwards: while loading, some were seen that are later than its mark.
            self.seen.send_if_modified(|seen| {
                let later = heard.sequence > *seen;
                *seen = heard.sequence.max(*seen);
                later
            });
        }
    }

    fn take(&self, heard: &Heard) -> Result<(), TaskError> {
        let now = self.plugins.now();
        let (Topic::Work { plugin: name } | Topic::Progress { plugin: name, .. }) = &heard.topic
        else {
            return Ok(());
        };
        let plugin = self.plugins.get(name);
        let mut queue = plugin.queue();
        match &heard.topic {
            Topic::Work { .. } => take_work(&mut queue, heard, now)?,
            Topic::Progress { number, .. } => {
                take_progress(&mut queue, *number, heard, None, now, Duration::ZERO)?;
            }
            Topic::Time => {}
        }
        self.sweep(name, &mut queue);
        drop(queue);
        plugin.ring(now);
        Ok(())
    }

    /// What was known of the very same message: its moments need no reckoning.
    fn known(&self, plugin: &PluginName, number: Number, revision: u64) -> Option<Progress> {
        let plugin = self.plugins.get(plugin);
        let queue = plugin.queue();
        let record = queue.record(number).filter(|record| record.revision == revision)?;
        Some(record.progress.clone())
    }

    /// Where the list is full the rest is deleted when the stream is loaded the next time.
    fn sweep(&self, plugin: &PluginName, queue: &mut Queue) {
        for number in queue.take_forgotten() {
            let progress = progress_subject(plugin, number);
            let _ = self.garbage.try_send(Garbage::Task { number, progress });
        }
    }
}

impl Heard {
    /// `None`: nothing that this version knows.
    fn new(message: Message) -> Option<Self> {
        let topic = Topic::parse(&message.subject)?;
        let info = message.info().ok()?;
        let (sequence, published) = (info.stream_sequence, info.published.unix_timestamp_nanos());
        let published = Duration::from_nanos(u64::try_from(published).unwrap_or_default());
        Some(Self { sequence, topic, published, message })
    }
}

fn take_work(queue: &mut Queue, heard: &Heard, now: Moment) -> Result<(), TaskError> {
    let work = wire::decode_work(&heard.message.payload).map_err(unreadable)?;
    queue.put(heard.sequence, Record::of(Arc::new(work), Progress::new(now)));
    Ok(())
}

/// Says whether there is such a task.
fn take_progress(
    queue: &mut Queue,
    number: Number,
    heard: &Heard,
    known: Option<Progress>,
    here: Moment,
    age: Duration,
) -> Result<bool, TaskError> {
    let Some(work) = queue.record(number).map(|record| record.work.clone()) else {
        return Ok(false);
    };
    let progress = match known {
        Some(progress) => progress,
        None => wire::decode_progress(&heard.message.payload, here, age).map_err(unreadable)?,
    };
    queue.put(number, Record { work, progress, revision: heard.sequence });
    Ok(true)
}

fn unreadable(error: serde_json::Error) -> TaskError {
    failed(format!("a message in the stream cannot be read: {error}"))
}
