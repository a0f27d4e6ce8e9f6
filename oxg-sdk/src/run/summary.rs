/// What a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RunSummary {
    /// Tasks done.
    pub completed: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Tasks given back untouched or unfinished.
    pub released: u64,
    /// Tasks that another holder took over, or whose end could not be reported.
    pub lost: u64,
    /// Log lines that a writer could not write; one that two of them lost counts twice.
    pub log_lines_lost: u64,
    /// Why the run ended.
    pub reason: StopReason,
}

/// Why a run ended without an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum StopReason {
    /// The broker is stopping: there will be no more tasks.
    #[default]
    Draining,
    /// Somebody asked the plugin to stop.
    Shutdown,
}
