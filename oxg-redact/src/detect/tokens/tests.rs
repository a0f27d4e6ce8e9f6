use super::*;
use crate::policy::{Policy, Settings};
use crate::spans::Span;

fn found_by(rule: &TokenRule, text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    crate::detect::run(text.as_bytes(), &Settings::new(Policy::Default), &mut spans);
    spans.retain(|span| span.detector == rule.id);
    spans
}

#[test]
fn every_format_finds_its_examples_whole_and_leaves_its_counter_examples() {
    let mut wrong = Vec::new();
    for rule in all() {
        assert!(!rule.hits.is_empty() && !rule.misses.is_empty(), "{}: examples", rule.id);
        for hit in rule.hits {
            let token = hit.replace('`', "");
            for text in [
                token.clone(),
                format!("x={token};"),
                format!("\"{token}\"\n"),
                format!("({token})"),
            ] {
                let at = text.find(&token).unwrap();
                let found = found_by(rule, &text).iter().any(|span| {
                    span.range.end == at + token.len()
                        && (span.range.start == at || rule.removes == Removes::AfterAnchor)
                });
                if !found {
                    wrong.push(format!("{}: not found in {text}", rule.id));
                }
            }
        }
        for miss in rule.misses {
            for text in [(*miss).to_owned(), format!("see {miss} there")] {
                if !found_by(rule, &text).is_empty() {
                    wrong.push(format!("{}: found in {text}", rule.id));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_format_finds_a_token_in_the_middle_of_a_word() {
    for rule in all().filter(|rule| rule.head.is_none() && !rule.begins_in_word()) {
        let token = rule.hits[0].replace('`', "");
        assert!(found_by(rule, &format!("z{token}")).is_empty(), "{}", rule.id);
    }
}

#[test]
fn names_of_formats_are_unique() {
    let mut ids: Vec<_> = all().map(|rule| rule.id).collect();
    ids.sort_unstable();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

#[test]
fn the_book_and_the_change_log_tell_how_many_formats_there_are() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let count = all().count();
    for (file, words) in [
        ("docs/src/redaction.md", format!("{count} of them in the tables")),
        ("CHANGELOG.md", format!("{count} token formats")),
    ] {
        let text = std::fs::read_to_string(root.join(file)).unwrap();
        assert!(text.contains(&words), "{file} does not say {words:?}");
    }
}

#[test]
fn the_book_lists_every_kind_by_its_marker() {
    let book = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/src/redaction.md");
    let book = std::fs::read_to_string(book).unwrap();
    for kind in Kind::ALL {
        assert!(book.contains(&format!("| `{}` |", kind.marker())), "{kind}");
    }
}
