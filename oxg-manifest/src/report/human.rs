//! For a person at a terminal.

use std::fmt::{self, Display, Write as _};

use super::place::Place;
use super::snippet::snippet;
use super::visible::{columns, visible, wrap};
use super::{FileReport, Level, Notice, Report};

/// What a part of the text is for, and so how it may look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// The word `error`, and what is marked as one.
    Error,
    /// The word `warning`, and what is marked as one.
    Warning,
    /// The word `note`, and what is marked as one.
    Note,
    /// The word `help`.
    Help,
    /// Line numbers and rules.
    Faint,
    /// A message or heading.
    Strong,
    /// That all is well.
    Good,
}

/// Gives a part of the text its colour.
pub trait Paint {
    /// Writes the text in the colour of its role.
    ///
    /// # Errors
    ///
    /// When `out` fails.
    fn paint(&self, role: Role, text: &dyn Display, out: &mut dyn fmt::Write) -> fmt::Result;
}

/// No colours at all.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plain;

impl Paint for Plain {
    fn paint(&self, _: Role, text: &dyn Display, out: &mut dyn fmt::Write) -> fmt::Result {
        write!(out, "{text}")
    }
}

/// Text in a role, to be used in a format string.
pub(crate) struct Painted<'a, T>(pub(crate) &'a dyn Paint, pub(crate) Role, pub(crate) T);

impl<T: Display> Display for Painted<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.paint(self.1, &self.2, f)
    }
}

/// The report as text: each notice with an excerpt of its line, and a summary as the last line.
///
/// No excerpt and no help is wider than `width` columns. A message is one line, however long.
#[must_use]
pub fn human(report: &Report, paint: &dyn Paint, width: usize) -> String {
    let mut out = String::new();
    for file in &report.files {
        // Writing to a string cannot fail.
        let _ = match &file.unreadable {
            Some(why) => writeln!(
                out,
                "{}{}\n",
                Painted(paint, Role::Error, "error"),
                Painted(
                    paint,
                    Role::Strong,
                    format_args!(": {}: {}", visible(&file.name), visible(why))
                )
            ),
            None => {
                file.notices.iter().try_for_each(|one| notice(file, one, paint, width, &mut out))
            }
        };
    }
    let _ = summary(report, paint, &mut out);
    out
}

fn notice(
    file: &FileReport,
    notice: &Notice,
    paint: &dyn Paint,
    width: usize,
    out: &mut String,
) -> fmt::Result {
    let role = match notice.level {
        Level::Error => Role::Error,
        Level::Warning => Role::Warning,
        Level::Note => Role::Note,
    };
    let label = format!("{}[{}]", notice.level.as_str(), notice.code);
    let message = visible(&notice.message);
    write!(out, "{}", Painted(paint, role, label))?;
    writeln!(out, "{}", Painted(paint, Role::Strong, format_args!(": {message}")))?;

    let Place { start, .. } = Place::of(file, notice);
    let number = start.line.to_string();
    let gutter = number.len();
    let faint = |text: String| Painted(paint, Role::Faint, text);
    let (line, column) = (start.line, start.column);
    write!(out, "{} {}:{line}:{column}", faint(format!("{:gutter$}-->", "")), visible(&file.name))?;
    match notice.path.as_str() {
        "" => writeln!(out)?,
        path => writeln!(out, "{}", faint(format!(" at {}", visible(path))))?,
    }

    // The number, " | " and the excerpt.
    let excerpt = snippet(&file.text, &notice.span, width.saturating_sub(gutter + 3));
    writeln!(out, "{}", faint(format!("{:gutter$} |", "")))?;
    writeln!(out, "{} {}", faint(format!("{number} |")), excerpt.line)?;
    let carets = "^".repeat(excerpt.marked.len());
    let indent = excerpt.marked.start;
    write!(out, "{} {:indent$}", faint(format!("{:gutter$} |", "")), "")?;
    writeln!(out, "{}", Painted(paint, role, carets))?;
    if let Some(help) = &notice.help {
        let help = visible(help);
        let word = Painted(paint, Role::Help, "help");
        // Behind " = help: ".
        let indent = gutter + 9;
        for (index, line) in wrap(&help, width.saturating_sub(indent)).enumerate() {
            match index {
                0 => writeln!(out, "{} {word}: {line}", faint(format!("{:gutter$} =", "")))?,
                _ => writeln!(out, "{:indent$}{line}", "")?,
            }
        }
    }
    writeln!(out)
}

fn summary(report: &Report, paint: &dyn Paint, out: &mut String) -> fmt::Result {
    let invalid =
        report.files.iter().filter(|file| file.notices.iter().any(|n| n.level == Level::Error));
    let invalid = invalid.count();
    let parts: Vec<String> = [
        (report.errors(), "error"),
        (report.warnings(), "warning"),
        (report.unreadable(), "unreadable file"),
    ]
    .iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| counted(*count, what))
    .collect();
    let good = report.files.iter().filter(|file| file.is_valid()).count();
    let names: Vec<String> = report.files.iter().map(|file| visible(&file.name)).collect();
    let subject = match names.as_slice() {
        [only] if columns(only) <= 60 => only.clone(),
        files => counted(files.len(), "manifest"),
    };
    let tail = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) };
    let all = report.files.len();
    if good == all {
        writeln!(out, "{subject}: {}{tail}", Painted(paint, Role::Good, "valid"))
    } else if all == 1 {
        let what = if invalid > 0 { "invalid" } else { "not read" };
        writeln!(out, "{subject}: {}{tail}", Painted(paint, Role::Error, what))
    } else {
        let what = Painted(paint, Role::Error, format!("{} not valid", all - good));
        writeln!(out, "{subject}: {good} valid, {what}{tail}")
    }
}

/// Such as `1 error` or `2 errors`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
