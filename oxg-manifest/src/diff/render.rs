//! Differences for a person, a program, and a code scanner.

use std::fmt::Write as _;

use serde::Serialize;

use super::{ChangeKind, Diff};
use crate::report::{Level, Notice, Paint, Role};
use crate::report::{Painted, counted, pretty};

/// The differences as text; the last line says whether the new manifest asks for more.
#[must_use]
pub fn human(diff: &Diff, paint: &dyn Paint) -> String {
    let mut out = String::new();
    for (kind, heading, mark, role) in [
        (ChangeKind::More, "Asks for more", "+", Role::Error),
        (ChangeKind::Changed, "Changed", "~", Role::Warning),
        (ChangeKind::Less, "Asks for less", "-", Role::Good),
        (ChangeKind::Info, "Without effect on what it may do", " ", Role::Faint),
    ] {
        let mut changes = diff.of_kind(kind).peekable();
        if changes.peek().is_none() {
            continue;
        }
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{}", Painted(paint, Role::Strong, heading));
        for change in changes {
            let message = Painted(paint, role, format_args!("{mark} {}", change.message));
            let path = Painted(paint, Role::Faint, format_args!("at {}", change.path));
            let _ = writeln!(out, "  {message}\n      {path}");
        }
        out.push('\n');
    }
    let more = diff.of_kind(ChangeKind::More).count();
    let _ = match (more, diff.changes.is_empty()) {
        (0, true) => writeln!(out, "{}", Painted(paint, Role::Good, "The two say the same.")),
        (0, false) => {
            writeln!(out, "{}", Painted(paint, Role::Good, "The new one does not ask for more."))
        }
        (more, _) => {
            let text = format!("The new one asks for more: {}.", counted(more, "grant"));
            writeln!(out, "{}", Painted(paint, Role::Error, text))
        }
    };
    out
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    format_version: u32,
    asks_for_more: bool,
    #[serde(flatten)]
    diff: &'a Diff,
}

/// The differences as one JSON object, with a line break at its end.
///
/// `formatVersion` is 1; `asksForMore` a boolean; `changes` a list of `kind` (`more`, `changed`,
/// `less`, `info`), `path` and `message`.
#[must_use]
pub fn json(diff: &Diff) -> String {
    pretty(&Document { format_version: 1, asks_for_more: diff.asks_for_more(), diff })
}

/// The differences as notices on the text of the new manifest, for [`crate::report`].
#[must_use]
pub fn notices(diff: &Diff, new: &[u8]) -> Vec<Notice> {
    let places = crate::places::Places::of(new);
    let notice = |change: &super::Change| {
        let (code, about, level) = match change.kind {
            ChangeKind::More => (
                "asks-for-more",
                "The new manifest grants something that the old one did not.",
                Level::Error,
            ),
            ChangeKind::Changed => {
                ("changed", "Another program, user or signature than before.", Level::Warning)
            }
            ChangeKind::Less => (
                "asks-for-less",
                "The old manifest granted something that the new one does not.",
                Level::Note,
            ),
            ChangeKind::Info => {
                ("changed-without-effect", "A change that grants and takes nothing.", Level::Note)
            }
        };
        let span = places.nearest(&change.path);
        Notice::new(code, about, level, change.message.clone()).at(change.path.clone(), span)
    };
    diff.changes.iter().map(notice).collect()
}
