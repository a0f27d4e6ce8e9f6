use std::sync::Arc;

use tokio::sync::watch;

/// Something that happens once and stays so.
#[derive(Debug, Clone)]
pub(crate) struct Signal(Arc<watch::Sender<bool>>);

impl Default for Signal {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Signal {
    pub(crate) fn fire(&self) {
        self.0.send_replace(true);
    }

    pub(crate) fn is_fired(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it has happened.
    pub(crate) async fn fired(&self) {
        // The sender lives as long as `self`, so that waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|fired| *fired).await;
    }
}
