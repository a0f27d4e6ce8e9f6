//! The fixed texts that say where a detector has to look.

use std::sync::LazyLock;

use super::prefilter::{Needle, Prefilter};
use super::tokens::{self, TokenRule};
use super::{Scan, authorization, curl, jwt, named, pem, phone, url};
use crate::names::STEMS;

/// What to do where a text occurs.
#[derive(Clone, Copy)]
enum Action {
    Token(&'static TokenRule),
    Pem,
    Jwt,
    Authorization(&'static str),
    Url,
    Name,
    PhoneWord,
    Curl,
    CurlFlag,
}

static ANCHORS: LazyLock<Prefilter<Action>> = LazyLock::new(|| {
    let exact = |text, action| Needle { text, next: None, ignore_case: false, action };
    let folded = |text, action| Needle { text, next: None, ignore_case: true, action };
    let mut needles = vec![
        exact(pem::ANCHOR, Action::Pem),
        exact(jwt::ANCHOR, Action::Jwt),
        exact("://", Action::Url),
        exact(curl::COMMAND, Action::Curl),
    ];
    for rule in tokens::all() {
        needles.extend(rule.anchors.iter().map(|text| Needle {
            text,
            next: rule.next(),
            ignore_case: false,
            action: Action::Token(rule),
        }));
    }
    needles.extend(authorization::SCHEMES.iter().map(|s| folded(s, Action::Authorization(s))));
    needles.extend(STEMS.iter().map(|s| folded(s, Action::Name)));
    needles.extend(phone::WORDS.iter().map(|w| folded(w, Action::PhoneWord)));
    needles.extend(curl::FLAGS.iter().map(|f| exact(f, Action::CurlFlag)));
    Prefilter::new(needles)
});

pub(crate) fn run(scan: &mut Scan<'_>) {
    // Stems share keys ("auth_token"); a key is judged once.
    let mut last_name = 0..0;
    let mut command = None;
    ANCHORS.search(scan.text, |at, needle| {
        let range = at..at + needle.text.len();
        match needle.action {
            Action::Name => named::at(scan, range, &mut last_name),
            Action::Authorization(scheme) => authorization::at(scan, at, scheme),
            Action::PhoneWord => phone::at_word(scan, range),
            Action::Curl => command = Some(at),
            Action::CurlFlag => curl::at(scan, command, range),
            Action::Token(rule) => tokens::at(scan, at, needle.text, rule),
            Action::Pem => pem::at(scan, at),
            Action::Jwt => jwt::at(scan, at),
            Action::Url => url::at(scan, at),
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_anchor_of_two_bytes_says_what_may_follow_it() {
        for rule in tokens::all() {
            for anchor in rule.anchors {
                assert!(anchor.len() > 2 || rule.next().is_some(), "{}: {anchor}", rule.id());
            }
        }
    }
}
