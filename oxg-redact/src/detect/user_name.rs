//! Names of users and accounts that a key announces. Off unless the policy is
//! strict: a log is often read for them.

use std::ops::Range;

use super::Scan;
use super::gap::{Link, after_key};
use super::named::NAME;
use super::named_value::{is_no_value, is_reference};
use super::value::extract;
use crate::bytes::before;
use crate::kind::Kind;
use crate::names::NAME_MAX;

/// What begins the last word of such a key.
pub(crate) const STEMS: &[&str] = &["user", "usr", "uid", "login"];
/// The last words of such a key.
const WORDS: &[&str] = &[
    "user",
    "users",
    "username",
    "usr",
    "uid",
    "userid",
    "user_id",
    "user_name",
    "user-id",
    "user-name",
    "user id",
    "user name",
    "login",
];
const LEN: std::ops::RangeInclusive<usize> = 2..=64;

/// `stem` is where the beginning of such a word stands.
pub(crate) fn at(scan: &mut Scan<'_>, stem: Range<usize>) {
    if !scan.wants(Kind::UserName) {
        return;
    }
    let text = scan.text;
    let rest = &text[stem.start..];
    let Some(word) = WORDS
        .iter()
        .filter(|word| {
            rest.get(..word.len()).is_some_and(|there| there.eq_ignore_ascii_case(word.as_bytes()))
                && !rest.get(word.len()).is_some_and(|b| NAME.has(*b))
        })
        .map(|word| word.len())
        .max()
    else {
        return;
    };
    let start = stem.start - NAME.run_back(&text[..stem.start], NAME_MAX);
    let end = stem.start + word;
    // `//user:password@host` is no key, nor is a part of a path.
    if matches!(before(text, start), Some(b'/')) {
        return;
    }
    let Some(place) = after_key(text, start, end) else {
        return;
    };
    let Some(value) = extract(text, &mut scan.runs, place.at, place.link == Link::Assigned) else {
        return;
    };
    let name = &text[value.range.clone()];
    let fits = value.quoted || matches!(place.link, Link::Assigned | Link::Stated);
    let one_line = memchr::memchr(b'\n', &text[end..value.range.start]).is_none();
    if fits && one_line && is_user_name(name) {
        let evidence = place.seen_from.unwrap_or(start).min(start)..value.seen;
        scan.add(Kind::UserName, "user-name", value.range, evidence);
    }
}

/// Whether a value may name a user: no number, no placeholder, no sentence.
pub(super) fn is_user_name(value: &[u8]) -> bool {
    LEN.contains(&value.len())
        && value.iter().any(u8::is_ascii_alphabetic)
        && value.iter().all(|b| b.is_ascii_graphic() || *b >= 0x80)
        && !is_reference(value)
        && !is_no_value(value)
}

#[cfg(test)]
mod tests {
    use crate::{Kind, Policy, Redactor};

    fn strict() -> Redactor {
        Redactor::builder().policy(Policy::Strict).build().unwrap()
    }

    #[test]
    fn a_user_name_goes_where_it_is_asked_for_and_stays_by_default() {
        for (text, name) in [
            ("connect user=svc_orders host=db", "svc_orders"),
            ("USERNAME=mwagner", "mwagner"),
            ("[mail]\nUsername: mwagner\n", "mwagner"),
            ("{\"userName\": \"mwagner\"}", "mwagner"),
            ("User Id=mwagner;Database=shop", "mwagner"),
            ("the role for user 'mwagner' was dropped", "mwagner"),
            ("smtp://mwagner:x8Zq1kd0@mail.example:25", "mwagner"),
            ("PsExec.exe \\\\build7 -u mwagner -p x8Zq1kd0 cmd", "mwagner"),
            ("curl -u mwagner:x8Zq1kd0 https://shop.example", "mwagner"),
        ] {
            let redacted = strict().redact(text).into_owned();
            assert!(redacted.contains("[REDACTED_USER]") && !redacted.contains(name), "{redacted}");
            assert!(Redactor::default().redact(text).contains(name), "{text}");
        }
    }

    #[test]
    fn what_names_no_user_stays() {
        let only = Redactor::builder().policy(Policy::LogsOnly).kind(Kind::UserName, true);
        let only = only.build().unwrap();
        for text in [
            "uid=1000 gid=1000",
            "user=null",
            "user: ${DB_USER}",
            "session opened for user root by (uid=0)",
            "GET /users/login HTTP/1.1",
            "username is required",
            "user_count=12 users: 4",
            "users: 12 of 40 online",
        ] {
            assert_eq!(only.redact(text), text);
        }
    }
}
