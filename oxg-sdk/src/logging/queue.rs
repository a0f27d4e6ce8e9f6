use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// Lines that wait at most.
const MAX_LINES: usize = 1024;
/// Bytes that wait at most, but for the last line.
const MAX_BYTES: usize = 4 << 20;

/// What becomes of a line whose writer does not keep up: at most 1,024 lines and 4 MiB wait for one.
///
/// Whatever is lost is counted, told in the stream itself once it flows again, and summed up in
/// [`RunSummary::log_lines_lost`](crate::RunSummary::log_lines_lost).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Overflow {
    /// Whoever logs waits for room, for at most this long; then the line is lost. Later lines do
    /// not wait until the writer has moved on.
    Block(Duration),
    /// The new line is lost.
    DropNewest,
    /// The line that waited longest is lost.
    DropOldest,
}

/// Lines between those who log and one writer.
pub(crate) struct Queue {
    overflow: Overflow,
    state: Mutex<State>,
    /// For a writer that is a thread.
    filled: Condvar,
    /// For a writer that is a task.
    notify: Notify,
    /// For those who wait for room, or for the end.
    moved: Condvar,
}

#[derive(Default)]
struct State {
    lines: VecDeque<String>,
    bytes: usize,
    /// Taken by the writer, and not done yet.
    under_way: bool,
    /// Lost and not told of yet.
    untold: u64,
    lost: u64,
    /// The writer could not tell of what is lost. It tries again with the next line.
    mute: bool,
    /// Somebody waited in vain for room, and the writer has not moved since.
    stuck: bool,
    closed: bool,
}

/// Lines for the writer.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Each with its line feed.
    pub(crate) text: Vec<u8>,
    pub(crate) lines: u64,
    /// Lines that were lost before these.
    pub(crate) lost: u64,
}

impl Queue {
    pub(crate) fn new(overflow: Overflow) -> Self {
        Self {
            overflow,
            state: Mutex::default(),
            filled: Condvar::new(),
            notify: Notify::new(),
            moved: Condvar::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a line without its line feed, or loses one.
    pub(crate) fn push(&self, line: &str) {
        let mut state = self.state();
        if state.is_full() {
            match self.overflow {
                Overflow::Block(patience) if !state.stuck => {
                    state = self.wait(state, patience, |state| state.is_full() && !state.closed);
                    state.stuck = state.is_full();
                }
                Overflow::DropOldest => state.drop_oldest(),
                _ => {}
            }
        }
        if state.is_full() || state.closed {
            state.lose(1);
            return;
        }
        state.bytes += line.len();
        state.lines.push_back(line.to_owned());
        drop(state);
        self.filled.notify_one();
        self.notify.notify_one();
    }

    /// The next lines, as far as they fit into `most` bytes, at least one; `None` where there is
    /// nothing to write.
    pub(crate) fn take(&self, most: usize) -> Option<Batch> {
        let batch = self.state().take(most);
        self.moved.notify_all();
        batch
    }

    /// As [`take`](Self::take), but waits for a line; `None` once the queue is closed and empty.
    pub(super) fn wait_and_take(&self, most: usize) -> Option<Batch> {
        let mut state = self.state();
        loop {
            if let Some(batch) = state.take(most) {
                self.moved.notify_all();
                return Some(batch);
            }
            if state.closed {
                return None;
            }
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits for a line.
    pub(crate) async fn filled(&self) {
        self.notify.notified().await;
    }

    /// What was taken is written, or lost.
    pub(crate) fn done(&self, batch: &Batch, written: bool) {
        let mut state = self.state();
        state.under_way = false;
        if !written {
            // Those that this batch told of are still to be told of.
            state.untold += batch.lost;
            state.lose(batch.lines);
            state.mute = true;
        }
        drop(state);
        self.moved.notify_all();
    }

    /// Waits until every line is written or lost. Returns whether that is so within `patience`.
    pub(super) fn flush(&self, patience: Duration) -> bool {
        let state = self.wait(self.state(), patience, |state| !state.is_idle());
        state.is_idle()
    }

    /// No more lines come. The writer ends once it has written those that wait.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.filled.notify_all();
        self.moved.notify_all();
    }

    /// Lines lost so far.
    pub(crate) fn lost(&self) -> u64 {
        self.state().lost
    }

    fn wait<'a>(
        &self,
        mut state: MutexGuard<'a, State>,
        patience: Duration,
        condition: impl Fn(&State) -> bool,
    ) -> MutexGuard<'a, State> {
        let start = Instant::now();
        while condition(&state) {
            let Some(left) = patience.checked_sub(start.elapsed()).filter(|left| !left.is_zero())
            else {
                break;
            };
            let waited = self.moved.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state
    }
}

impl State {
    fn is_full(&self) -> bool {
        self.lines.len() >= MAX_LINES || self.bytes >= MAX_BYTES
    }

    fn is_idle(&self) -> bool {
        self.lines.is_empty() && !self.under_way
    }

    fn lose(&mut self, lines: u64) {
        self.untold += lines;
        self.lost += lines;
    }

    fn drop_oldest(&mut self) {
        while self.is_full()
            && let Some(line) = self.lines.pop_front()
        {
            self.bytes -= line.len();
            self.lose(1);
        }
    }

    fn take(&mut self, most: usize) -> Option<Batch> {
        if self.lines.is_empty() && (self.untold == 0 || self.mute) {
            return None;
        }
        let mut batch = Batch { lost: std::mem::take(&mut self.untold), ..Batch::default() };
        while let Some(line) = self.lines.front()
            && (batch.lines == 0 || batch.text.len() + line.len() < most)
        {
            batch.text.extend_from_slice(line.as_bytes());
            batch.text.push(b'\n');
            batch.lines += 1;
            self.bytes -= line.len();
            self.lines.pop_front();
        }
        self.under_way = true;
        self.stuck = false;
        self.mute = false;
        Some(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(overflow: Overflow) -> Queue {
        let queue = Queue::new(overflow);
        (0..MAX_LINES).for_each(|n| queue.push(&n.to_string()));
        queue
    }

    fn text(batch: &Batch) -> &str {
        std::str::from_utf8(&batch.text).unwrap()
    }

    #[test]
    fn the_newest_or_the_oldest_line_is_lost_as_asked() {
        for (overflow, first, last) in
            [(Overflow::DropNewest, "0\n", "1023\n"), (Overflow::DropOldest, "1\n", "new\n")]
        {
            let queue = full(overflow);
            queue.push("new");
            let batch = queue.take(usize::MAX).unwrap();
            assert_eq!((batch.lines, batch.lost, queue.lost()), (1024, 1, 1));
            assert!(text(&batch).starts_with(first) && text(&batch).ends_with(last));
        }
    }

    #[test]
    fn whoever_waited_in_vain_does_not_wait_again_until_the_writer_moves() {
        let queue = full(Overflow::Block(Duration::from_millis(1)));
        // An hour each, if they waited.
        queue.push("lost");
        let queue = Queue { overflow: Overflow::Block(Duration::from_secs(3600)), ..queue };
        (0..100).for_each(|_| queue.push("lost"));
        assert_eq!(queue.lost(), 101);
        queue.take(usize::MAX).unwrap();
        queue.push("kept");
        assert_eq!(text(&queue.take(usize::MAX).unwrap()), "kept\n");
    }

    #[test]
    fn whoever_waits_goes_on_once_there_is_room() {
        let queue = full(Overflow::Block(Duration::from_secs(3600)));
        std::thread::scope(|scope| {
            scope.spawn(|| queue.push("waited"));
            let mut texts = String::new();
            while !texts.ends_with("waited\n") {
                texts.push_str(text(&queue.wait_and_take(usize::MAX).unwrap()));
            }
        });
        assert_eq!(queue.lost(), 0);
    }

    #[test]
    fn a_batch_that_was_not_written_counts_as_lost_and_is_told_with_the_next() {
        let queue = Queue::new(Overflow::DropNewest);
        queue.push("one");
        let batch = queue.take(usize::MAX).unwrap();
        assert!(!queue.flush(Duration::ZERO));
        queue.done(&batch, false);
        assert!(queue.flush(Duration::ZERO));
        // Not at once: a writer that fails would never rest.
        assert!(queue.take(usize::MAX).is_none());
        queue.push("two");
        let batch = queue.take(usize::MAX).unwrap();
        assert_eq!((batch.lines, batch.lost, queue.lost()), (1, 1, 1));
    }

    #[test]
    fn what_waits_when_the_queue_is_closed_is_still_written() {
        let queue = Queue::new(Overflow::DropNewest);
        queue.push("last");
        queue.close();
        queue.push("too late");
        let batch = queue.wait_and_take(usize::MAX).unwrap();
        assert_eq!((text(&batch), batch.lost), ("last\n", 1));
        assert!(queue.wait_and_take(usize::MAX).is_none());
    }
}
