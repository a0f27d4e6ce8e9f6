use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

use super::queue::Queue;
use super::{Form, notice};
use crate::clients::LogsClient;
use crate::select::first;
use crate::signal::Signal;

/// The longest batch, in bytes.
const MAX_BATCH: usize = 256 << 10;
/// How long lines gather before they are sent.
const LINGER: Duration = Duration::from_millis(200);
/// How long the last lines may take.
const LAST_CALL: Duration = Duration::from_secs(2);

/// Ships what is in a [`Queue`] to the broker until it is stopped.
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
                    first(stopped.fired(), queue.filled()).await;
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
    while let Some(batch) = queue.take(MAX_BATCH) {
        let mut text = Vec::new();
        if batch.lost > 0 {
            text.extend_from_slice(notice::lost(Form::Json, batch.lost).as_bytes());
        }
        text.extend_from_slice(&batch.text);
        let shipped = client.ship(text).await.is_ok();
        queue.done(&batch, shipped);
        if !shipped {
            return;
        }
    }
}
