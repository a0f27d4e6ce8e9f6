use std::borrow::Cow;

use oxg_protocol::log::{Level, LogRecord};
use oxg_protocol::{RunId, TaskId};
use oxg_redact::Redactor;
use serde_json::{Map, Value};

/// The longest text of a record, in bytes; the rest is cut.
const MAX_TEXT: usize = 16 << 10;

/// Who speaks: known once the session is.
#[derive(Debug, Clone)]
pub(super) struct Speaker {
    pub(super) plugin: String,
    pub(super) run_id: RunId,
}

/// The record of an event, with everything secret cut out.
pub(super) fn build(
    level: tracing::Level,
    target: &str,
    mut fields: Map<String, Value>,
    speaker: Option<&Speaker>,
    redactor: &Redactor,
) -> LogRecord {
    let msg = match fields.remove("message") {
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
        None => String::new(),
    };
    // An author's field of that name may hold anything.
    let is_clean = |text: &&str| matches!(redactor.redact(text), Cow::Borrowed(_));
    let task_id = fields.get("task_id").and_then(Value::as_str).filter(is_clean);
    let task_id = task_id.and_then(|text| text.parse::<TaskId>().ok());
    if task_id.is_some() {
        fields.remove("task_id");
    }
    let mut fields = Value::Object(fields);
    // Names first: `password = "…"` goes whatever its value is.
    redactor.redact_json(&mut fields);
    if let Value::Object(map) = &mut fields {
        map.values_mut().for_each(|value| scrub(value, redactor));
    }
    LogRecord {
        ts: super::clock::now(),
        level: level_of(level),
        target: target.to_owned(),
        msg: clean(msg, redactor),
        plugin: speaker.map(|speaker| speaker.plugin.clone()),
        run_id: speaker.map(|speaker| speaker.run_id.clone()),
        task_id,
        trace_id: None,
        fields: match fields {
            Value::Object(map) => map,
            _ => Map::new(),
        },
    }
}

/// Numbers can be secret too: a PIN, say.
fn scrub(value: &mut Value, redactor: &Redactor) {
    match value {
        Value::Number(number) => {
            let text = number.to_string();
            if let Cow::Owned(redacted) = redactor.redact(&text) {
                *value = redacted.into();
            }
        }
        Value::String(text) => cut(text),
        _ => {}
    }
}

fn clean(mut text: String, redactor: &Redactor) -> String {
    if let Cow::Owned(redacted) = redactor.redact(&text) {
        text = redacted;
    }
    cut(&mut text);
    text
}

/// Cuts after redaction: half a secret would not be recognised.
fn cut(text: &mut String) {
    if text.len() > MAX_TEXT {
        let end = (0..=MAX_TEXT).rev().find(|&at| text.is_char_boundary(at)).unwrap_or_default();
        text.truncate(end);
        text.push('…');
    }
}

fn level_of(level: tracing::Level) -> Level {
    match level {
        tracing::Level::TRACE => Level::Trace,
        tracing::Level::DEBUG => Level::Debug,
        tracing::Level::INFO => Level::Info,
        tracing::Level::WARN => Level::Warn,
        tracing::Level::ERROR => Level::Error,
    }
}
