//! Values that stand under a name of their own beside the key:
//! `{"name": "token", "value": "…"}`, `variable "token" { default = "…" }`,
//! `<entry key="token">…`.

use super::gap::{Link, Place};
use super::named::NAME;
use crate::bytes::{before, quote_len, quote_len_back};
use crate::names::{NAME_MAX, classify};

/// How far behind the key the value may begin.
const REACH: usize = 160;
/// Lines behind that of the key in which the value may stand.
pub(super) const LINES: usize = 3;
/// Words that announce a key. What a call's first argument is counts too.
const NAMES: &[&str] = &[
    "name",
    "key",
    "variable",
    "var",
    "id",
    "field",
    "param",
    "parameter",
    "option",
    "property",
    "method",
    "header",
    "label",
];
/// Words that announce its value.
const VALUES: &[&str] = &["value", "default", "content", "string", "params", "val"];

/// Where the value begins that belongs to the key at `start`, whose quotes end at `at`.
pub(super) fn sibling(text: &[u8], start: usize, at: usize) -> Option<Place> {
    let from = announced(text, start)?;
    let value = value_behind(text, at)?;
    Some(Place { at: value, link: Link::Assigned, seen_from: Some(from) })
}

/// Where the value begins behind a key whose quotes end at `at`.
fn value_behind(text: &[u8], at: usize) -> Option<usize> {
    let window = &text[at..text.len().min(at + REACH)];
    if let Some(len) = element(window) {
        return Some(at + len);
    }
    let mut lines = 0;
    let mut i = 0;
    while let Some(byte) = window.get(i) {
        match byte {
            b'\n' => {
                // A key in the middle of its line ends with it.
                if lines == LINES || lines == 0 && !window[..i].iter().all(|b| is_closing(*b)) {
                    return None;
                }
                lines += 1;
                i += 1;
            }
            b'}' | b';' => return None,
            _ if byte.is_ascii_alphabetic() => {
                let len = window[i..].iter().take_while(|b| b.is_ascii_alphanumeric()).count();
                let word = &window[i..i + len];
                i += len;
                let may_be = matches!(byte | 0x20, b'c' | b'd' | b'p' | b's' | b'v');
                if may_be && is_one_of(word, VALUES) {
                    i += quote_len(&window[i..]);
                    i += window[i..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
                    if matches!(window.get(i), Some(b':' | b'=' | b'>')) {
                        let open = window[i + 1..]
                            .iter()
                            .take_while(|b| b.is_ascii_whitespace() || **b == b'[')
                            .count();
                        return Some(at + i + 1 + open);
                    }
                }
            }
            _ => i += 1,
        }
    }
    None
}

/// `key="token">value</entry>` and `<key>token</key> <string>value</string>`.
fn element(window: &[u8]) -> Option<usize> {
    let text = match window {
        [b'>', rest @ ..] if !matches!(rest.first(), Some(b'<' | b'\n' | b' ')) => return Some(1),
        [b'<', b'/', ..] => &window[memchr::memchr(b'>', window)? + 1..],
        _ => return None,
    };
    let open = text.trim_ascii_start();
    let tag = open.strip_prefix(b"<string>").or_else(|| open.strip_prefix(b"<value>"))?;
    let lines = memchr::memchr_iter(b'\n', &text[..text.len() - open.len()]).count();
    (lines <= LINES).then_some(window.len() - tag.len())
}

/// If a word such as `name` announces the key at `start`, where that begins.
fn announced(text: &[u8], start: usize) -> Option<usize> {
    let blank = |at: usize| {
        at - text[..at].iter().rev().take(8).take_while(|b| matches!(b, b' ' | b'\t')).count()
    };
    let quoted = start - quote_len_back(&text[..start]);
    let mut at = blank(quoted);
    match before(text, at) {
        Some(b':' | b'=' | b'>') => at = blank(at - 1),
        // The first argument of a call.
        Some(b'(') => return Some(at),
        _ if at == quoted || quoted == start => return None,
        _ => {}
    }
    at -= quote_len_back(&text[..at]);
    let len = text[..at].iter().rev().take(12).take_while(|b| b.is_ascii_alphabetic()).count();
    is_one_of(&text[at - len..at], NAMES).then_some(at - len)
}

fn is_one_of(word: &[u8], list: &[&str]) -> bool {
    list.iter()
        .any(|entry| entry.len() == word.len() && entry.as_bytes().eq_ignore_ascii_case(word))
}

/// What may stand between a key and the end of its line.
fn is_closing(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b',' | b'{' | b'"' | b'\'' | b'`')
}

/// Whether a line ends in the name of a secret whose value may stand in one of
/// the next lines.
pub(super) fn is_open_after(line: &[u8]) -> bool {
    let mut line = line.trim_ascii_end();
    while let [head @ .., last] = line {
        if !is_closing(*last) {
            break;
        }
        line = head;
    }
    let end = match line {
        [head @ .., b'>'] => memchr::memrchr(b'<', head).unwrap_or(head.len()),
        _ => line.len(),
    };
    let start = end - NAME.run_back(&line[..end], NAME_MAX + 1);
    announced(line, start).is_some() && classify(&line[start..end]).is_some()
}
