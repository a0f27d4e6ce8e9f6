use std::borrow::Cow;

use oxg_protocol::log::Level;

/// A level as people read it, always as wide.
pub(super) fn level(level: Level) -> &'static str {
    match level {
        Level::Trace => "TRACE",
        Level::Debug => "DEBUG",
        Level::Warn => " WARN",
        Level::Error => "ERROR",
        _ => " INFO",
    }
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
