//! Tokens whose format names their issuer: the formats, and how they are matched.
//!
//! To add a format, put an entry into the table it belongs to: a name, the
//! fixed texts one of which every token holds, what follows, and examples. The
//! examples are the entry's documentation and its tests; they are random, none
//! was ever in use.

mod cloud;
mod commerce;
mod development;
mod format;
mod identity;
mod intelligence;
mod operations;
mod services;
#[cfg(test)]
mod tests;
mod webhooks;

use format::{Part, Removes};
pub(crate) use format::{TokenRule, letters_and_digits};

use super::Scan;
use crate::bytes::{left_edge, right_edge};
use crate::kind::Kind;

/// Every format.
pub(crate) fn all() -> impl Iterator<Item = &'static TokenRule> {
    [
        cloud::RULES,
        commerce::RULES,
        development::RULES,
        identity::RULES,
        intelligence::RULES,
        operations::RULES,
        services::RULES,
        webhooks::RULES,
    ]
    .into_iter()
    .flatten()
}

/// Judges the place where an anchor of a rule occurs.
pub(crate) fn at(scan: &mut Scan<'_>, at: usize, anchor: &str, rule: &TokenRule) {
    let text = scan.text;
    let start = match rule.head {
        None => at,
        Some((set, min, max)) => {
            let len = set.run_back(&text[..at], max + 1);
            if len < min || len > max {
                return;
            }
            at - len
        }
    };
    let evidence_start = if rule.begins_in_word() {
        start
    } else if let Some(edge) = left_edge(text, start) {
        edge
    } else {
        return;
    };
    let body = at + anchor.len();
    let Some(end) = match_body(scan, body, rule.body) else {
        return;
    };
    if !right_edge(text, end) || rule.check.is_some_and(|check| !check(&text[start..end])) {
        return;
    }
    let from = match rule.removes {
        Removes::Whole => start,
        Removes::AfterAnchor => body,
    };
    scan.add(Kind::Token, rule.id, from..end, evidence_start..end);
}

/// Where the match of `parts` at `at` ends.
fn match_body(scan: &mut Scan<'_>, mut at: usize, parts: &[Part]) -> Option<usize> {
    for part in parts {
        let rest = scan.text.get(at..)?;
        at += match part {
            Part::Run(set, min, max) => {
                let len = scan.runs.at(scan.text, at, set, max + 1);
                (*min <= len && len <= *max).then_some(len)?
            }
            Part::Take(set, len) => (set.run(rest, *len) == *len).then_some(*len)?,
            Part::Text(fixed) => rest.starts_with(fixed.as_bytes()).then_some(fixed.len())?,
        };
    }
    Some(at)
}
