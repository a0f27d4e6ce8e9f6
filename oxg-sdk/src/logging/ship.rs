use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use oxg_protocol::log::{Level, LogRecord};
use serde_json::Map;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

use super::{LogLine, LogSink, clock};
use crate::clients::LogsClient;
use crate::select::first;
use crate::signal::Signal;

/// Lines that wait at most.
const MAX_LINES: usize = 1024;
/// Bytes that wait at most, but for the last line.
const MAX_BYTES: usize = 4 << 20;
/// The longest batch, in bytes.
const MAX_BATCH_BYTES: usize = 256 << 10;
/// How long lines gather before they are sent.
const LINGER: Duration = Duration::from_millis(200);
/// How long the last lines may take.
const LAST_CALL: Duration = Duration::from_secs(2);

/// Lines on their way to the broker. Full, it drops the new ones and counts them.
#[derive(Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    filled: Notify,
}

#[derive(Default)]
struct State {
    lines: VecDeque<String>,
    bytes: usize,
    dropped: u64,
}

impl LogSink for Arc<Queue> {
    fn write(&self, line: &LogLine<'_>) {
        let mut state = self.state();
        if state.lines.len() < MAX_LINES && state.bytes < MAX_BYTES {
            state.bytes += line.json.len();
            state.lines.push_back(line.json.to_owned());
        } else {
            state.dropped += 1;
        }
        drop(state);
        self.filled.notify_one();
    }
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next batch, and how many lines are lost with it. It tells of dropped lines first.
    fn batch(&self) -> Option<(Vec<u8>, u64)> {
        let mut state = self.state();
        let mut batch = Vec::new();
        let dropped = std::mem::take(&mut state.dropped);
        let mut count = dropped;
        if dropped > 0 {
            push(&mut batch, &notice(dropped));
        }
        while let Some(line) = state.lines.pop_front() {
            push(&mut batch, &line);
            state.bytes -= line.len();
            count += 1;
            if batch.len() >= MAX_BATCH_BYTES {
                break;
            }
        }
        (!batch.is_empty()).then_some((batch, count))
    }
}

fn push(batch: &mut Vec<u8>, line: &str) {
    batch.extend_from_slice(line.as_bytes());
    batch.push(b'\n');
}

fn notice(dropped: u64) -> String {
    let record = LogRecord {
        ts: clock::now(),
        level: Level::Warn,
        target: "oxg_sdk::logging".to_owned(),
        msg: format!("{dropped} log records were not shipped; run.log has them"),
        plugin: None,
        run_id: None,
        task_id: None,
        trace_id: None,
        fields: Map::new(),
    };
    serde_json::to_string(&record).unwrap_or_default()
}

/// Ships what is in a [`Queue`] until it is stopped.
pub(crate) struct Shipper {
    stop: Signal,
    task: JoinHandle<()>,
}

impl Shipper {
    pub(crate) fn start(queue: Arc<Queue>, client: LogsClient) -> Self {
        let stop = Signal::default();
        let stopped = stop.clone();
        // What the shipping itself logs must not be shipped: it would never end.
        let task = tokio::spawn(
            async move {
                while !stopped.is_fired() {
                    first(stopped.fired(), queue.filled.notified()).await;
                    first(stopped.fired(), sleep(LINGER)).await;
                    drain(&queue, &client).await;
                }
                drain(&queue, &client).await;
            }
            .with_subscriber(NoSubscriber::default()),
        );
        Self { stop, task }
    }

    /// Ships what is left, for as long as that may take, and ends.
    pub(crate) async fn finish(mut self) {
        self.stop.fire();
        let _ = timeout(LAST_CALL, &mut self.task).await;
    }
}

impl Drop for Shipper {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn drain(queue: &Queue, client: &LogsClient) {
    while let Some((batch, count)) = queue.batch() {
        if client.ship(batch).await.is_err() {
            queue.state().dropped += count;
            return;
        }
    }
}
