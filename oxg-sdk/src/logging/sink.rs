use oxg_protocol::log::{Level, LogRecord};

/// One log record, redacted and written.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct LogLine<'a> {
    /// How much it matters.
    pub level: Level,
    /// The record as one line of JSON, without the line feed.
    pub json: &'a str,
    /// The record for people, with its line feed; empty where no writer asked for it.
    pub(super) human: &'a str,
}

impl LogLine<'_> {
    /// The record, read back.
    ///
    /// # Errors
    /// None that is known of: what was written is a record.
    pub fn record(&self) -> Result<LogRecord, serde_json::Error> {
        serde_json::from_str(self.json)
    }
}

/// Takes log lines. It is called where the event happens, so it must be quick and must not log.
///
/// Any `Fn(&LogLine)` is one.
pub trait LogSink: Send + Sync + 'static {
    /// Takes one line.
    fn write(&self, line: &LogLine<'_>);
}

impl<F: Fn(&LogLine<'_>) + Send + Sync + 'static> LogSink for F {
    fn write(&self, line: &LogLine<'_>) {
        self(line);
    }
}
