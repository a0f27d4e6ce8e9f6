//! Credentials on a command line of curl: `-u user:password`.

use memchr::memmem;

use super::Scan;
use super::named_value::is_reference;
use crate::bytes::before;
use crate::kind::Kind;

pub(crate) const FLAGS: &[&str] = &[" -u", " --user", " --proxy-user", " -U"];

/// How far back the command is looked for.
const COMMAND_BACK: usize = 1024;
const MAX: usize = 256;

/// `flag` is where the flag stands, with the blank before it.
pub(crate) fn at(scan: &mut Scan<'_>, flag: std::ops::Range<usize>) {
    if !scan.wants(Kind::NamedSecret) {
        return;
    }
    let text = scan.text;
    let short = flag.len() == 3;
    let mut from = flag.end;
    let separators = text[from..].iter().take(4).take_while(|b| matches!(b, b' ' | b'=')).count();
    if separators == 0 && !short {
        return;
    }
    from += separators;
    let quote = text.get(from).copied().filter(|b| matches!(b, b'"' | b'\''));
    from += usize::from(quote.is_some());
    let len = text[from..]
        .iter()
        .take(MAX)
        .take_while(|b| match quote {
            Some(quote) => **b != quote && **b != b'\n',
            None => !matches!(b, b' ' | b'\t' | b'\r' | b'\n' | b'"' | b'\'' | b'\\'),
        })
        .count();
    let value = &text[from..from + len];
    let Some(colon) = memchr::memchr(b':', value) else {
        return;
    };
    let password = &value[colon + 1..];
    if len == MAX || password.len() < 3 || is_reference(password) || password.starts_with(b"//") {
        return;
    }
    let line = flag.start.saturating_sub(COMMAND_BACK);
    let line = memchr::memrchr(b'\n', &text[line..flag.start]).map_or(line, |n| line + n + 1);
    let Some(command) = memmem::rfind(&text[line..flag.start], b"curl") else {
        return;
    };
    if before(text, line + command).is_some_and(|b| b.is_ascii_alphanumeric()) {
        return;
    }
    let whole = from..from + len;
    scan.add(
        Kind::NamedSecret,
        "curl-user",
        whole.start + colon + 1..whole.end,
        line + command..whole.end,
    );
}
