//! Colours of reports, and how wide they are.

use std::fmt::{self, Display};

use anstyle::{AnsiColor, Style};
use oxg_manifest::report::{Paint, Role};

use crate::terminal::{BAD, FAINT, GOOD, HINT, STRONG};

/// How wide excerpts and help may be.
pub(super) const WIDTH: usize = 80;

const WARNING: Style = AnsiColor::Yellow.on_default().bold();

/// The command's colours. `anstream` takes them away where they do not belong.
pub(super) struct Colours;

impl Paint for Colours {
    fn paint(&self, role: Role, text: &dyn Display, out: &mut dyn fmt::Write) -> fmt::Result {
        let style = match role {
            Role::Error => BAD,
            Role::Warning => WARNING,
            Role::Note | Role::Help => HINT,
            Role::Strong => STRONG,
            Role::Good => GOOD,
            _ => FAINT,
        };
        write!(out, "{style}{text}{style:#}")
    }
}

/// Prints a report. What the reader does not want to read to the end is no failure.
pub(super) fn print(text: &str) {
    use std::io::Write as _;
    let _ = anstream::stdout().write_all(text.as_bytes());
}

/// Prints a document for a program: as it is, never with colours.
pub(super) fn print_document(text: &str) {
    use std::io::Write as _;
    let _ = std::io::stdout().write_all(text.as_bytes());
}
