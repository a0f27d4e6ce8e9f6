//! Values whose key names a secret: `key=value`, `key: value`, JSON, YAML, TOML,
//! XML, query strings, environment dumps, command-line flags, source code.

use std::ops::Range;

use super::Scan;
use super::gap::{BLANKS_MAX, Link, Place, after_key, blanks};
use super::named_value::{is_plainly_random, looks_secret};
use super::pair;
use super::value::{Found, extract, next_in_list};
use crate::bytes::{ALNUM, ByteSet, HEX, LETTER, before};
use crate::kind::Kind;
use crate::names::{NAME_MAX, Sensitivity, classify};

pub(super) static NAME: ByteSet = ByteSet::new("0-9A-Za-z_.-");
/// Most values of one key: a list, a tuple, the arguments of a call.
const VALUES_MAX: usize = 16;

/// Words before a secret that are no key: of SQL, PowerShell, network devices.
pub(crate) const PHRASES: &[&str] = &[
    "identified by ",
    "mysql_native_password by ",
    "caching_sha2_password by ",
    "convertto-securestring ",
    "convertto-securestring -string ",
    "snmp-server community ",
];

/// Judges what follows a phrase.
pub(crate) fn after_phrase(scan: &mut Scan<'_>, phrase: Range<usize>) {
    let place = Place { at: phrase.end, link: Link::Directive, seen_from: None };
    let Some(value) = extract(scan.text, &mut scan.runs, place.at, false) else {
        return;
    };
    if let Some(secret) = judge(scan, Sensitivity::Certain, value, &place) {
        scan.add(Kind::NamedSecret, "named-secret", secret.range, phrase.start..secret.seen);
    }
}

/// Judges the key that holds the stem at `stem`. `alone` is what the stem tells
/// as a name by itself, `last` the key judged before.
pub(crate) fn at(
    scan: &mut Scan<'_>,
    stem: Range<usize>,
    alone: Option<Sensitivity>,
    last: &mut Range<usize>,
) {
    if last.start <= stem.start && stem.end <= last.end || !scan.wants(Kind::NamedSecret) {
        return;
    }
    let text = scan.text;
    let start = stem.start - NAME.run_back(&text[..stem.start], NAME_MAX + 1);
    let end = stem.end + NAME.run(&text[stem.end..], NAME_MAX + 1);
    // An anchor that ends later may begin before.
    if end > last.end {
        *last = start..end;
    }
    let whole = (start..end) == stem && !changes_case(&text[stem]);
    if whole && alone.is_none() {
        return;
    }
    let mut evidence = start;
    let start = start + escape_in_front(text, start);
    let Some(place) = after_key(text, start, end) else {
        return;
    };
    if place.link.is_loose() && is_prose(text, place.at) {
        return;
    }
    match before(text, start) {
        // `checksum/secret: …` of a chart.
        Some(b'/') if text[..start].ends_with(b"checksum/") => return,
        // A part of a name: `arn:aws:secretsmanager:…:secret:name`.
        Some(b':') if place.link == Link::Stated => return,
        _ => {}
    }
    let own = if whole { alone } else { classify(&text[start..end]) };
    let sensitivity = match (own, classify_with_word_before(text, start, end)) {
        (own, Some((with_word, from))) if own < Some(with_word) => {
            evidence = from;
            with_word
        }
        (Some(own), _) => own,
        (None, _) => return,
    };
    evidence = evidence.min(place.seen_from.unwrap_or(evidence));
    let mut at = place.at;
    let mut listed = false;
    for _ in 0..VALUES_MAX {
        let Some(value) = extract(text, &mut scan.runs, at, place.link == Link::Assigned) else {
            return;
        };
        let opening = &text[place.at.saturating_sub(1)..value.range.start];
        listed |= opening.iter().any(|b| matches!(b, b'(' | b'[' | b'{'));
        let next = if listed { next_in_list(text, &value) } else { None };
        // `pass=12 fail=3`
        let count = end - start == 4 && text[value.range.clone()].iter().all(u8::is_ascii_digit);
        if count && sensitivity == Sensitivity::Certain {
            return;
        }
        if let Some(secret) = judge(scan, sensitivity, value, &place) {
            // What the value holds need not be judged: it goes as a whole, unless a marker
            // beside it keeps it. Other keys may stand between a key and the value of its
            // sibling.
            let between = text.get(last.end..secret.range.start).unwrap_or_default();
            let stays = scan.is_beside_marker(&secret.range, evidence..secret.seen);
            if !stays && !between.iter().any(u8::is_ascii_alphabetic) {
                last.end = last.end.max(secret.range.end);
            }
            scan.add(Kind::NamedSecret, "named-secret", secret.range, evidence..secret.seen);
        }
        match next {
            Some(next) => at = next,
            None => return,
        }
    }
}

/// Whether a word of letters is several by its capitals: `passWord`.
fn changes_case(word: &[u8]) -> bool {
    word.iter().skip(1).any(u8::is_ascii_uppercase) && word.iter().any(u8::is_ascii_lowercase)
}

/// Length of an escape whose last characters were taken for the start of the
/// name: `\n`, `%22`.
fn escape_in_front(text: &[u8], start: usize) -> usize {
    match (before(text, start), &text[start..]) {
        (Some(b'\\'), [b'n' | b't' | b'r', ..]) => 1,
        (Some(b'%'), [a, b, ..]) if HEX.has(*a) && HEX.has(*b) => 2,
        _ => 0,
    }
}

/// Judges `API Key` by both words, where only the last is part of the name.
fn classify_with_word_before(
    text: &[u8],
    start: usize,
    end: usize,
) -> Option<(Sensitivity, usize)> {
    let key = text.get(start..end)?;
    if !key.eq_ignore_ascii_case(b"key") || before(text, start) != Some(b' ') {
        return None;
    }
    let word = ALNUM.run_back(&text[..start - 1], NAME_MAX);
    let from = start - 1 - word;
    classify(text.get(from..end)?).map(|sensitivity| (sensitivity, from))
}

/// What to remove of a value, if it is a secret.
fn judge(
    scan: &mut Scan<'_>,
    sensitivity: Sensitivity,
    value: Found,
    place: &Place,
) -> Option<Found> {
    let text = scan.text;
    if !value.quoted && (is_code(&text[value.range.end..]) || place.link.needs_quotes()) {
        return None;
    }
    let found = match scheme_len(&text[value.range.clone()], &text[value.range.start..]) {
        0 => value,
        len if value.quoted => Found { range: value.range.start + len..value.range.end, ..value },
        len => extract(text, &mut scan.runs, value.range.start + len, false)?,
    };
    let bytes = &text[found.range.clone()];
    let sensitivity = match place.link {
        Link::Beside | Link::BesideQuoted => sensitivity.min(Sensitivity::Suspect),
        _ => sensitivity,
    };
    let random = || found.quoted || is_plainly_random(bytes);
    let fits = match place.link {
        Link::BesideQuoted => is_plainly_random(bytes),
        Link::Beside | Link::Directive if sensitivity == Sensitivity::Hint => found.quoted,
        Link::Beside => random() && !is_fingerprint(bytes),
        Link::Directive => random() || sensitivity == Sensitivity::Certain && is_odd(bytes),
        _ => true,
    };
    (fits && looks_secret(bytes, sensitivity, &found, scan.settings.trust_names)).then_some(found)
}

/// Whether a word of letters stands at `at` or behind blanks there, as none of
/// the secrets that a loose link leads to.
fn is_prose(text: &[u8], at: usize) -> bool {
    let at = at + blanks(&text[at..], BLANKS_MAX);
    let letters = LETTER.run(&text[at..], NAME_MAX);
    letters > 0 && text.get(at + letters).is_none_or(|b| b" \t\r\n,;".contains(b))
}

impl Link {
    /// Whether only what looks random or stands between quotes counts.
    fn is_loose(self) -> bool {
        matches!(self, Self::Beside | Self::BesideQuoted | Self::Directive)
    }

    fn needs_quotes(self) -> bool {
        matches!(self, Self::Quoted | Self::BesideQuoted)
    }
}

/// Bare words before a bracket are code: a call, a type, an index, a literal.
fn is_code(behind: &[u8]) -> bool {
    match behind {
        [b'<', b'/', ..] => false,
        [b'(' | b'[' | b'{' | b'<', ..] | [b' ', b'{', ..] => true,
        _ => false,
    }
}

/// A fingerprint of a key, as tools print it behind the word.
fn is_fingerprint(value: &[u8]) -> bool {
    value.iter().all(|b| HEX.has(*b) || *b == b':') || value.starts_with(b"0x")
}

/// Letters and digits or punctuation: `tr0ub4dor`, not a word of prose.
fn is_odd(value: &[u8]) -> bool {
    value.len() >= 6
        && value.iter().any(u8::is_ascii_alphabetic)
        && value.iter().any(u8::is_ascii_digit)
}

/// Length of the word that names the scheme in `Authorization: Bearer …`, and
/// of the blank behind it.
fn scheme_len(value: &[u8], rest: &[u8]) -> usize {
    const SCHEMES: [&[u8]; 6] = [b"bearer", b"basic", b"token", b"apikey", b"digest", b"negotiate"];
    SCHEMES
        .iter()
        .find(|scheme| {
            value.len() >= scheme.len()
                && rest.get(scheme.len()) == Some(&b' ')
                && rest[..scheme.len()].eq_ignore_ascii_case(scheme)
        })
        .map_or(0, |scheme| scheme.len() + 1)
}

/// How many lines after this one, which ends in a line feed, may hold the value
/// of a key in it.
pub(crate) fn awaited_lines(line: &[u8]) -> usize {
    if pair::is_open_after(line) {
        return pair::LINES;
    }
    let line = line.trim_ascii_end();
    let open = match line.last() {
        Some(b':' | b'=' | b'\\') => true,
        // `=>`, `->`, an element that opens.
        Some(b'>') => {
            let tag = memchr::memrchr(b'<', line).map(|at| &line[at..]);
            line.ends_with(b"=>")
                || line.ends_with(b"->")
                || tag.is_some_and(|tag| !tag.starts_with(b"</"))
        }
        Some(b'~') => line.ends_with(b"=~"),
        _ => false,
    };
    usize::from(open)
}
