//! How single lines look. What comes from elsewhere is printed without control characters.

use anstyle::{AnsiColor, Style};
use oxg_protocol::Severity;

use crate::error::CliError;

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

/// A step, on standard error.
pub(crate) fn progress(what: &str, detail: &str) {
    anstream::eprintln!("{STRONG}{what:>8}{STRONG:#}  {}", printable(detail));
}

/// A line that the plugin wrote, on standard error.
pub(crate) fn plugin_line(line: &str) {
    anstream::eprintln!("{FAINT}{:>8}{FAINT:#}  {}", "│", printable(line));
}

/// Why there is no report, on standard error.
pub(crate) fn error(error: &CliError) {
    complaint(&error.to_string());
}

/// What went wrong, on standard error.
pub(crate) fn complaint(text: &str) {
    anstream::eprintln!("{BAD}error:{BAD:#} {}", printable(text));
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
