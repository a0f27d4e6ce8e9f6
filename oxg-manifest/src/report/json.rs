//! For a program.

use serde::Serialize;

use super::place::Place;
use super::{FileReport, Notice, Report};

/// The version of this format. It steps when a member changes its meaning or goes away.
const FORMAT_VERSION: u32 = 1;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    format_version: u32,
    valid: bool,
    errors: usize,
    warnings: usize,
    unreadable: usize,
    files: Vec<File<'a>>,
}

#[derive(Serialize)]
struct File<'a> {
    file: &'a str,
    valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    unreadable: Option<&'a str>,
    notices: Vec<Entry<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    code: &'a str,
    level: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    path: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    offset: usize,
    length: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    replacement: Option<&'a str>,
}

/// The report as one JSON object, with a line break at its end.
///
/// | member | meaning |
/// |---|---|
/// | `formatVersion` | 1 |
/// | `valid` | whether every file could be read and has no error |
/// | `errors`, `warnings`, `unreadable` | how many notices of the level there are, and how many files could not be read |
/// | `files[].file`, `.valid` | the name as given; whether this file is valid |
/// | `files[].unreadable` | why it could not be read; absent when it could |
/// | `files[].notices[]` | `code`, `level` (`error`, `warning`, `note`), `message`, `help` if any |
/// | … `.path` | the place in the document; empty for the document itself |
/// | … `.line`, `.column`, `.endLine`, `.endColumn` | beginning with 1, columns in Unicode scalar values, the end exclusive |
/// | … `.offset`, `.length` | the same place in bytes, the offset beginning with 0 |
/// | … `.replacement` | text that mends it in place of those bytes, if any |
#[must_use]
pub fn json(report: &Report) -> String {
    let document = Document {
        format_version: FORMAT_VERSION,
        valid: report.files.iter().all(FileReport::is_valid),
        errors: report.errors(),
        warnings: report.warnings(),
        unreadable: report.unreadable(),
        files: report.files.iter().map(file).collect(),
    };
    pretty(&document)
}

fn file(file: &FileReport) -> File<'_> {
    File {
        file: &file.name,
        valid: file.is_valid(),
        unreadable: file.unreadable.as_deref(),
        notices: file.notices.iter().map(|notice| entry(file, notice)).collect(),
    }
}

fn entry<'a>(file: &FileReport, notice: &'a Notice) -> Entry<'a> {
    let Place { start, end } = Place::of(file, notice);
    Entry {
        code: notice.code,
        level: notice.level.as_str(),
        message: &notice.message,
        help: notice.help.as_deref(),
        path: &notice.path,
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
        offset: notice.span.start,
        length: notice.span.len(),
        replacement: notice.replacement.as_deref(),
    }
}

/// JSON with two spaces, and a line break at its end.
pub(crate) fn pretty(value: &impl Serialize) -> String {
    // Strings, numbers and lists of them always serialise.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}
