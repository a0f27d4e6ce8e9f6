//! How single lines look. What comes from elsewhere is printed without control characters.

use std::fmt::Display;
use std::sync::LazyLock;

use anstyle::{AnsiColor, Style};
use oxg_protocol::Severity;
use oxg_redact::Redactor;

pub(crate) const STRONG: Style = Style::new().bold();
pub(crate) const FAINT: Style = Style::new().dimmed();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(crate) const HINT: Style = AnsiColor::Cyan.on_default();

pub(crate) fn severity(severity: Severity) -> Style {
    match severity {
        Severity::Critical | Severity::High => BAD,
        Severity::Medium => AnsiColor::Yellow.on_default().bold(),
        Severity::Low => AnsiColor::Yellow.on_default(),
        _ => FAINT,
    }
}

/// The redactor of the command: what is printed passes it, and whoever learns a secret tells it. An
/// error may repeat what was typed, or what a target sent.
pub(crate) fn redactor() -> &'static Redactor {
    static REDACTOR: LazyLock<Redactor> = LazyLock::new(Redactor::default);
    &REDACTOR
}

/// The text without secrets and without control characters.
fn clean(text: &str) -> String {
    printable(&redactor().redact(text))
}

/// A step, on standard error.
pub(crate) fn progress(what: &str, detail: &str) {
    anstream::eprintln!("{STRONG}{what:>8}{STRONG:#}  {}", clean(detail));
}

/// A line that the plugin wrote, on standard error.
pub(crate) fn plugin_line(line: &str) {
    anstream::eprintln!("{FAINT}{:>8}{FAINT:#}  {}", "│", printable(line));
}

/// Why there is no report, on standard error.
pub(crate) fn error(error: &dyn std::error::Error) {
    failure(error);
}

/// Why something failed, on standard error.
pub(crate) fn failure(why: &dyn Display) {
    anstream::eprintln!("{BAD}error:{BAD:#} {}", clean(&why.to_string()));
}

/// The text with control characters made visible: a target must not steer the terminal.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let invisible = matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || invisible {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// The text, cut to `width` characters.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_do_not_reach_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\u{202e}c"), "a\\u{1b}[2Jb\\u{202e}c");
    }

    #[test]
    fn a_long_text_is_cut_with_a_mark() {
        assert_eq!((cut("abc", 3).as_str(), cut("abcd", 3).as_str()), ("abc", "ab…"));
    }
}
