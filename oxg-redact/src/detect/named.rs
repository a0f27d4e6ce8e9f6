//! Values whose key names a secret: `key=value`, `key: value`, JSON, YAML, TOML,
//! XML, query strings, environment dumps, command-line flags.

use std::ops::Range;

use super::Scan;
use super::named_value::{Found, extract, looks_secret};
use crate::bytes::{ALNUM, ByteSet, WORD, before};
use crate::kind::Kind;
use crate::names::{NAME_MAX, Sensitivity, classify};

static NAME: ByteSet = ByteSet::new("0-9A-Za-z_.-");
/// Blanks allowed on each side of a separator.
const BLANKS_MAX: usize = 32;
/// Longest name of a type.
const TYPE_MAX: usize = 32;
/// Blanks allowed at the start of the line after a key.
const INDENT_MAX: usize = 64;

/// Judges the key that holds the stem at `stem`. `last` is the key judged before.
pub(crate) fn at(scan: &mut Scan<'_>, stem: Range<usize>, last: &mut Range<usize>) {
    if last.start <= stem.start && stem.end <= last.end || !scan.wants(Kind::NamedSecret) {
        return;
    }
    let text = scan.text;
    let start = stem.start - NAME.run_back(&text[..stem.start], NAME_MAX + 1);
    let end = stem.end + NAME.run(&text[stem.end..], NAME_MAX + 1);
    *last = start..end;
    let evidence_start = start;
    let mut start = start;
    // An escaped line end in front is not part of the name.
    if before(text, start) == Some(b'\\') && matches!(text.get(start), Some(b'n' | b't' | b'r')) {
        start += 1;
    }
    let name = &text[start..end];
    let Some(place) = after_key(text, start, end) else {
        return;
    };
    let (sensitivity, evidence_start) = match classify(name) {
        Some(sensitivity) => (sensitivity, evidence_start),
        None => match classify_with_word_before(text, start, end) {
            Some((sensitivity, from)) => (sensitivity, from),
            None => return,
        },
    };
    let Some(value) = extract(text, &mut scan.runs, place.at, place.assignment) else {
        return;
    };
    let Some(secret) = judge(scan, sensitivity, &value, &place) else {
        return;
    };
    // What the value holds need not be judged: it goes as a whole.
    last.end = last.end.max(secret.range.end);
    scan.add(Kind::NamedSecret, "named-secret", secret.range, evidence_start..secret.seen);
}

/// Judges `API Key` by both words, where only the last is part of the name.
fn classify_with_word_before(
    text: &[u8],
    start: usize,
    end: usize,
) -> Option<(Sensitivity, usize)> {
    let key = text.get(start..end)?;
    if !key.eq_ignore_ascii_case(b"key") || before(text, start) != Some(b' ') {
        return None;
    }
    let word = ALNUM.run_back(&text[..start - 1], NAME_MAX);
    let from = start - 1 - word;
    classify(text.get(from..end)?).map(|sensitivity| (sensitivity, from))
}

/// What to remove of a value, if it is a secret.
fn judge(
    scan: &mut Scan<'_>,
    sensitivity: Sensitivity,
    value: &Found,
    place: &Place,
) -> Option<Found> {
    let text = scan.text;
    let mut found = value.clone();
    let range = value.range.clone();
    // Bare words before a bracket are code: a call, a type, an index, a literal.
    let is_code = !value.quoted
        && match &text[range.end..] {
            [b'<', b'/', ..] => false,
            [b'(' | b'[' | b'{' | b'<', ..] | [b' ', b'{', ..] => true,
            _ => false,
        };
    if is_code || place.needs_quotes && !value.quoted {
        return None;
    }
    // `Authorization: Bearer …` keeps the word.
    let scheme =
        ["bearer", "basic", "token", "apikey", "digest", "negotiate"].iter().find(|scheme| {
            let word = &text[range.start..text.len().min(range.start + scheme.len())];
            word.eq_ignore_ascii_case(scheme.as_bytes())
        });
    if let Some(scheme) = scheme {
        let from = range.start + scheme.len();
        if text.get(from) == Some(&b' ') {
            if value.quoted {
                found.range.start = from + 1;
            } else {
                found = extract(text, &mut scan.runs, from, false)?;
            }
        }
    }
    let sensitivity = match place.beside {
        true => Sensitivity::Suspect,
        false => sensitivity,
    };
    looks_secret(&text[found.range.clone()], sensitivity, &found, scan.settings.trust_names)
        .then_some(found)
}

/// Where a value would begin, and what that says about it.
struct Place {
    at: usize,
    /// After `=` or a flag, not after `:` as in prose.
    assignment: bool,
    /// Only a quoted value counts.
    needs_quotes: bool,
    /// The two may just stand side by side: only a value that looks random counts.
    beside: bool,
}

/// Finds the separator after a key.
fn after_key(text: &[u8], start: usize, end: usize) -> Option<Place> {
    let place =
        |at, assignment, needs_quotes| Some(Place { at, assignment, needs_quotes, beside: false });
    let beside = |at, beside| Some(Place { at, assignment: true, needs_quotes: true, beside });
    let mut at = end;
    // `<password>value</password>`
    if before(text, start) == Some(b'<') {
        return (text.get(at) == Some(&b'>')).then(|| Place {
            at: next_line(text, at + 1),
            assignment: true,
            needs_quotes: false,
            beside: false,
        });
    }
    let quoted = {
        let escapes = text[at..].iter().take(3).take_while(|b| **b == b'\\').count();
        let quote = matches!(text.get(at + escapes), Some(b'"' | b'\'' | b'`'));
        if quote {
            at += escapes + 1;
        }
        quote
    };
    // `env["key"] = …`, `attribute('key') = …`
    if quoted && matches!(text.get(at), Some(b']' | b')')) {
        at += 1;
    }
    let tight = at;
    at += blanks(&text[at..], BLANKS_MAX);
    let flag = text[..start].ends_with(b"--") || text[start..end].starts_with(b"--");
    match &text[at..] {
        [b':' | b'.', b'=', ..] | [b':', b':', b'=', ..] | [b':', b':', b':', b'=', ..] => {
            let len = text[at..].iter().take_while(|b| **b != b'=').count() + 1;
            place(next_line(text, at + len), true, false)
        }
        [b':', b':' | b'/', ..] => None,
        [b':', ..] => match typed(text, at + 1) {
            Some(value) => place(value, true, true),
            None => place(next_line(text, at + 1), quoted, false),
        },
        [b'=', b'>' | b'=' | b'~', ..] | [b'?' | b'+', b'=', ..] | [b'-', b'>', ..] => {
            let more = usize::from(text.get(at + 2) == Some(&b'='));
            place(next_line(text, at + 2 + more), true, false)
        }
        [b'!', b'=', ..] => place(at + 2, true, true),
        [b'=', ..] => place(next_line(text, at + 1), true, false),
        [b'%', b'3', b'd' | b'D' | b'a' | b'A', ..] => place(at + 3, true, false),
        // `define("KEY", "value")`, but not `["secrets", "tasks"]`.
        [b',', ..] if quoted && text[tight - 1] != b'`' => {
            beside(at + 1, !is_first_argument(text, start))
        }
        [b'(', ..] => place(at + 1, true, true),
        [b'i', b's', b' ', ..] if at > tight => place(at + 3, true, true),
        _ if flag && at > tight && !matches!(text.get(at), Some(b'-')) => place(at, true, false),
        // `name="password" value="…"` of XML.
        [b'v', b'a', b'l', b'u', b'e', b'=', ..] if quoted && at > tight => {
            place(at + 6, true, true)
        }
        // `password "value"` of a configuration, but not `the secret "name" is …`.
        _ if at > tight && matches!(text.get(at), Some(b'"' | b'\'')) => {
            beside(at, !begins_line(text, start))
        }
        _ if at > tight => place(typed(text, at)?, true, true),
        _ => None,
    }
}

/// Whether the quoted key at `start` is the first argument of a call.
fn is_first_argument(text: &[u8], start: usize) -> bool {
    let escapes = |b: &&u8| matches!(b, b'\\' | b'"' | b'\'');
    let opening = text[..start].iter().rev().take(4).take_while(escapes);
    before(text, start - opening.count()) == Some(b'(')
}

/// Whether nothing but blanks stands before the key on its line.
fn begins_line(text: &[u8], start: usize) -> bool {
    let indent = text[..start].iter().rev().take(INDENT_MAX);
    let indent = indent.take_while(|b| matches!(b, b' ' | b'\t')).count();
    matches!(before(text, start - indent), None | Some(b'\n'))
}

/// Where the value of a declaration with a type begins: `name: str = …`,
/// `name string = …`. `at` is where the type would stand.
fn typed(text: &[u8], at: usize) -> Option<usize> {
    let at = at + blanks(&text[at..], BLANKS_MAX);
    let len = WORD.run(&text[at..], TYPE_MAX);
    let at = at + len + blanks(&text[at + len..], BLANKS_MAX);
    let assigned = text.get(at) == Some(&b'=') && text.get(at + 1) != Some(&b'=');
    (len > 0 && assigned).then_some(at + 1)
}

fn blanks(text: &[u8], max: usize) -> usize {
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

/// Whether the line, which ends in a line feed, may end between a key and its value.
pub(crate) fn awaits_value(line: &[u8]) -> bool {
    match line.trim_ascii_end().last() {
        Some(b':' | b'=' | b'\\') => true,
        Some(b'>') => {
            let line = line.trim_ascii_end();
            let name = &line[..line.len() - 1];
            line.ends_with(b"=>")
                || name[..name.len() - NAME.run_back(name, NAME_MAX)].ends_with(b"<")
                || line.ends_with(b"->")
        }
        Some(b'~') => line.trim_ascii_end().ends_with(b"=~"),
        _ => false,
    }
}
