//! Formats and names of the caller's own.

use super::Scan;
use super::gap::{Link, after_key};
use super::value::extract;
use crate::bytes::{URL64, WORD, before, left_edge, right_edge};
use crate::kind::Kind;
use crate::own::OWN_MAX;

pub(super) fn run(scan: &mut Scan<'_>) {
    let own = &scan.settings.own;
    if let Some(prefixes) = &own.prefixes {
        for found in prefixes.find_overlapping_iter(scan.text) {
            let min = own.formats.get(found.pattern().as_usize()).map_or(0, |format| format.min);
            token(scan, found.start(), found.end(), min);
        }
    }
    if let Some(names) = &own.names_in_text {
        for found in names.find_overlapping_iter(scan.text) {
            name(scan, found.start(), found.end());
        }
    }
}

fn token(scan: &mut Scan<'_>, start: usize, body: usize, min: usize) {
    let Some(evidence) = left_edge(scan.text, start) else {
        return;
    };
    let len = scan.runs.at(scan.text, body, &URL64, OWN_MAX);
    if len >= min && len < OWN_MAX {
        scan.add(Kind::Token, "own-format", start..body + len, evidence..body + len);
    }
}

/// The value under an own name goes, whatever it looks like.
fn name(scan: &mut Scan<'_>, start: usize, end: usize) {
    let text = scan.text;
    let whole = !before(text, start).is_some_and(|b| WORD.has(b)) && right_edge(text, end);
    let Some(place) = after_key(text, start, end).filter(|_| whole) else {
        return;
    };
    if !matches!(place.link, Link::Assigned | Link::Stated | Link::Quoted) {
        return;
    }
    if let Some(value) = extract(text, &mut scan.runs, place.at, true) {
        scan.add(Kind::NamedSecret, "own-name", value.range, start..value.seen);
    }
}
