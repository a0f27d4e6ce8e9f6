//! Numbers.

use serde_json::Number;

use super::Failure;
use super::parser::{found_at, word_at};
use crate::diagnostic::DiagnosticKind;

/// Reads the number that begins at `start`; returns it and the offset behind it.
pub(super) fn read(text: &str, start: usize) -> Result<(Number, usize), Failure> {
    let bytes = text.as_bytes();
    let mut at = start;
    if bytes.get(at) == Some(&b'-') {
        at += 1;
        if let found @ ("Infinity" | "NaN") = word_at(text, at) {
            let found = format!("-{found}");
            return Err(Failure::new(DiagnosticKind::NotANumber { found }));
        }
    }
    let integer = at;
    at = digits(text, at)?;
    if at - integer > 1 && bytes.get(integer) == Some(&b'0') {
        let found = "a leading zero".to_owned();
        let expected = "a number without leading zeros";
        return Err(Failure::new(DiagnosticKind::Syntax { expected, found }));
    }
    if bytes.get(at) == Some(&b'.') {
        at = digits(text, at + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        at += 1;
        if let Some(b'+' | b'-') = bytes.get(at) {
            at += 1;
        }
        at = digits(text, at)?;
    }
    // The grammar is checked, so that only the range can be wrong.
    match serde_json::from_str::<Number>(&text[start..at]) {
        Ok(number) => Ok((number, at)),
        Err(_) => Err(Failure::new(DiagnosticKind::NumberOutOfRange)),
    }
}

/// Skips one or more digits.
fn digits(text: &str, start: usize) -> Result<usize, Failure> {
    let rest = text.as_bytes().get(start..).unwrap_or_default();
    match rest.iter().take_while(|b| b.is_ascii_digit()).count() {
        0 => {
            let found = found_at(text, start);
            Err(Failure::new(DiagnosticKind::Syntax { expected: "a digit", found }))
        }
        count => Ok(start + count),
    }
}
