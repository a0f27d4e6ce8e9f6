use std::io::{self, Write as _};

use super::writer::Output;
use super::{Form, LogLine, LogSink};

/// The standard error of the process.
pub(super) struct Stderr;

impl Output for Stderr {
    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        // One call a batch: lines of several threads do not mix.
        io::stderr().lock().write_all(lines)
    }
}

/// Writes where the event happens; for a process that gets no thread.
pub(super) struct DirectStderr(pub(super) Form);

impl LogSink for DirectStderr {
    fn write(&self, line: &LogLine<'_>) {
        let text = if self.0 == Form::Human { line.human } else { line.json };
        let _ = io::stderr().lock().write_all(format!("{text}\n").as_bytes());
    }
}
