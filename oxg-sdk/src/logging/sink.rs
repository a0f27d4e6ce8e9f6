use oxg_protocol::log::LogRecord;

/// One log record, redacted, in both its forms.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct LogLine<'a> {
    /// The record.
    pub record: &'a LogRecord,
    /// The record as one line of JSON, without the line feed.
    pub json: &'a str,
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
