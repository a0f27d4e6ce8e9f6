//! A broker that is away for a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the broker is away. A clone is the same broker's.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outage(Arc<AtomicBool>);

impl Outage {
    pub(crate) fn set(&self, away: bool) {
        self.0.store(away, Ordering::SeqCst);
    }

    pub(crate) fn is_on(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
