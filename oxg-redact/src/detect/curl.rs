//! Credentials on a command line of curl: `-u user:password`.

use std::ops::Range;

use super::Scan;
use super::named_value::is_reference;
use crate::bytes::before;
use crate::kind::Kind;

pub(crate) const COMMAND: &str = "curl";
pub(crate) const FLAGS: &[&str] = &[" -u", " --user", " --proxy-user", " -U"];

/// How far back the command is looked for.
const COMMAND_BACK: usize = 1024;
const MAX: usize = 256;

/// `command` is where the command was last seen, `flag` where the flag stands,
/// with the blank before it.
pub(crate) fn at(scan: &mut Scan<'_>, command: Option<usize>, flag: Range<usize>) {
    let text = scan.text;
    let Some(command) = command.filter(|at| flag.start - at <= COMMAND_BACK) else {
        return;
    };
    if before(text, command).is_some_and(|b| b.is_ascii_alphanumeric()) {
        return;
    }
    if !scan.wants(Kind::NamedSecret) || !is_one_command(&text[command..flag.start]) {
        return;
    }
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
    let whole = from..from + len;
    scan.add(
        Kind::NamedSecret,
        "curl-user",
        whole.start + colon + 1..whole.end,
        command.saturating_sub(1)..whole.end,
    );
}

/// Whether no line ends in `text`, but where a backslash continues it.
fn is_one_command(text: &[u8]) -> bool {
    memchr::memchr_iter(b'\n', text).all(|at| text[..at].trim_ascii_end().ends_with(b"\\"))
}
