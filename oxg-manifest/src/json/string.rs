//! Strings.

use std::borrow::Cow;

use super::Failure;
use crate::diagnostic::DiagnosticKind;

/// Reads the string whose opening quote is at `start`; returns it and the offset behind it.
pub(super) fn read(text: &str, start: usize) -> Result<(Cow<'_, str>, usize), Failure> {
    let bytes = text.as_bytes();
    let mut unescaped = String::new();
    // Where the part begins that is not yet in `unescaped`.
    let mut part = start + 1;
    let mut at = part;
    loop {
        match bytes.get(at) {
            None => {
                let expected = "a closing quote for the string that begins here";
                return Err(syntax(start, expected, "the end of the file"));
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
                let (c, end) = read_escape(text, at)?;
                unescaped.push(c);
                (at, part) = (end, end);
            }
            Some(b'\n' | b'\r') => {
                let expected = "a closing quote before the end of the line";
                return Err(syntax(at, expected, "a line break; write \"\\n\" for one"));
            }
            Some(control @ ..=0x1f) => {
                let found = format!("a control character; write \"\\u{control:04x}\"");
                return Err(syntax(at, "visible characters in a string", &found));
            }
            Some(_) => at += 1,
        }
    }
}

/// Reads the escape whose backslash is at `start`; returns the character and the offset behind.
fn read_escape(text: &str, start: usize) -> Result<(char, usize), Failure> {
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
            let found = match text[start + 1..].chars().next() {
                Some(c) => format!("\"\\{}\"; write \"\\\\\" for a backslash", c.escape_debug()),
                None => "the end of the file".to_owned(),
            };
            return Err(syntax(start, expected, &found));
        }
    };
    Ok((c, start + 2))
}

/// Reads `\uXXXX`, or two of them when they are a surrogate pair.
fn read_unicode_escape(text: &str, start: usize) -> Result<(char, usize), Failure> {
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
    let expected = "a whole surrogate pair, such as \\ud83d\\ude00";
    Err(syntax(start, expected, &format!("the lone surrogate \\u{high:04x}")))
}

/// Reads the four digits of the escape whose backslash is at `start`.
fn read_hex(text: &str, start: usize) -> Result<u32, Failure> {
    let digits = text.as_bytes().get(start + 2..start + 6).unwrap_or_default();
    let value = digits.iter().try_fold(0, |value, digit| {
        char::from(*digit).to_digit(16).map(|digit| value << 4 | digit)
    });
    match value {
        Some(value) if digits.len() == 4 => Ok(value),
        _ => Err(syntax(start, "four hexadecimal digits after \"\\u\"", "something else")),
    }
}

fn syntax(at: usize, expected: &'static str, found: &str) -> Failure {
    Failure::new(DiagnosticKind::Syntax { expected, found: found.to_owned() }).at(at)
}
