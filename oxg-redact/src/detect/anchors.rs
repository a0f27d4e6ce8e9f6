//! The automaton that finds where a detector has to look.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::tokens::{self, TokenRule};
use super::{Scan, authorization, curl, email, jwt, named, pem, phone, url};
use crate::names::STEMS;

/// What to do where an anchor occurs.
#[derive(Clone, Copy)]
enum Action {
    Token(&'static TokenRule),
    Pem,
    Jwt,
    Authorization(&'static str),
    Url,
    Email,
    Name,
    PhoneWord,
    Curl,
}

struct Anchors {
    automaton: Option<AhoCorasick>,
    actions: Vec<(Action, &'static str)>,
}

static ANCHORS: LazyLock<Anchors> = LazyLock::new(|| {
    let mut actions = vec![
        (Action::Pem, pem::ANCHOR),
        (Action::Jwt, jwt::ANCHOR),
        (Action::Url, "://"),
        (Action::Email, "@"),
    ];
    for rule in tokens::all() {
        actions.extend(rule.anchors.iter().map(|a| (Action::Token(rule), *a)));
    }
    actions.extend(authorization::SCHEMES.iter().map(|s| (Action::Authorization(s), *s)));
    actions.extend(STEMS.iter().map(|s| (Action::Name, *s)));
    actions.extend(phone::WORDS.iter().map(|w| (Action::PhoneWord, *w)));
    actions.extend(curl::FLAGS.iter().map(|f| (Action::Curl, *f)));
    // Fails only for a table too large for the automaton, which a test would show.
    let automaton = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::DFA))
        .build(actions.iter().map(|(_, anchor)| anchor))
        .ok();
    Anchors { automaton, actions }
});

pub(crate) fn run(scan: &mut Scan<'_>) {
    let anchors = &*ANCHORS;
    let Some(automaton) = &anchors.automaton else {
        return;
    };
    // Stems share keys ("auth_token"); a key is judged once.
    let mut last_name = 0..0;
    for hit in automaton.find_overlapping_iter(scan.text) {
        let (action, anchor) = anchors.actions[hit.pattern().as_usize()];
        let at = hit.start();
        match action {
            Action::Name => named::at(scan, hit.range(), &mut last_name),
            Action::Authorization(scheme) => authorization::at(scan, at, scheme),
            Action::PhoneWord => phone::at_word(scan, hit.range()),
            Action::Curl => curl::at(scan, hit.range()),
            // All others are told apart by case.
            _ if !scan.text[at..].starts_with(anchor.as_bytes()) => {}
            Action::Token(rule) => tokens::at(scan, at, anchor, rule),
            Action::Pem => pem::at(scan, at),
            Action::Jwt => jwt::at(scan, at),
            Action::Url => url::at(scan, at),
            Action::Email => email::at(scan, at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_anchors_builds() {
        assert!(ANCHORS.automaton.is_some());
    }
}
