//! The value after a key: where it ends, and whether it looks like a secret.

use std::ops::Range;

use super::runs::Runs;
use crate::bytes::ByteSet;
use crate::names::{Sensitivity, classify};

/// What is judged of a value.
const JUDGED: usize = 96;
/// Longest value.
const VALUE_MAX: usize = 4096;
/// What a value without quotes holds. A backslash may begin an escape that ends it.
static BARE: ByteSet = ByteSet::not(" \t\r\n,;&\"'`<>(){}[]|\\\x0b\x0c");
/// Backslashes in a value without quotes. More are a text of its own.
const BACKSLASHES_MAX: usize = 16;

/// A value in its place.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) range: Range<usize>,
    pub(crate) quoted: bool,
    /// End of what was looked at to tell where the value ends.
    pub(crate) seen: usize,
    /// After `=` or a flag, or between quotes: not a word of prose.
    pub(crate) assignment: bool,
}

/// The value that begins at `at` or after blanks there.
pub(crate) fn extract(text: &[u8], runs: &mut Runs, at: usize, assignment: bool) -> Option<Found> {
    let mut at = at + text[at..].iter().take(32).take_while(|b| matches!(b, b' ' | b'\t')).count();
    // String prefixes of programming languages: `b"…"`, `@"…"`.
    if let [b'b' | b'r' | b'u' | b'f' | b'L' | b'@', b'"' | b'\'', ..] = &text[at..] {
        at += 1;
    }
    let escapes = text[at..].iter().take(4).take_while(|b| **b == b'\\').count();
    let quote = text.get(at + escapes).copied().filter(|b| matches!(b, b'"' | b'\'' | b'`'));
    match quote {
        Some(quote) => quoted(text, at + escapes + 1, quote, escapes),
        None => {
            let (len, seen) = bare_len(text, runs, at)?;
            (len > 0 && len < VALUE_MAX).then(|| Found {
                range: at..at + len,
                seen: at + seen,
                quoted: false,
                assignment,
            })
        }
    }
}

fn quoted(text: &[u8], mut from: usize, quote: u8, escapes: usize) -> Option<Found> {
    // Three quotes open a long string.
    if escapes == 0 && text[from..].starts_with(&[quote, quote]) {
        from += 2;
    }
    let window = &text[from..text.len().min(from + VALUE_MAX)];
    let mut slashes = 0;
    for (i, byte) in window.iter().enumerate() {
        match byte {
            b'\\' => slashes += 1,
            b'\n' => return None,
            _ if *byte == quote && (slashes == escapes || escapes == 0 && slashes % 2 == 0) => {
                return Some(Found {
                    range: from..from + i - escapes,
                    seen: from + i + 1,
                    quoted: true,
                    assignment: true,
                });
            }
            _ => slashes = 0,
        }
    }
    // A text cut off inside the quotes.
    (window.len() < VALUE_MAX && !window.is_empty()).then(|| Found {
        range: from..from + window.len(),
        seen: from + window.len(),
        quoted: true,
        assignment: true,
    })
}

/// Length of a value without quotes, and of what was looked at.
fn bare_len(text: &[u8], runs: &mut Runs, at: usize) -> Option<(usize, usize)> {
    let mut len = 0;
    for _ in 0..BACKSLASHES_MAX {
        len += runs.at(text, at + len, &BARE, VALUE_MAX);
        let escape = match text.get(at + len..) {
            Some([b'\\', next, ..]) => matches!(next, b'n' | b'r' | b't' | b'"' | b'\''),
            Some([b'\\']) => false,
            _ => true,
        };
        if escape || len >= VALUE_MAX {
            let seen = len + 1;
            // Punctuation of the sentence around it.
            while len > 0 && matches!(text[at + len - 1], b'.' | b':' | b'?') {
                len -= 1;
            }
            return Some((len, seen));
        }
        len += 1;
    }
    None
}

/// Whether the value stands for another one: a variable, a placeholder, a call.
pub(crate) fn is_reference(value: &[u8]) -> bool {
    let text = value.trim_ascii();
    match text {
        [] => true,
        [b'$' | b'%', b'{' | b'(', ..] | [b'{', b'{', ..] | [b'<', .., b'>'] | [b'%', .., b'%'] => {
            true
        }
        [b'{', .., b'}'] | [b'[', .., b']'] | [b'#', b'{', ..] | [b'@', b'{', ..] => true,
        [b'$', rest @ ..] => rest.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_'),
        [b'%', b's' | b'd' | b'v' | b'q'] => true,
        _ => {
            text.iter().all(|b| matches!(b, b'*' | b'x' | b'X' | b'.' | b'-' | b'_' | b'#' | b'?'))
        }
    }
}

/// Words that stand where a value is missing or described.
const NO_VALUES: &[&str] = &[
    "null",
    "nil",
    "none",
    "undefined",
    "true",
    "false",
    "yes",
    "no",
    "on",
    "off",
    "empty",
    "unset",
    "string",
    "str",
    "text",
    "bytes",
    "int",
    "integer",
    "number",
    "boolean",
    "bool",
    "object",
    "any",
    "required",
    "optional",
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "key",
    "apikey",
    "hidden",
    "redacted",
    "masked",
    "filtered",
    "removed",
    "omitted",
    "invalid",
    "missing",
    "expired",
    "incorrect",
    "wrong",
    "failed",
    "not",
    "is",
    "are",
    "was",
    "for",
    "the",
    "and",
    "must",
    "should",
    "value",
    "default",
    "example",
    "enabled",
    "disabled",
    "const",
    "public",
    "private",
    "self",
    "this",
];

/// Whether a value whose key has this sensitivity is a secret.
pub(crate) fn looks_secret(
    value: &[u8],
    sensitivity: Sensitivity,
    found: &Found,
    trust_names: bool,
) -> bool {
    // So much of it tells.
    let value = value.get(..JUDGED).unwrap_or(value).trim_ascii();
    let plain_word = NO_VALUES.iter().any(|word| word.as_bytes().eq_ignore_ascii_case(value));
    if value.len() < 3
        || plain_word
        || is_reference(value)
        || is_code(value, found)
        || is_name(value)
    {
        return false;
    }
    if trust_names {
        return true;
    }
    match sensitivity {
        Sensitivity::Certain => looks_like_password(value, found),
        Sensitivity::Suspect => looks_like_token(value),
    }
}

/// The name of another secret, as in `PASSWORD_KEY = "db_password"`.
fn is_name(value: &[u8]) -> bool {
    let joined = value.iter().any(|b| matches!(b, b'_' | b'-'));
    joined
        && value.iter().all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-'))
        && classify(value).is_some()
}

/// Code that fetches the value, or a path to it.
fn is_code(value: &[u8], found: &Found) -> bool {
    let starts = |list: &[&str]| list.iter().any(|s| value.starts_with(s.as_bytes()));
    if starts(&[
        "data:", "/run/", "/etc/", "/var/", "/tmp/", "./", "~/", "../", "file://", "vault:", "ssm:",
    ]) {
        return true;
    }
    let dotted = value.contains(&b'.')
        && value.split(|b| *b == b'.').all(|part| {
            part.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_')
                && part.iter().all(|b| b.is_ascii_alphabetic() || *b == b'_')
        });
    !found.quoted
        && (dotted || starts(&["env.", "os.", "process.", "config.", "self.", "this.", "*", "&"]))
}

fn looks_like_password(value: &[u8], found: &Found) -> bool {
    if value.starts_with(b"0x") && value.len() <= 10 {
        return false;
    }
    let letters_only = value.iter().all(u8::is_ascii_alphabetic);
    if value.contains(&b' ') {
        // A sentence, unless it holds what a sentence does not.
        return value.iter().any(u8::is_ascii_digit)
            && value.len() < 64
            && value.iter().filter(|b| **b == b' ').count() < 3;
    }
    if !found.assignment {
        let odd = value.iter().any(|b| b.is_ascii_digit() || b.is_ascii_punctuation());
        let joined = value.iter().any(u8::is_ascii_punctuation);
        return value.len() >= 6 && odd && !(joined && is_words(value));
    }
    if letters_only && !found.quoted {
        return value.len() >= 5;
    }
    value.len() >= 4 || value.iter().any(u8::is_ascii_digit)
}

/// Digits alone are a token from this length on; shorter ones are times and counts.
const LONG_NUMBER: usize = 15;
/// Fewest bytes of a token.
const TOKEN_MIN: usize = 8;

fn looks_like_token(value: &[u8]) -> bool {
    let graphic = value.iter().all(u8::is_ascii_graphic);
    if value.len() < TOKEN_MIN || !graphic || is_words(value) {
        return false;
    }
    if value.windows(3).any(|w| w == b"://") {
        return false;
    }
    let distinct = {
        let mut seen = [false; 128];
        value.iter().for_each(|b| seen[usize::from(*b & 127)] = true);
        seen.iter().filter(|s| **s).count()
    };
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    let upper = value.iter().filter(|b| b.is_ascii_uppercase()).count();
    let lower = value.iter().filter(|b| b.is_ascii_lowercase()).count();
    let mixed = digits > 0 && upper + lower > 0 || digits >= LONG_NUMBER && digits == value.len();
    let changes_case = value.len() >= 16 && upper >= 3 && lower >= 3;
    distinct >= value.len().min(24) / 3 + 2 && (mixed || changes_case)
}

/// Words and short numbers joined by `-`, `_`, `.`, `/` or `:`, such as
/// `us-east-1`, `my-secret-name`, `2024-01-31` or `pkg/module.py:12`.
fn is_words(value: &[u8]) -> bool {
    value.split(|b| b"-_./:+@".contains(b)).all(|part| {
        let letters = part.iter().filter(|b| b.is_ascii_alphabetic()).count();
        let digits = part.len() - letters;
        let tail = part.iter().rev().take_while(|b| b.is_ascii_digit()).count();
        let capitals = part.iter().skip(1).filter(|b| b.is_ascii_uppercase()).count();
        let camel = digits == 0 && capitals * 4 <= letters;
        let word = digits == tail && digits <= 4 && (letters <= 16 || camel && letters <= 40);
        let one_case = capitals == 0 || capitals + 1 >= letters || capitals * 4 <= letters;
        word && one_case && part.iter().all(u8::is_ascii_alphanumeric)
    })
}
