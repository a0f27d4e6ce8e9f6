use std::time::Duration;

/// How a run goes about its work.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// Tasks at a time.
    pub(super) concurrency: u32,
    /// How long running tasks may go on after a stop, and a cancelled task after the request.
    pub(super) grace: Duration,
    /// How long a lease lasts; it is extended at a third of that.
    pub(super) lease: Duration,
    /// How long one long poll waits.
    pub(super) poll: Duration,
    /// The deadline of a hook where the task has none.
    pub(super) hook: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            concurrency: 4,
            grace: Duration::from_secs(10),
            lease: Duration::from_secs(30),
            poll: Duration::from_secs(10),
            hook: Duration::from_secs(600),
        }
    }
}
