//! A manifest in plain language, for the person who must approve the plugin.
//!
//! What is said comes from the manifest alone: what the plugin is, what it may do, what it may not,
//! and what deserves a look. Text of the author's is quoted and escaped, so that it can neither
//! steer a terminal nor pass for ours.

mod capabilities;
mod host;
mod identity;
mod sandbox;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

pub use host::explain_as_host;

use crate::Manifest;
use crate::lint::lint;
use crate::report::{Level, Paint, Painted, Role, wrap};

/// What the manifest says, in plain language. `text` is what it was read from.
#[must_use]
pub fn explain(manifest: &Manifest, text: &[u8], paint: &dyn Paint) -> String {
    let mut page = Page::new(paint);
    identity::explain(manifest, &mut page);
    let (may, may_not) = capabilities::explain(manifest);
    page.heading("What it may do");
    page.items(Role::Strong, "+", &may);
    page.heading("What it may not do, as long as it is confined to the broker");
    page.items(Role::Strong, "-", &may_not);
    page.heading("What it runs in");
    page.items(Role::Strong, "*", &sandbox::explain(manifest));
    look_at(manifest, text, &mut page);
    page.text
}

/// What deserves a look, the gravest first.
fn look_at(manifest: &Manifest, text: &[u8], page: &mut Page<'_>) {
    let mut notices = lint(manifest, text, &[]);
    notices.sort_by_key(|notice| std::cmp::Reverse(notice.level));
    page.heading("What to look at");
    if notices.is_empty() {
        page.line("  Nothing stands out. Whether it needs what it asks for is for you to judge.");
    }
    for notice in notices {
        let role = match notice.level {
            Level::Note => Role::Note,
            Level::Warning => Role::Warning,
            Level::Error => Role::Error,
        };
        page.items(role, "!", &[crate::report::visible(&notice.message)]);
        page.wrapped(4, &format!("{} [{}]", notice.about, notice.code));
    }
}

/// The text as it grows.
struct Page<'a> {
    paint: &'a dyn Paint,
    text: String,
}

impl<'a> Page<'a> {
    /// How wide prose is, in characters.
    const WIDTH: usize = 78;

    fn new(paint: &'a dyn Paint) -> Self {
        Self { paint, text: String::new() }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn heading(&mut self, heading: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "\n{}", Painted(self.paint, Role::Strong, heading));
    }

    /// A name in a column, and what it stands for.
    fn field(&mut self, name: &str, value: &str) {
        const COLUMN: usize = 15;
        for (index, line) in wrap(value, Self::WIDTH - COLUMN).enumerate() {
            let line = if index == 0 {
                format!("  {} {line}", Painted(self.paint, Role::Faint, format!("{name:<12}")))
            } else {
                format!("{:COLUMN$}{line}", "")
            };
            self.line(&line);
        }
    }

    fn items(&mut self, role: Role, mark: &str, items: &[String]) {
        if items.is_empty() {
            self.line("  nothing");
        }
        for item in items {
            for (index, line) in wrap(item, Self::WIDTH - 4).enumerate() {
                let line = if index == 0 {
                    format!("  {} {line}", Painted(self.paint, role, mark))
                } else {
                    format!("    {line}")
                };
                self.line(&line);
            }
        }
    }

    fn wrapped(&mut self, indent: usize, text: &str) {
        for line in wrap(text, Self::WIDTH - indent) {
            let line = format!("{:indent$}{line}", "");
            self.line(&line);
        }
    }
}
