//! Credentials on a command line of curl: `-u user:password`.

use std::ops::Range;

use super::Scan;
use super::named_value::is_reference;
use crate::bytes::before;
use crate::kind::Kind;

pub(crate) const COMMAND: &str = "curl";
const FLAGS: &[&[u8]] = &[b"-u", b"--user", b"-U", b"--proxy-user"];
/// How far behind the command a flag is looked for.
const COMMAND_MAX: usize = 1024;
const CREDENTIALS_MAX: usize = 256;

/// `at` is where the command stands. Returns how far its flags were looked for.
pub(crate) fn at(scan: &mut Scan<'_>, at: usize) -> usize {
    let text = scan.text;
    let mut end = at + COMMAND.len();
    if !scan.wants(Kind::NamedSecret)
        || before(text, at).is_some_and(|b| b.is_ascii_alphanumeric())
        || !matches!(text.get(end), Some(b' ' | b'\t' | b'.'))
    {
        return end;
    }
    let limit = text.len().min(end + COMMAND_MAX);
    for dash in memchr::memchr_iter(b'-', &text[end..limit]).map(|dash| at + COMMAND.len() + dash) {
        if dash < end || before(text, dash) != Some(b' ') {
            continue;
        }
        if !is_one_command(&text[end..dash]) {
            return end;
        }
        end = dash;
        let Some(flag) = FLAGS.iter().find(|flag| text[dash..].starts_with(flag)) else {
            continue;
        };
        if let Some(credentials) = credentials(text, dash + flag.len(), flag.len() == 2) {
            add(scan, at, credentials);
        }
    }
    limit
}

/// Where the argument of the flag that ends at `at` stands.
fn credentials(text: &[u8], at: usize, short: bool) -> Option<Range<usize>> {
    let separators = text[at..].iter().take(4).take_while(|b| matches!(b, b' ' | b'=')).count();
    if separators == 0 && !short {
        return None;
    }
    let from = at + separators;
    let mut quote = None;
    let len = text[from..]
        .iter()
        .take(CREDENTIALS_MAX)
        .take_while(|b| {
            match quote {
                Some(open) if open == **b => quote = None,
                None if matches!(b, b'"' | b'\'') => quote = Some(**b),
                None => return !matches!(b, b' ' | b'\t' | b'\r' | b'\n' | b'\\' | b',' | b')'),
                _ => {}
            }
            **b != b'\n'
        })
        .count();
    (len < CREDENTIALS_MAX).then_some(from..from + len)
}

fn add(scan: &mut Scan<'_>, command: usize, credentials: Range<usize>) {
    let value = &scan.text[credentials.clone()];
    let Some(colon) = memchr::memchr(b':', value) else {
        return;
    };
    let quotes = |b: &&u8| matches!(b, b'"' | b'\'');
    let mut range = credentials.start + colon + 1..credentials.end;
    range.start += value[colon + 1..].iter().take_while(quotes).count();
    range.end -= value[colon + 1..].iter().rev().take_while(quotes).count();
    let password = match scan.text.get(range.clone()) {
        Some(password) if password.len() >= 3 => password,
        // `-u "token:"`: the user name is the secret.
        _ => {
            range.end = credentials.start + colon;
            range.start = credentials.start + value.iter().take_while(quotes).count();
            let user = scan.text.get(range.clone()).unwrap_or_default();
            if !super::tokens::letters_and_digits(user) || user.len() < 8 {
                return;
            }
            user
        }
    };
    if !is_reference(password) && !password.starts_with(b"//") {
        scan.add(Kind::NamedSecret, "curl-user", range, command..credentials.end);
    }
}

/// Whether no line ends in `text`, but where a backslash continues it.
fn is_one_command(text: &[u8]) -> bool {
    memchr::memchr_iter(b'\n', text).all(|at| text[..at].trim_ascii_end().ends_with(b"\\"))
}
