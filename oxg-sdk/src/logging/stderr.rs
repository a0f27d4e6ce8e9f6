use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::Write as _;

use oxg_protocol::log::{Level, LogRecord};
use serde_json::Value;

use super::{LogLine, LogSink};

/// Writes lines for people to stderr.
pub(super) struct StderrSink;

impl LogSink for StderrSink {
    fn write(&self, line: &LogLine<'_>) {
        let text = render(line.record);
        // One call a line: lines of several threads do not mix.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }
}

fn render(record: &LogRecord) -> String {
    let level = match record.level {
        Level::Trace => "TRACE",
        Level::Debug => "DEBUG",
        Level::Warn => " WARN",
        Level::Error => "ERROR",
        _ => " INFO",
    };
    let time = record.ts.get(11..23).unwrap_or(&record.ts);
    let mut text = format!("{time} {level} {}: ", record.target);
    text.push_str(&printable(&record.msg));
    let task = record.task_id.as_ref().map(|id| Value::from(id.as_str()));
    let task = task.iter().map(|value| ("task", value));
    let fields = record.fields.iter().map(|(name, value)| (name.as_str(), value));
    for (name, value) in fields.chain(task) {
        let _ = write!(text, " {name}=");
        match value {
            Value::String(value) => text.push_str(&printable(value)),
            other => text.push_str(&printable(&other.to_string())),
        }
    }
    text.push('\n');
    text
}

/// Control characters would let a target write to the operator's terminal.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return text.into();
    }
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    escaped.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_cannot_write_to_the_terminal() {
        let record = LogRecord {
            ts: "2026-01-02T03:04:05.678Z".to_owned(),
            level: Level::Info,
            target: "t".to_owned(),
            msg: "red \u{1b}[31m\nnext".to_owned(),
            plugin: None,
            run_id: None,
            task_id: None,
            trace_id: None,
            fields: serde_json::Map::from_iter([("n".to_owned(), 3.into())]),
        };
        assert_eq!(render(&record), "03:04:05.678  INFO t: red \\u{1b}[31m\\nnext n=3\n");
    }
}
