//! For the log of a GitHub workflow, which turns such lines into annotations.

use std::fmt::Write as _;

use super::place::Place;
use super::visible::visible;
use super::{Level, Report};

/// The report as GitHub's workflow commands, one a line.
#[must_use]
pub fn github(report: &Report) -> String {
    let mut out = String::new();
    for file in &report.files {
        if let Some(why) = &file.unreadable {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "::error file={}::{}", property(&file.name), data(why));
        }
    }
    for (file, notice) in report.notices() {
        let command = match notice.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "notice",
        };
        let Place { start, end } = Place::of(file, notice);
        let help = notice.help.iter().map(|help| format!("%0Ahelp: {}", data(help)));
        let text: String = std::iter::once(data(&notice.message)).chain(help).collect();
        let _ = write!(
            out,
            "::{command} file={},line={},col={},endLine={}",
            property(&file.name),
            start.line,
            start.column,
            end.line
        );
        // GitHub takes the end column only on the same line.
        if start.line == end.line {
            let _ = write!(out, ",endColumn={}", end.column);
        }
        let _ = writeln!(out, ",title={}::{}", property(notice.code), text);
    }
    out
}

/// The text of a command, in one line. GitHub unescapes `%25`, `%0D` and `%0A`.
fn data(text: &str) -> String {
    visible(text).replace('%', "%25")
}

/// The value of a property, in which `:` and `,` have a meaning as well.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
