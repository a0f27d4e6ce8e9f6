use std::borrow::Cow;
use std::error::Error;
use std::fmt::{self, Write as _};
use std::ops::Range;

use oxg_redact::{MIN_VALUE_LEN, Redactor};
use serde_json::Value;
use tracing::field::{Field, Visit};

use super::human::printable;
use super::json;
use super::scratch::{Names, Raw, Scratch, Text, head};
use crate::failure::chain;

/// The longest text of a line, in bytes; the rest is cut.
const MAX_TEXT: usize = 16 << 10;
/// What is cut off beside where a text was cut before redaction: half a secret may stand there.
const EDGE: usize = 1 << 10;
/// What the fields of an event or a span take at most, but for the last text, in bytes.
const MAX_FIELDS: usize = 64 << 10;

/// Writes fields, redacted, in the forms that are asked for.
pub(super) struct Values<'a> {
    raw: &'a mut Raw,
    fields: Fields<'a>,
}

struct Fields<'a> {
    redactor: &'a Redactor,
    human: bool,
    names: &'a mut Names,
    text: &'a mut Text,
    /// Where the message of an event goes; that of a span is a field.
    message: Option<&'a mut Text>,
    /// Where each field was written, if somebody keeps count.
    parts: Option<&'a mut Vec<Part>>,
}

/// Where a field stands among the fields.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// The field's index in its span.
    pub(super) field: usize,
    pub(super) json: Range<usize>,
    pub(super) human: Range<usize>,
}

impl<'a> Values<'a> {
    /// For the fields and the message of an event, into `scratch`.
    pub(super) fn of_event(redactor: &'a Redactor, human: bool, scratch: &'a mut Scratch) -> Self {
        let Scratch { raw, names, fields: text, message, .. } = scratch;
        let message = Some(message);
        Self { raw, fields: Fields { redactor, human, names, text, message, parts: None } }
    }

    /// For the fields of a span, into the fields of `scratch`, each with its place in `parts`.
    pub(super) fn of_span(
        redactor: &'a Redactor,
        human: bool,
        scratch: &'a mut Scratch,
        parts: &'a mut Vec<Part>,
    ) -> Self {
        let Scratch { raw, names, fields: text, .. } = scratch;
        let parts = Some(parts);
        Self { raw, fields: Fields { redactor, human, names, text, message: None, parts } }
    }

    fn print(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        self.raw.print(value);
        self.fields.text(field, self.raw.as_str(), self.raw.truncated);
    }

    fn number(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        let text = self.raw.print(value);
        self.fields.number(field, text);
    }
}

impl Visit for Values<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no others.
        if value.is_finite() {
            self.number(field, format_args!("{value:?}"));
        } else {
            self.print(field, format_args!("{value:?}"));
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, format_args!("{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, format_args!("{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.fields.literal(field, if value { "true" } else { "false" });
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let text = head(value, Raw::MAX);
        self.fields.text(field, text, text.len() < value.len());
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        let part = value.get(..Raw::MAX).unwrap_or(value);
        self.fields.text(field, &String::from_utf8_lossy(part), part.len() < value.len());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.record_str(field, &chain(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.print(field, format_args!("{value:?}"));
    }
}

impl Fields<'_> {
    /// A text, which may be one of those whose name tells that they are secret.
    fn text(&mut self, field: &Field, text: &str, truncated: bool) {
        let is_message = field.name() == "message";
        if is_message && let Some(out) = &mut self.message {
            return message(self.redactor, self.human, text, truncated, out);
        }
        let clean = match self.names.is_sensitive(field.name()) {
            true => Cow::Owned(by_name(self.redactor, field.name(), text.into())),
            false => self.redactor.redact(text),
        };
        self.string(field, &shortened(clean, truncated));
    }

    /// Numbers can be secret too: a PIN, say.
    fn number(&mut self, field: &Field, text: &str) {
        if self.names.is_sensitive(field.name()) {
            let value = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
            let clean = by_name(self.redactor, field.name(), value);
            return if clean == text {
                self.literal(field, text)
            } else {
                self.string(field, &clean)
            };
        }
        // Shorter than anything that is known or looked for.
        if text.len() < MIN_VALUE_LEN {
            return self.literal(field, text);
        }
        match self.redactor.redact(text) {
            Cow::Borrowed(text) => self.literal(field, text),
            Cow::Owned(clean) => self.string(field, &clean),
        }
    }

    /// A value that is the same in both forms.
    fn literal(&mut self, field: &Field, value: &str) {
        self.entry(field, |text, human| {
            text.json.push_str(value);
            if human {
                text.human.push_str(value);
            }
        });
    }

    fn string(&mut self, field: &Field, value: &str) {
        let value = if self.text.json.len() > MAX_FIELDS { "…" } else { value };
        self.entry(field, |text, human| {
            json::string(value, &mut text.json);
            if human {
                text.human.push_str(&printable(value));
            }
        });
    }

    /// Writes `,"name":value` and ` name=value`.
    fn entry(&mut self, field: &Field, value: impl FnOnce(&mut Text, bool)) {
        // `r#type` is how Rust spells the name `type`.
        let name = field.name();
        let name = name.strip_prefix("r#").unwrap_or(name);
        let (json_start, human_start) = (self.text.json.len(), self.text.human.len());
        self.text.json.push(',');
        json::string(name, &mut self.text.json);
        self.text.json.push(':');
        if self.human {
            let _ = write!(self.text.human, " {}=", printable(name));
        }
        value(self.text, self.human);
        if let Some(parts) = &mut self.parts {
            parts.push(Part {
                field: field.index(),
                json: json_start..self.text.json.len(),
                human: human_start..self.text.human.len(),
            });
        }
    }
}

/// Writes the message of a line.
pub(super) fn message(
    redactor: &Redactor,
    human: bool,
    text: &str,
    truncated: bool,
    out: &mut Text,
) {
    let clean = shortened(redactor.redact(text), truncated);
    json::escape(&clean, &mut out.json);
    if human {
        out.human.push_str(&printable(&clean));
    }
}

/// The value of a field with a sensitive name, as text.
fn by_name(redactor: &Redactor, name: &str, value: Value) -> String {
    let mut object = Value::Object([(name.to_owned(), value)].into_iter().collect());
    redactor.redact_json(&mut object);
    match object {
        // The name itself may be redacted, too.
        Value::Object(map) => match map.into_iter().next() {
            Some((_, Value::String(text))) => text,
            Some((_, other)) => other.to_string(),
            None => String::new(),
        },
        other => other.to_string(),
    }
}

/// Cuts after redaction: half a secret would not be recognised.
fn shortened(text: Cow<'_, str>, truncated: bool) -> Cow<'_, str> {
    let most = if truncated { text.len().saturating_sub(EDGE) } else { text.len() };
    let most = most.min(MAX_TEXT);
    if most == text.len() {
        return text;
    }
    let mut short = head(&text, most).to_owned();
    short.push('…');
    Cow::Owned(short)
}
