use std::io;
use std::sync::Arc;
use std::thread;

use super::queue::{Overflow, Queue};
use super::{LogLine, LogSink, notice};

/// The longest batch that is written at once, in bytes.
const MAX_BATCH: usize = 256 << 10;

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// One JSON object a line, with stable keys.
    Json,
    /// For people.
    Human,
}

/// Whether a line stands where others are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gaps {
    Told,
    #[cfg(feature = "otel")]
    Silent,
}

/// Where a writer's lines end up.
pub(super) trait Output: Send + 'static {
    /// Writes whole lines, or none.
    fn write(&mut self, lines: &[u8]) -> io::Result<()>;
}

/// A thread that writes lines, and the queue before it.
pub(super) struct Writer {
    queue: Arc<Queue>,
    form: Form,
}

impl Writer {
    /// # Errors
    /// Where the system gives no thread.
    pub(super) fn start(
        name: &str,
        form: Form,
        overflow: Overflow,
        gaps: Gaps,
        mut output: impl Output,
    ) -> io::Result<Self> {
        let queue = Arc::new(Queue::new(overflow));
        let taken = Arc::clone(&queue);
        // It ends once the queue is closed; see `Queue::close`.
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            while let Some(batch) = taken.wait_and_take(MAX_BATCH) {
                let mut text = Vec::new();
                if batch.lost > 0 && gaps == Gaps::Told {
                    text.extend_from_slice(notice::lost(form, batch.lost).as_bytes());
                }
                text.extend_from_slice(&batch.text);
                let written = text.is_empty() || output.write(&text).is_ok();
                taken.done(&batch, written);
            }
        })?;
        Ok(Self { queue, form })
    }

    pub(super) fn form(&self) -> Form {
        self.form
    }

    pub(super) fn queue(&self) -> &Queue {
        &self.queue
    }
}

impl LogSink for Writer {
    fn write(&self, line: &LogLine<'_>) {
        match self.form {
            Form::Json => self.queue.push(line.json),
            Form::Human => self.queue.push(line.human),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.close();
    }
}
