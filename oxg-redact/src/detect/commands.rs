//! Credentials on command lines, where a flag of a known command takes them:
//! `curl -u user:password`, `mysql -ppassword`, `sshpass -p password`.

use std::ops::Range;

use super::Scan;
use super::named_value::{is_plainly_random, is_reference};
use super::user_name::is_user_name;
use crate::bytes::before;
use crate::kind::Kind;

/// A command, and its flags that take a credential.
pub(crate) struct Command {
    pub(crate) name: &'static str,
    flags: &'static [&'static str],
    takes: Takes,
    /// The flag that takes the name of a user beside it.
    user: Option<&'static str>,
}

impl Command {
    const fn with_user(self, flag: &'static str) -> Self {
        Self { user: Some(flag), ..self }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// `user:password`; without a colon it is asked for.
    UserAndPassword,
    /// A password, as the next argument or joined to a flag of one letter.
    Password,
    /// A password joined to the flag; without one it is asked for.
    JoinedPassword,
}

const fn command(name: &'static str, flags: &'static [&'static str], takes: Takes) -> Command {
    Command { name, flags, takes, user: None }
}

#[rustfmt::skip]
pub(crate) static COMMANDS: &[Command] = &[
    command("curl", &["-u", "--user", "-U", "--proxy-user"], Takes::UserAndPassword),
    command("mysql", &["-p"], Takes::JoinedPassword).with_user("-u"),
    command("mysqldump", &["-p"], Takes::JoinedPassword).with_user("-u"),
    command("mysqladmin", &["-p"], Takes::JoinedPassword),
    command("mariadb", &["-p"], Takes::JoinedPassword),
    command("sshpass", &["-p"], Takes::Password),
    command("docker login", &["-p"], Takes::Password),
    command("podman login", &["-p"], Takes::Password),
    command("registry login", &["-p"], Takes::Password),
    command("az login", &["-p"], Takes::Password),
    command("oc login", &["-p"], Takes::Password),
    command("redis-cli", &["-a"], Takes::Password),
    command("ldapsearch", &["-w"], Takes::Password),
    command("ldapadd", &["-w"], Takes::Password),
    command("ldapmodify", &["-w"], Takes::Password),
    command("ldapwhoami", &["-w"], Takes::Password),
    command("openssl enc", &["-k"], Takes::Password),
    command("psexec", &["-p"], Takes::Password).with_user("-u"),
    command("psexec.exe", &["-p"], Takes::Password).with_user("-u"),
    command("plink", &["-pw"], Takes::Password),
    command("pscp", &["-pw"], Takes::Password),
    command("psftp", &["-pw"], Takes::Password),
    command("sqlcmd", &["-P"], Takes::Password),
];

/// How far behind the command a flag is looked for.
const COMMAND_MAX: usize = 1024;
const ARGUMENT_MAX: usize = 256;
/// A user name of this length with letters and digits is a key.
const USER_KEY_MIN: usize = 20;

/// `at` is where the command stands. Returns how far its flags were looked for.
pub(crate) fn at(scan: &mut Scan<'_>, at: usize, command: &Command) -> usize {
    let text = scan.text;
    let mut end = at + command.name.len();
    if !scan.wants(Kind::NamedSecret)
        || before(text, at).is_some_and(|b| b.is_ascii_alphanumeric())
        || !matches!(text.get(end), Some(b' ' | b'\t' | b'.'))
    {
        return end;
    }
    let from = end;
    let limit = text.len().min(end + COMMAND_MAX);
    for dash in memchr::memchr_iter(b'-', &text[from..limit]).map(|dash| from + dash) {
        if dash < end || before(text, dash) != Some(b' ') {
            continue;
        }
        if !is_one_command(&text[end..dash]) {
            return end;
        }
        end = dash;
        if let Some(flag) = command.user.filter(|flag| text[dash..].starts_with(flag.as_bytes()))
            && let Some(argument) = argument(text, dash + flag.len(), true, Takes::Password)
        {
            user(scan, at, argument);
            continue;
        }
        let Some(flag) =
            command.flags.iter().find(|flag| text[dash..].starts_with(flag.as_bytes()))
        else {
            continue;
        };
        let Some(argument) = argument(text, dash + flag.len(), flag.len() == 2, command.takes)
        else {
            continue;
        };
        match command.takes {
            Takes::UserAndPassword => user_and_password(scan, at, argument),
            Takes::Password | Takes::JoinedPassword => password(scan, at, argument),
        }
    }
    limit
}

/// Where the argument of the flag that ends at `at` stands.
fn argument(text: &[u8], at: usize, short: bool, takes: Takes) -> Option<Range<usize>> {
    let separators = text[at..].iter().take(4).take_while(|b| matches!(b, b' ' | b'=')).count();
    let joined = takes == Takes::JoinedPassword;
    if separators == 0 && !short || separators > 0 && joined {
        return None;
    }
    let from = at + separators;
    let mut quote = None;
    let len = text[from..]
        .iter()
        .take(ARGUMENT_MAX)
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
    (len < ARGUMENT_MAX).then_some(from..from + len)
}

fn is_quote(byte: &&u8) -> bool {
    matches!(byte, b'"' | b'\'')
}

fn password(scan: &mut Scan<'_>, command: usize, argument: Range<usize>) {
    let value = &scan.text[argument.clone()];
    let range = argument.start + value.iter().take_while(is_quote).count()
        ..argument.end - value.iter().rev().take_while(is_quote).count();
    let Some(password) = scan.text.get(range.clone()) else {
        return;
    };
    // A port is none.
    let number = password.len() < 6 && password.iter().all(u8::is_ascii_digit);
    if password.len() >= 3 && !number && !password.starts_with(b"-") && !is_reference(password) {
        scan.add(Kind::NamedSecret, "command-line-password", range, command..argument.end);
    }
}

fn user(scan: &mut Scan<'_>, command: usize, argument: Range<usize>) {
    let value = &scan.text[argument.clone()];
    let range = argument.start + value.iter().take_while(is_quote).count()
        ..argument.end - value.iter().rev().take_while(is_quote).count();
    if scan.text.get(range.clone()).is_some_and(is_user_name) {
        scan.add(Kind::UserName, "command-line-user-name", range, command..argument.end);
    }
}

fn user_and_password(scan: &mut Scan<'_>, command: usize, argument: Range<usize>) {
    let value = &scan.text[argument.clone()];
    let Some(colon) = memchr::memchr(b':', value) else {
        return;
    };
    let opening = value.iter().take_while(is_quote).count();
    let user = argument.start + opening..argument.start + colon;
    let mut secret = argument.start + colon + 1..argument.end;
    secret.start += value[colon + 1..].iter().take_while(is_quote).count();
    secret.end -= value[colon + 1..].iter().rev().take_while(is_quote).count();
    let text = scan.text;
    let name = text.get(user.clone()).unwrap_or_default();
    let mut add = |range| {
        scan.add(Kind::NamedSecret, "command-line-user", range, command..argument.end);
    };
    match text.get(secret.clone()) {
        Some(password) if password.len() >= 3 => {
            if !is_reference(password) && !password.starts_with(b"//") {
                add(secret);
            }
            // The user is the key, the password its secret half.
            if name.len() >= USER_KEY_MIN && is_plainly_random(name) {
                add(user);
            } else if is_user_name(name) {
                scan.add(Kind::UserName, "command-line-user-name", user, command..argument.end);
            }
        }
        // `-u "token:"`: the user name is the secret.
        _ if name.len() >= 8 && super::tokens::letters_and_digits(name) => add(user),
        _ => {}
    }
}

/// Whether no line ends in `text`, but where a backslash continues it.
fn is_one_command(text: &[u8]) -> bool {
    memchr::memchr_iter(b'\n', text).all(|at| text[..at].trim_ascii_end().ends_with(b"\\"))
}
