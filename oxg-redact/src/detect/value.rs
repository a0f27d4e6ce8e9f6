//! Where the value after a key begins and ends.

use std::ops::Range;

use super::gap::blanks;
use super::runs::Runs;
use crate::bytes::{ByteSet, quote_len};

/// Longest value.
const VALUE_MAX: usize = 4096;
/// What a value without quotes holds. A backslash may begin an escape that ends it.
static BARE: ByteSet = ByteSet::not(" \t\r\n,;&\"'`<>(){}[]|\\\x0b\x0c");
/// Backslashes in a value without quotes. More are a text of its own.
const BACKSLASHES_MAX: usize = 16;
const BLANKS_MAX: usize = 32;
/// Longest call or type around a value.
const WRAPPER_MAX: usize = 40;
/// Calls and types that pass on what they are given: `Some("…")`, `N'…'`.
const WRAPPERS: &[&str] = &[
    "",
    "b64decode",
    "bytes",
    "encode",
    "from",
    "from_str",
    "just",
    "literal",
    "new",
    "of",
    "ok",
    "secret",
    "secretstr",
    "secretstring",
    "some",
    "str",
    "string",
    "strip",
    "token",
    "zeroizing",
];
static CALL: ByteSet = ByteSet::new("0-9A-Za-z_:.&");

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

impl Found {
    fn quoted(range: Range<usize>, seen: usize) -> Self {
        Self { range, seen, quoted: true, assignment: true }
    }

    /// A text as a whole, which a key names.
    #[cfg(any(feature = "json", feature = "serde"))]
    pub(crate) fn whole(text: &str) -> Self {
        Self::quoted(0..text.len(), text.len())
    }
}

/// The value that begins at `at` or after blanks there.
pub(super) fn extract(text: &[u8], runs: &mut Runs, at: usize, assignment: bool) -> Option<Found> {
    let at = at + blanks(&text[at..], BLANKS_MAX);
    let at = wrapped(text, at).unwrap_or(at);
    let quote = quote_len(&text[at..]);
    if quote > 0 {
        return quoted(text, at, quote);
    }
    let (len, seen) = bare_len(text, runs, at)?;
    (len > 0 && len < VALUE_MAX).then(|| Found {
        range: at..at + len,
        seen: at + seen,
        quoted: false,
        assignment,
    })
}

/// The next value of a list, a tuple or the arguments of a call.
pub(super) fn next_in_list(text: &[u8], value: &Found) -> Option<usize> {
    if !value.quoted {
        return None;
    }
    let mut at = value.seen;
    at += text[at..].iter().take(8).take_while(|b| b.is_ascii_whitespace()).count();
    if text.get(at) != Some(&b',') {
        return None;
    }
    at += 1;
    at += text[at..].iter().take(BLANKS_MAX).take_while(|b| b.is_ascii_whitespace()).count();
    (quote_len(&text[at..]) > 0).then_some(at)
}

/// Where the quote stands in `b"…"`, `Some("…")` or `("…")`.
fn wrapped(text: &[u8], at: usize) -> Option<usize> {
    let call = CALL.run(&text[at..], WRAPPER_MAX);
    let name = &text[at..at + call];
    let at = at + call;
    match text.get(at)? {
        // String prefixes of programming languages.
        b'"' | b'\'' if call <= 2 && name.iter().all(u8::is_ascii_alphabetic) => Some(at),
        b'@' | b'$' if call == 0 && matches!(text.get(at + 1), Some(b'"')) => Some(at + 1),
        b'(' | b'[' | b'{' => {
            let last = name.rsplit(|b| matches!(b, b':' | b'.' | b'&')).next()?;
            let passes_on = WRAPPERS.iter().any(|w| w.as_bytes().eq_ignore_ascii_case(last));
            let inner = at + 1 + blanks(&text[at + 1..], BLANKS_MAX);
            (passes_on && quote_len(&text[inner..]) > 0).then_some(inner)
        }
        _ => None,
    }
}

/// `at` is where the opening quote stands, which has `len` bytes with its escapes.
fn quoted(text: &[u8], at: usize, len: usize) -> Option<Found> {
    let mark = &text[at..at + len];
    let mut from = at + len;
    let window = |from: usize| &text[from..text.len().min(from + VALUE_MAX)];
    let (quote, escapes) = match mark {
        [b'&' | b'%', ..] => {
            let end = memchr::memmem::find(window(from), mark)?;
            let one_line = memchr::memchr(b'\n', &text[from..from + end]).is_none();
            return one_line.then(|| Found::quoted(from..from + end, from + end + len));
        }
        _ => (mark[len - 1], len - 1),
    };
    // Three quotes open a long string.
    if escapes == 0 && text[from..].starts_with(&[quote, quote]) {
        from += 2;
    }
    let window = window(from);
    let mut slashes = 0;
    for (i, byte) in window.iter().enumerate() {
        match byte {
            b'\\' => slashes += 1,
            b'\n' => return None,
            _ if *byte == quote && (slashes == escapes || escapes == 0 && slashes % 2 == 0) => {
                return Some(Found::quoted(from..from + i - escapes, from + i + 1));
            }
            _ => slashes = 0,
        }
    }
    // A text cut off inside the quotes.
    let cut = from..from + window.len();
    (window.len() < VALUE_MAX && !window.is_empty()).then(|| Found::quoted(cut.clone(), cut.end))
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
