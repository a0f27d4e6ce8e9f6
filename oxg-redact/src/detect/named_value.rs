//! Whether the value of a key looks like a secret.

use super::value::Found;
use crate::names::{Sensitivity, classify};

/// What is judged of a value.
const JUDGED: usize = 96;

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
#[rustfmt::skip]
const NO_VALUES: &[&str] = &[
    "accepted", "and", "any", "apikey", "are", "bool", "boolean", "bytes", "changed", "const",
    "default", "denied", "disabled", "empty", "enabled", "enter", "example", "expired",
    "failed", "false", "filtered", "for", "found", "here", "hidden", "incorrect", "int",
    "integer", "invalid", "is", "key", "masked", "missing", "must", "nil", "no", "none", "not",
    "null", "number", "object", "off", "omitted", "on", "optional", "passphrase", "passwd",
    "password", "please", "private", "public", "received", "redacted", "removed", "required",
    "reset", "secret", "self", "sent", "should", "str", "string", "text", "the", "this",
    "token", "true", "undefined", "unknown", "unset", "value", "was", "wrong", "yes", "your",
];

/// Longest of them.
const NO_VALUE_MAX: usize = 10;

/// Whether a value whose key has this sensitivity is a secret.
pub(crate) fn looks_secret(
    value: &[u8],
    sensitivity: Sensitivity,
    found: &Found,
    trust_names: bool,
) -> bool {
    // So much of it tells.
    let value = value.get(..JUDGED).unwrap_or(value).trim_ascii();
    if value.len() < 3 || is_reference(value) || is_code(value, found) {
        return false;
    }
    // `password "password"`: between quotes it is a value after all.
    if trust_names && found.quoted && sensitivity == Sensitivity::Certain {
        return true;
    }
    if is_no_value(value) {
        return false;
    }
    if trust_names && sensitivity > Sensitivity::Hint {
        return !is_name(value);
    }
    let fits = match sensitivity {
        Sensitivity::Certain => looks_like_password(value, found),
        Sensitivity::Suspect => looks_like_token(value),
        Sensitivity::Hint => looks_like_key(value),
    };
    fits && !is_name(value)
}

pub(super) fn is_no_value(value: &[u8]) -> bool {
    value.len() <= NO_VALUE_MAX
        && value.iter().all(u8::is_ascii_alphabetic)
        && NO_VALUES
            .iter()
            .any(|word| word.len() == value.len() && word.as_bytes().eq_ignore_ascii_case(value))
}

/// The name of another secret, as in `PASSWORD_KEY = "db_password"`.
fn is_name(value: &[u8]) -> bool {
    let joined = value.iter().any(|b| matches!(b, b'_' | b'-'));
    joined
        && value.iter().all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-'))
        && classify(value).is_some_and(|sensitivity| sensitivity > Sensitivity::Hint)
}

/// Beginnings of paths and of references to a store of secrets.
const PATHS: &[&str] =
    &["data:", "/run/", "/etc/", "/var/", "/tmp/", "./", "~/", "../", "file://", "vault:", "ssm:"];
/// Beginnings of code that fetches a value.
const FETCHES: &[&str] = &["env.", "os.", "process.", "config.", "self.", "this.", "*", "&"];

/// Code that fetches the value, or a path to it.
fn is_code(value: &[u8], found: &Found) -> bool {
    let starts = |list: &[&str]| list.iter().any(|s| value.starts_with(s.as_bytes()));
    let may_be_path = matches!(value, [b'/' | b'.' | b'~' | b'd' | b'f' | b'v' | b's', ..]);
    if may_be_path && starts(PATHS) || value.starts_with(b"/") && is_words(value) {
        return true;
    }
    let dotted = || {
        value.contains(&b'.')
            && value.split(|b| *b == b'.').all(|part| {
                part.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_')
                    && part.iter().all(|b| b.is_ascii_alphabetic() || *b == b'_')
            })
    };
    !found.quoted && (starts(FETCHES) || dotted())
}

/// Most blanks in a passphrase. A sentence has more.
const BLANKS_MAX: usize = 4;

fn looks_like_password(value: &[u8], found: &Found) -> bool {
    if value.starts_with(b"0x") && value.len() <= 10 {
        return false;
    }
    let letters_only = value.iter().all(u8::is_ascii_alphabetic);
    if value.contains(&b' ') {
        return is_passphrase(value);
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

/// A few words none of which a sentence about a secret is made of.
fn is_passphrase(value: &[u8]) -> bool {
    let blanks = value.iter().filter(|b| **b == b' ').count();
    let words = || value.split(|b| *b == b' ');
    value.len() < 64
        && blanks <= BLANKS_MAX
        && !words().any(is_no_value)
        && (blanks < 3 && value.iter().any(u8::is_ascii_digit)
            || words().all(|word| word.len() > 2 && word.iter().all(u8::is_ascii_lowercase)))
}

/// Digits alone are a token from this length on; shorter ones are times and counts.
const LONG_NUMBER: usize = 15;
/// Fewest bytes of a token.
const TOKEN_MIN: usize = 8;

/// What a value is made of.
struct Shape {
    digits: usize,
    upper: usize,
    lower: usize,
    distinct: usize,
}

impl Shape {
    /// Of a value in printable ASCII.
    fn of(value: &[u8]) -> Option<Self> {
        let (mut digits, mut upper, mut lower, mut seen) = (0, 0, 0, 0u128);
        for byte in value {
            match byte {
                b'0'..=b'9' => digits += 1,
                b'A'..=b'Z' => upper += 1,
                b'a'..=b'z' => lower += 1,
                b'!'..=b'~' => {}
                _ => return None,
            }
            seen |= 1 << (byte & 127);
        }
        Some(Self { digits, upper, lower, distinct: seen.count_ones() as usize })
    }
}

fn looks_like_token(value: &[u8]) -> bool {
    if value.len() < TOKEN_MIN {
        return false;
    }
    let Some(shape) = Shape::of(value) else {
        return is_salt(value);
    };
    let letters = shape.upper + shape.lower;
    let mixed = shape.digits > 0 && letters > 0
        || shape.digits >= LONG_NUMBER && shape.digits == value.len();
    let changes_case = value.len() >= 16 && shape.upper >= 3 && shape.lower >= 3;
    (mixed || changes_case)
        && shape.distinct >= value.len().min(24) / 3 + 2
        // The name of an account of Windows, a pointer, the id of a session of ZooKeeper.
        && !value.starts_with(b"S-1-")
        && !(value.starts_with(b"0x") && value.len() <= 18)
        && !value.windows(3).any(|w| w == b"://")
        && !is_words(value)
}

/// Printable characters of all sorts, blanks among them, as generators of salts
/// make them.
fn is_salt(value: &[u8]) -> bool {
    let count = |class: fn(&u8) -> bool| value.iter().filter(|b| class(b)).count();
    value.len() >= 24
        && value.iter().all(|b| (b' '..=b'~').contains(b))
        && count(u8::is_ascii_punctuation) * 5 >= value.len()
        && count(u8::is_ascii_digit) >= 2
        && count(|b| *b == b' ') * 8 <= value.len()
}

/// Fewest bytes of a key whose name hardly tells.
const KEY_MIN: usize = 20;

/// A long token that is neither a UUID nor a digest.
fn looks_like_key(value: &[u8]) -> bool {
    let small_hex = value.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f' | b'-'));
    let digest = small_hex && matches!(value.len(), 32 | 36 | 40 | 56 | 64 | 96 | 128..);
    value.len() >= KEY_MIN && !digest && is_plainly_random(value)
}

/// Letters and digits in turn, with no word of a sentence, path or host in it.
pub(super) fn is_plainly_random(value: &[u8]) -> bool {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"+/=_-.~!".contains(b);
    let dots = value.iter().filter(|b| **b == b'.').count();
    let turns = value.windows(2).filter(|w| w[0].is_ascii_digit() != w[1].is_ascii_digit()).count();
    turns >= 3 && dots < 3 && value.iter().all(plain) && looks_like_token(value)
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
