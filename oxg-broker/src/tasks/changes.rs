//! Waiting for something to happen to the tasks of a plugin.

use std::fmt;

use tokio::sync::watch;
use tokio::time::sleep;

use super::clock::{Clock, Moment};

/// What is told to those who wait.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Pulse {
    /// When something happens by itself: a lease ends, or a task falls due again.
    next: Option<Moment>,
}

/// Where a store tells of changes.
#[derive(Debug, Default)]
pub(crate) struct Bell(watch::Sender<Pulse>);

impl Bell {
    pub(crate) fn ring(&self, next: Option<Moment>) {
        self.0.send_replace(Pulse { next });
    }

    pub(crate) fn listen(&self, clock: Clock) -> Changes {
        Changes { pulse: self.0.subscribe(), clock }
    }
}

/// Tells when the tasks of a plugin are worth another look.
pub struct Changes {
    pulse: watch::Receiver<Pulse>,
    clock: Clock,
}

impl Changes {
    /// Forgets every change so far. Call it before the look, so that nothing falls in between.
    pub fn mark_seen(&mut self) {
        self.pulse.mark_unchanged();
    }

    /// Waits until something changed since the last [`mark_seen`](Self::mark_seen), or a lease
    /// has ended, or a task has fallen due.
    pub async fn changed(&mut self) {
        let next = self.pulse.borrow().next;
        let by_itself = async {
            match next {
                Some(next) => sleep(self.clock.now().until(next)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = self.pulse.changed() => if changed.is_err() {
                // The store is gone: nothing will ever change.
                std::future::pending().await
            },
            () = by_itself => {}
        }
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").finish_non_exhaustive()
    }
}
