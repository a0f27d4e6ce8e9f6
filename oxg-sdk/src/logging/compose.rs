use oxg_protocol::log::{Level, LogRecord};
use oxg_redact::Redactor;
use serde_json::Value;

use super::human::{self, printable};
use super::json;
use super::scratch::{Scratch, Text};

/// Where a line comes from.
pub(super) struct Origin<'a> {
    pub(super) level: Level,
    pub(super) target: &'a str,
    /// `,"plugin":…,"run_id":…`, once that is known.
    pub(super) who: &'a str,
    /// `,"task_id":…,"trace_id":…`, where there is a task.
    pub(super) ids: &'a str,
}

/// Puts the line together, without its line feed, of the parts in `scratch`. The keys and their order
/// are those of [`LogRecord`].
pub(super) fn line(scratch: &mut Scratch, origin: &Origin<'_>, human: bool) {
    let Scratch { clock, message, fields, spans, line, .. } = scratch;
    let out = &mut line.json;
    out.push_str("{\"ts\":\"");
    let start = out.len();
    clock.now(out);
    let ts = start..out.len();
    out.push_str(level_key(origin.level));
    json::escape(origin.target, out);
    out.push_str("\",\"msg\":\"");
    out.push_str(&message.json);
    out.push('"');
    out.push_str(origin.who);
    out.push_str(origin.ids);
    // Every entry brings a comma.
    if let Some(first) = fields.json.strip_prefix(',') {
        out.push_str(",\"fields\":{");
        out.push_str(first);
        out.push('}');
    }
    if let Some(first) = spans.json.strip_prefix(',') {
        out.push_str(",\"spans\":[");
        out.push_str(first);
        out.push(']');
    }
    out.push('}');
    if human {
        let Text { json, human: out } = line;
        // The time of day is enough to watch by.
        out.push_str(json.get(ts).and_then(|ts| ts.get(11..23)).unwrap_or_default());
        out.push(' ');
        out.push_str(human::level(origin.level));
        out.push(' ');
        out.push_str(&printable(origin.target));
        out.push_str(": ");
        for text in [&message, &fields, &spans] {
            out.push_str(&text.human);
        }
    }
}

fn level_key(level: Level) -> &'static str {
    match level {
        Level::Trace => "\",\"level\":\"trace\",\"target\":\"",
        Level::Debug => "\",\"level\":\"debug\",\"target\":\"",
        Level::Warn => "\",\"level\":\"warn\",\"target\":\"",
        Level::Error => "\",\"level\":\"error\",\"target\":\"",
        _ => "\",\"level\":\"info\",\"target\":\"",
    }
}

/// Makes sure that the finished line holds no value known to be secret, in any form. Returns whether
/// it does: a line that cannot be cleaned must not be written.
///
/// Each value was redacted before it was escaped. What is left are values that became known after
/// the fields of a span were written, and names and targets that an author gave.
#[must_use]
pub(super) fn guard(line: &mut Text, redactor: &Redactor) -> bool {
    if !redactor.contains_known(line.json.as_bytes()) {
        return true;
    }
    if let Ok(mut record) = serde_json::from_str::<LogRecord>(&line.json) {
        let clean = |text: &mut String| *text = redactor.redact(text).into_owned();
        clean(&mut record.msg);
        clean(&mut record.target);
        for map in record.spans.iter_mut().chain([&mut record.fields]) {
            let mut value = Value::Object(std::mem::take(map));
            redactor.redact_json(&mut value);
            if let Value::Object(clean) = value {
                *map = clean;
            }
        }
        line.json = serde_json::to_string(&record).unwrap_or_default();
    }
    line.human = redactor.redact(&line.human).into_owned();
    // The names of plugin, run and task are not for redaction to change.
    !redactor.contains_known(line.json.as_bytes())
        && !redactor.contains_known(line.human.as_bytes())
}
