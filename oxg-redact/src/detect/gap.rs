//! What may stand between a key and its value, in the notations of many
//! languages and tools.

use super::pair;
use crate::bytes::{ByteSet, DIGIT, WORD, before, quote_len, quote_len_back};

/// Blanks allowed on each side of a separator.
pub(super) const BLANKS_MAX: usize = 32;
/// Longest name of a type.
const TYPE_MAX: usize = 32;
/// Blanks allowed at the start of the line after a key.
const INDENT_MAX: usize = 64;
/// Longest attributes of an element of XML.
const ATTRIBUTES_MAX: usize = 128;
/// Words that stand between an instruction's first word and what it sets.
const DIRECTIVES: &[&str] = &[
    "env",
    "arg",
    "setenv",
    "setx",
    "set",
    "export",
    "define",
    "login",
    "fastcgi_param",
    "param",
    "config",
];

static TYPE: ByteSet = ByteSet::new("0-9A-Za-z_.<>*[]&");

/// Where a value would begin, and how the key stands to it.
pub(super) struct Place {
    pub(super) at: usize,
    pub(super) link: Link,
    /// Where what was looked at in front of the key begins, if anything was.
    pub(super) seen_from: Option<usize>,
}

impl Place {
    fn seen_from(self, from: usize) -> Self {
        Self { seen_from: Some(from), ..self }
    }
}

/// How a key and a value hang together.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    /// `key=value`, a flag, or a field of a structured text.
    Assigned,
    /// `key: value`, as in prose too.
    Stated,
    /// `(`, `:=` with a type, `!=`: code, where only a quoted value counts.
    Quoted,
    /// Quoted side by side with the key: only what looks random counts.
    BesideQuoted,
    /// Behind the key, after a blank or a word: only what looks random counts.
    Beside,
    /// `requirepass value`: an instruction of a configuration.
    Directive,
}

impl Link {
    fn at(self, at: usize) -> Option<Place> {
        Some(Place { at, link: self, seen_from: None })
    }
}

/// Finds the separator after the key at `start..end`.
pub(super) fn after_key(text: &[u8], start: usize, end: usize) -> Option<Place> {
    if let Some(content) = element(text, start, end) {
        return Link::Assigned.at(next_line(text, content));
    }
    let mut at = end;
    let quote = quote_len(&text[at..]);
    at += quote;
    let quoted = quote > 0;
    // `env["key"] = …`, `attribute('key') = …`, `key[] = …`
    match &text[at..] {
        [b']' | b')', ..] if quoted => at += 1,
        [b'[', ..] => {
            let digits = DIGIT.run(&text[at + 1..], 6);
            at += if text.get(at + 1 + digits) == Some(&b']') { digits + 2 } else { 0 };
        }
        // `Unseal Key 2: …`
        [b' ', b'0'..=b'9', b':', ..] => at += 2,
        _ => {}
    }
    let tight = at;
    at += blanks(&text[at..], BLANKS_MAX);
    let apart = at > tight;
    match &text[at..] {
        [b':' | b'.', b'=', ..] | [b':', b':', b'=', ..] | [b':', b':', b':', b'=', ..] => {
            let len = text[at..].iter().take_while(|b| **b != b'=').count() + 1;
            Link::Assigned.at(next_line(text, at + len))
        }
        [b':', b':' | b'/', ..] => None,
        [b':', ..] => stated(text, start, end, at, quoted),
        [b'=', b'>' | b'=' | b'~', ..] | [b'?' | b'+', b'=', ..] | [b'-', b'>', ..] => {
            let more = usize::from(text.get(at + 2) == Some(&b'='));
            Link::Assigned.at(next_line(text, at + 2 + more))
        }
        [b'!', b'=', ..] => Link::Quoted.at(at + 2 + usize::from(text.get(at + 2) == Some(&b'='))),
        [b'=', ..] => Link::Assigned.at(next_line(text, at + 1)),
        [b'|', b'|', b'=', ..] => Link::Quoted.at(at + 3),
        [b'|', b'|', ..] | [b'?', b'?' | b':', ..] => Link::Quoted.at(at + 2),
        [b'<', b'-', ..] => Link::Quoted.at(at + 2),
        [b'o', b'r', b' ', ..] if apart => Link::Quoted.at(at + 3),
        [b'%', b'3', b'd' | b'D' | b'a' | b'A', ..] => Link::Assigned.at(at + 3),
        // `define("KEY", "value")`, but not `["secrets", "tasks"]`.
        [b',', ..] if quoted && text[tight - 1] != b'`' => {
            let place = match pair::sibling(text, start, tight) {
                Some(sibling) => return Some(sibling),
                None => Place { at: at + 1, link: Link::BesideQuoted, seen_from: None },
            };
            Some(match first_argument(text, start) {
                Some(from) => Place { link: Link::Quoted, ..place }.seen_from(from),
                None => place,
            })
        }
        [b'(' | b'{', ..] if !apart => Link::Quoted.at(at + 1),
        [b'i', b's', b':', ..] if apart => Link::Stated.at(at + 3),
        [b'i', b's', b' ', b'"' | b'\'' | b'`', ..] if apart => Link::Quoted.at(at + 3),
        [b'i', b's', b' ', ..] if apart => Link::Beside.at(at + 3),
        [b'-' | b'|', b' ', ..] if apart => Link::Beside.at(at + 1),
        _ => pair::sibling(text, start, tight)
            .or_else(|| if apart { behind_blanks(text, start, end, at) } else { None }),
    }
}

/// Behind a colon.
fn stated(text: &[u8], start: usize, end: usize, colon: usize, quoted: bool) -> Option<Place> {
    if let Some(value) = typed(text, colon + 1) {
        return Link::Quoted.at(value);
    }
    // `map[password:value]`, `db.password:value`: no sentence looks like that.
    let tight = text.get(colon + 1).is_some_and(|b| !b.is_ascii_whitespace());
    let compound = text[start..end].iter().any(|b| matches!(b, b'_' | b'-' | b'.'));
    let nested = matches!(before(text, start), Some(b'[' | b'{'));
    let assigned = quoted || tight && (compound || nested);
    let link = if assigned { Link::Assigned } else { Link::Stated };
    link.at(next_line(text, colon + 1))
}

/// Where nothing but blanks parts a key from what follows at `at`.
fn behind_blanks(text: &[u8], start: usize, end: usize, at: usize) -> Option<Place> {
    let flag = text[..start].ends_with(b"--") || is_flag(text, start, end);
    let first = text.get(at)?;
    if flag && *first != b'-' {
        return Link::Assigned.at(at);
    }
    // `name="password" value="…"` of XML.
    let begins = instruction(text, start);
    let place = |link: Link| Place { at, link, seen_from: begins };
    if quote_len(&text[at..]) > 0 {
        // `password "value"` of a configuration, but not `the secret "name" is …`.
        return Some(place(if begins.is_some() { Link::Quoted } else { Link::BesideQuoted }));
    }
    if let Some(value) = typed(text, at) {
        return Link::Quoted.at(value);
    }
    match &text[at..] {
        // `password 7 …`: how the value is enciphered, in configurations of network devices.
        [b'0'..=b'9', b' ', ..] => Link::Directive.at(at + 2),
        _ => Some(place(if begins.is_some() { Link::Directive } else { Link::Beside })),
    }
}

/// `-token`, `--token`, `-Password`.
fn is_flag(text: &[u8], start: usize, end: usize) -> bool {
    let dashes = text[start..end].iter().take(2).take_while(|b| **b == b'-').count();
    let free = before(text, start).is_none_or(|b| b.is_ascii_whitespace() || b == b'`');
    dashes == 2 || dashes == 1 && free && end - start > 4
}

/// Where the content of the element that the key names begins:
/// `<password>…`, `<ns:Password Type="text">…`.
fn element(text: &[u8], start: usize, end: usize) -> Option<usize> {
    let name = match before(text, start)? {
        b'<' => true,
        b':' => {
            let prefix = WORD.run_back(&text[..start - 1], TYPE_MAX);
            before(text, start - 1 - prefix) == Some(b'<')
        }
        _ => false,
    };
    if !name {
        return None;
    }
    let window = &text[end..text.len().min(end + ATTRIBUTES_MAX)];
    let close = match window {
        [b'>', ..] => 0,
        [b' ', ..] => window.iter().position(|b| matches!(b, b'>' | b'<' | b'\n'))?,
        _ => return None,
    };
    let ends = window[close] == b'>' && before(window, close) != Some(b'/');
    ends.then_some(end + close + 1)
}

/// If the quoted key at `start` is the first argument of a call, where what
/// follows the bracket begins.
fn first_argument(text: &[u8], start: usize) -> Option<usize> {
    let quote = start - quote_len_back(&text[..start]);
    let gap = text[..quote].iter().rev().take(8).take_while(|b| b.is_ascii_whitespace()).count();
    (before(text, quote - gap) == Some(b'(')).then_some(quote - gap)
}

/// If nothing but blanks, or a word that sets something, stands before the key
/// on its line, where that begins.
fn instruction(text: &[u8], start: usize) -> Option<usize> {
    let back = |at: usize| {
        text[..at].iter().rev().take(INDENT_MAX).take_while(|b| matches!(b, b' ' | b'\t')).count()
    };
    let at = start - back(start);
    if matches!(before(text, at), None | Some(b'\n')) {
        return Some(at);
    }
    let word = at - WORD.run_back(&text[..at], TYPE_MAX);
    if DIRECTIVES.iter().any(|d| d.as_bytes().eq_ignore_ascii_case(&text[word..at])) {
        return Some(word);
    }
    // `login jo password …` of netrc.
    let login = word - back(word);
    (word < at && text[..login].ends_with(b" login")).then(|| login - " login".len())
}

/// Where the value of a declaration with a type begins: `name: str = …`,
/// `name string = …`, `name As String = …`. `at` is where the type would stand.
fn typed(text: &[u8], at: usize) -> Option<usize> {
    let mut at = at + blanks(&text[at..], BLANKS_MAX);
    for word in 0..3 {
        let len = TYPE.run(&text[at..], TYPE_MAX);
        let digits = text[at..at + len].iter().filter(|b| b.is_ascii_digit()).count();
        if len == 0 || len == TYPE_MAX || digits > 3 {
            return None;
        }
        at += len;
        let gap = blanks(&text[at..], BLANKS_MAX);
        at += gap;
        match &text[at..] {
            [b'=', b'=', ..] => return None,
            // `name base64=` is no declaration.
            [b'=', ..] => return (word == 0 || gap > 0).then_some(at + 1),
            // A lifetime.
            [b'\'', ..] => at += 1,
            _ => {}
        }
    }
    None
}

pub(super) fn blanks(text: &[u8], max: usize) -> usize {
    text.iter().take(max).take_while(|b| matches!(b, b' ' | b'\t')).count()
}

/// Skips blanks and at most one line end.
fn next_line(text: &[u8], at: usize) -> usize {
    let at = at + blanks(&text[at..], BLANKS_MAX);
    let line_end = match &text[at..] {
        [b'\r', b'\n', ..] => 2,
        [b'\n', ..] => 1,
        _ => return at,
    };
    let next = at + line_end;
    let indent = blanks(&text[next..], INDENT_MAX);
    // Without an indent the next line is a line of its own.
    if indent == 0 { at } else { next + indent }
}
