//! Strings.

use std::borrow::Cow;
use std::ops::Range;

use super::Failure;
use super::problems::Problems;
use crate::diagnostic::DiagnosticKind;

/// Stands for what could not be read.
const REPLACEMENT: char = '\u{fffd}';

/// Reads the string whose opening quote is at `start`; returns it and the offset behind it.
pub(super) fn read<'a>(
    text: &'a str,
    start: usize,
    problems: &mut Problems,
) -> Result<(Cow<'a, str>, usize), Failure> {
    let bytes = text.as_bytes();
    let mut unescaped = String::new();
    // Where the part begins that is not yet in `unescaped`.
    let mut part = start + 1;
    let mut at = part;
    loop {
        match bytes.get(at) {
            None => {
                let expected = "a closing quote for the string that begins here";
                return Err(syntax(start..start + 1, expected, "the end of the file"));
            }
            Some(b'"') if unescaped.is_empty() && part == start + 1 => {
                return Ok((Cow::Borrowed(&text[part..at]), at + 1));
            }
            Some(b'"') => {
                unescaped.push_str(&text[part..at]);
                return Ok((Cow::Owned(unescaped), at + 1));
            }
            Some(b'\\') => {
                unescaped.push_str(&text[part..at]);
                let (c, end) = read_escape(text, at).unwrap_or_else(|(failure, length)| {
                    problems.note(|| failure);
                    (REPLACEMENT, at + length)
                });
                unescaped.push(c);
                (at, part) = (end, end);
            }
            Some(b'\n' | b'\r') => {
                let expected = "a closing quote before the end of the line";
                return Err(syntax(at..at, expected, "a line break; write \"\\n\" for one"));
            }
            Some(control @ ..=0x1f) => {
                problems.note(|| {
                    let found = format!("a control character; write \"\\u{control:04x}\"");
                    syntax(at..at + 1, "visible characters in a string", &found)
                });
                at += 1;
            }
            Some(_) => at += 1,
        }
    }
}

/// A character and the offset behind its escape; else what is wrong and how many bytes to skip.
type Escape = Result<(char, usize), (Failure, usize)>;

/// Reads the escape whose backslash is at `start`.
fn read_escape(text: &str, start: usize) -> Escape {
    let c = match text.as_bytes().get(start + 1) {
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b'/') => '/',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return read_unicode_escape(text, start),
        _ => {
            let expected = "one of the escapes \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX";
            let next = text[start + 1..].chars().next();
            let found = match next {
                Some(c) => format!("\"\\{}\"; write \"\\\\\" for a backslash", c.escape_debug()),
                None => "the end of the file".to_owned(),
            };
            // A control character is not part of the escape, but wrong by itself.
            let length = 1 + next.filter(|c| !c.is_ascii_control()).map_or(0, char::len_utf8);
            return Err((syntax(start..start + length, expected, &found), length));
        }
    };
    Ok((c, start + 2))
}

/// Reads `\uXXXX`, or two of them when they are a surrogate pair.
fn read_unicode_escape(text: &str, start: usize) -> Escape {
    let high = read_hex(text, start)?;
    if let Some(c) = char::from_u32(high) {
        return Ok((c, start + 6));
    }
    let is_high = (0xD800..0xDC00).contains(&high);
    if is_high && text.as_bytes().get(start + 6..start + 8) == Some(b"\\u") {
        let low = read_hex(text, start + 6)?;
        if (0xDC00..0xE000).contains(&low) {
            let joined = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
            if let Some(c) = char::from_u32(joined) {
                return Ok((c, start + 12));
            }
        }
    }
    let kind = DiagnosticKind::LoneSurrogate { escape: format!("\\u{high:04x}") };
    Err((Failure::new(kind).at(start..start + 6), 6))
}

/// Reads the four digits of the escape whose backslash is at `start`.
fn read_hex(text: &str, start: usize) -> Result<u32, (Failure, usize)> {
    let digits = text.as_bytes().get(start + 2..start + 6).unwrap_or_default();
    let value = digits.iter().try_fold(0, |value, digit| {
        char::from(*digit).to_digit(16).map(|digit| value << 4 | digit)
    });
    match value {
        Some(value) if digits.len() == 4 => Ok(value),
        _ => {
            let expected = "four hexadecimal digits after \"\\u\"";
            Err((syntax(start..start + 2, expected, "something else"), 2))
        }
    }
}

fn syntax(span: Range<usize>, expected: &'static str, found: &str) -> Failure {
    Failure::new(DiagnosticKind::Syntax { expected, found: found.to_owned() }).at(span)
}
