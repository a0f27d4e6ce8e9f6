//! From the tree to text.

use std::fmt::Write as _;

use super::order;
use crate::json::{Member, Node, Value};

/// How wide a line may be, in characters.
const WIDTH: usize = 80;
const INDENT: usize = 2;

pub(super) fn document(root: &Node<'_>, text: &[u8]) -> String {
    let mut layout = Layout { text, out: String::with_capacity(text.len()), path: Vec::new() };
    layout.node(root, 0, 0);
    layout.out.push('\n');
    layout.out
}

struct Layout<'t, 'n> {
    text: &'t [u8],
    out: String,
    /// The keys of the objects that lead here; an item of an array counts as an unnamed key.
    path: Vec<&'n str>,
}

impl<'n> Layout<'_, 'n> {
    /// Writes a node that begins in this column, in an object or array indented by `indent`.
    fn node(&mut self, node: &'n Node<'_>, indent: usize, column: usize) {
        // The document and its parts are laid out alike, whether they are short or long.
        let may_share = self.path.len() > 1 || !matches!(node.value, Value::Object(_));
        // One column is kept for the comma.
        let room = WIDTH.saturating_sub(column + 1);
        if let Some(line) = self.line(node, room).filter(|_| may_share || is_empty(node)) {
            self.out.push_str(&line);
            return;
        }
        match &node.value {
            Value::Object(members) => {
                let members = sorted(members, order::keys(&self.path));
                self.block(('{', '}'), indent, &members, |layout, member, indent| {
                    let key = string(&member.key);
                    layout.out.push_str(&key);
                    layout.out.push_str(": ");
                    layout.path.push(&member.key);
                    layout.node(&member.node, indent, indent + key.chars().count() + 2);
                    layout.path.pop();
                });
            }
            Value::Array(items) => {
                let items: Vec<&Node<'_>> = items.iter().collect();
                self.block(('[', ']'), indent, &items, |layout, item, indent| {
                    layout.path.push("");
                    layout.node(item, indent, indent);
                    layout.path.pop();
                });
            }
            _ => self.out.push_str(&self.scalar(node)),
        }
    }

    /// Writes items on lines of their own between brackets.
    fn block<T: Copy>(
        &mut self,
        (open, close): (char, char),
        indent: usize,
        items: &[T],
        write: impl Fn(&mut Self, T, usize),
    ) {
        self.out.push(open);
        let inner = indent + INDENT;
        for (index, item) in items.iter().enumerate() {
            self.out.push_str(if index == 0 { "\n" } else { ",\n" });
            self.out.extend(std::iter::repeat_n(' ', inner));
            write(self, *item, inner);
        }
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.out.push(close);
    }

    /// A node in one line, if it takes at most `room` characters.
    fn line(&self, node: &Node<'_>, room: usize) -> Option<String> {
        let mut line = String::new();
        match &node.value {
            Value::Object(members) if members.is_empty() => line.push_str("{}"),
            Value::Object(members) => {
                let mut path = self.path.clone();
                line.push_str("{ ");
                for (index, member) in sorted(members, order::keys(&path)).iter().enumerate() {
                    line.push_str(if index == 0 { "" } else { ", " });
                    line.push_str(&string(&member.key));
                    line.push_str(": ");
                    let room = room.checked_sub(line.chars().count())?;
                    path.push(&member.key);
                    let inner = Layout { text: self.text, out: String::new(), path };
                    line.push_str(&inner.line(&member.node, room)?);
                    path = inner.path;
                    path.pop();
                }
                line.push_str(" }");
            }
            Value::Array(items) => {
                line.push('[');
                for (index, item) in items.iter().enumerate() {
                    line.push_str(if index == 0 { "" } else { ", " });
                    let room = room.checked_sub(line.chars().count())?;
                    line.push_str(&self.line(item, room)?);
                }
                line.push(']');
            }
            _ => line = self.scalar(node),
        }
        (line.chars().count() <= room).then_some(line)
    }

    fn scalar(&self, node: &Node<'_>) -> String {
        match &node.value {
            Value::String(text) => string(text),
            // As it is written: `1.0` stays `1.0`.
            _ => {
                String::from_utf8_lossy(self.text.get(node.span()).unwrap_or_default()).into_owned()
            }
        }
    }
}

fn is_empty(node: &Node<'_>) -> bool {
    match &node.value {
        Value::Object(members) => members.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// The members in the order of `keys`; those that it does not name stay last, in their own order.
fn sorted<'n, 'a>(members: &'n [Member<'a>], keys: &[&str]) -> Vec<&'n Member<'a>> {
    let mut sorted: Vec<_> = members.iter().collect();
    sorted
        .sort_by_key(|member| keys.iter().position(|key| *key == member.key).unwrap_or(keys.len()));
    sorted
}

/// A string in quotes. Characters that could not be seen stay escaped.
fn string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c.is_control() || is_invisible(c) => {
                // All of them are below U+10000. Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Marks of direction, spaces without width, and separators that some readers take for line breaks.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
