//! One `fsync` for everybody who waits for one.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

/// How long the disk may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Brings a file to disk. While one `fsync` is under way, the next is for all who come meanwhile.
#[derive(Debug)]
pub(super) struct GroupSync {
    file: Arc<File>,
    state: Arc<watch::Sender<State>>,
}

/// Positions are whatever grows with what was written.
#[derive(Debug, Default)]
struct State {
    wanted: u64,
    done: u64,
    running: bool,
    /// After a failure nobody knows what is on disk: the kernel may have dropped it and reports
    /// that once. So nothing is confirmed any more.
    failed: Option<io::ErrorKind>,
    #[cfg(test)]
    count: usize,
}

impl GroupSync {
    pub(super) fn new(file: Arc<File>) -> Self {
        Self { file, state: Arc::default() }
    }

    /// Sees to it that what was written up to `position` gets to disk. Does not wait.
    pub(super) fn want(&self, position: u64) {
        let mut begin = false;
        self.state.send_if_modified(|state| {
            state.wanted = state.wanted.max(position);
            begin = !state.running && state.failed.is_none() && state.done < state.wanted;
            state.running |= begin;
            false
        });
        if !begin {
            return;
        }
        let (file, state) = (self.file.clone(), self.state.clone());
        match tokio::runtime::Handle::try_current() {
            // It ends with the wish, and at the latest with the file.
            Ok(runtime) => drop(runtime.spawn_blocking(move || run(&file, &state))),
            Err(_) => run(&file, &state),
        }
    }

    /// Waits until what was written up to `position` is on disk.
    pub(super) async fn done(&self, position: u64) -> io::Result<()> {
        self.want(position);
        let mut state = self.state.subscribe();
        let ended = |state: &State| state.done >= position || state.failed.is_some();
        match timeout(PATIENCE, state.wait_for(ended)).await {
            Ok(Ok(state)) if state.done >= position => Ok(()),
            Ok(Ok(state)) => Err(state.failed.unwrap_or(io::ErrorKind::Other).into()),
            Ok(Err(_)) | Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    /// Why nothing is confirmed any more, if that is so.
    pub(super) fn failure(&self) -> Option<io::ErrorKind> {
        self.state.borrow().failed
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.state.borrow().count
    }
}

/// Syncs until nobody wants more.
fn run(file: &File, state: &watch::Sender<State>) {
    loop {
        let target = state.borrow().wanted;
        let result = file.sync_data();
        let mut more = false;
        state.send_modify(|state| {
            match result {
                Ok(()) => state.done = target,
                Err(error) => state.failed = Some(error.kind()),
            }
            #[cfg(test)]
            {
                state.count += 1;
            }
            more = state.failed.is_none() && state.done < state.wanted;
            state.running = more;
        });
        if !more {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn after_a_failure_nothing_is_confirmed_any_more() {
        // A pipe cannot be synced.
        let (_reader, writer) = io::pipe().unwrap();
        let file = Arc::new(File::from(std::os::fd::OwnedFd::from(writer)));
        let sync = GroupSync::new(file);
        for position in [1, 2, 1] {
            assert_eq!(sync.done(position).await.unwrap_err().kind(), io::ErrorKind::InvalidInput);
        }
        assert_eq!(sync.count(), 1);
        assert_eq!(sync.failure(), Some(io::ErrorKind::InvalidInput));
        sync.done(0).await.unwrap();
    }
}
