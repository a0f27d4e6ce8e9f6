//! What a connection becomes once it has switched protocols.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

type Next = Pin<Box<dyn Future<Output = ()> + Send>>;

/// With every request: how its connection goes on after a 101. Whoever answers with one opens the
/// gate and says what happens next; the connection's own task does it.
#[derive(Clone)]
pub(crate) struct Handover {
    open: Arc<AtomicBool>,
    next: Arc<Mutex<Option<Next>>>,
    stop: CancellationToken,
}

impl Handover {
    /// `open` lets everything through the connection's gate.
    pub(super) fn new(open: Arc<AtomicBool>, stop: CancellationToken) -> Self {
        Self { open, next: Arc::default(), stop }
    }

    /// From here on the connection does not speak HTTP. `next` owns it and ends when
    /// [`stopped`](Self::stopped) does.
    pub(crate) fn switch(&self, next: impl Future<Output = ()> + Send + 'static) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::pin(next));
        self.open.store(true, Ordering::Release);
    }

    /// Resolves when the broker shuts down.
    pub(crate) fn stopped(&self) -> impl Future<Output = ()> + Send + 'static {
        self.stop.clone().cancelled_owned()
    }

    pub(super) fn take(&self) -> Option<Next> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl fmt::Debug for Handover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handover").finish_non_exhaustive()
    }
}
