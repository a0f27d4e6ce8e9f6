//! The pass that says where a detector has to look: where words, numbers and a
//! few rare bytes stand.

use super::anchors::{self, Anchors};
use super::classes::{BLOCK, Classes, REACH, Window, runs_of};
use super::{Scan, email, numbers, phone, url};
use crate::bytes::{ByteSet, escape_len};
use crate::kind::Kind;

/// What follows a name whose last word is run together with another.
static AFTER_NAME: ByteSet = ByteSet::new("=:\"'>\\]%(,`");
/// A run of letters and digits so long is no word.
const LONG_RUN: u32 = 32;
const _: () = assert!(LONG_RUN <= REACH);

pub(super) fn run(scan: &mut Scan<'_>) {
    let text = scan.text;
    let anchors = Anchors::get();
    let mut state = anchors::State::default();
    let wants_numbers = numbers::wanted(scan);
    let mut classes = [Classes::default(), Classes::default(), Classes::of(text, 0)];
    let mut rare = false;
    for from in (0..text.len()).step_by(BLOCK) {
        classes = [classes[1], classes[2], Classes::of(text, from + BLOCK)];
        let [last, this, next] = classes;
        rare |= this.rare;
        let window = Window::new(last, this, next);
        for at in Window::block(word_starts(&window)) {
            anchors.at_word(scan, &mut state, from + at);
        }
        for at in Window::block(word_ends(&window)) {
            let end = from + at + 1;
            let named = match text.get(end..) {
                Some([b' ', after, ..]) => matches!(after, b'=' | b':' | b'"' | b'\''),
                Some([after, ..]) => AFTER_NAME.has(*after),
                _ => false,
            };
            if named {
                anchors.at_word_end(scan, &mut state, end);
            }
        }
        let long = long_runs(&window);
        if long != 0 {
            for at in Window::block(long) {
                anchors.at_long_run(scan, from + at);
            }
        }
        if wants_numbers {
            numbers::at_block(scan, from, &window);
        }
    }
    if rare {
        rare_bytes(scan, anchors, &mut state);
    }
}

/// Looks beside each of [`classes::RARE`](super::classes::RARE).
fn rare_bytes(scan: &mut Scan<'_>, anchors: &Anchors, state: &mut anchors::State) {
    let mut at_signs = email::AtSigns::default();
    for at in memchr::memchr3_iter(b'@', anchors::RARE[0], anchors::RARE[1], scan.text) {
        if scan.text[at] == b'@' {
            email::at(scan, &mut at_signs, at);
            url::at(scan, &mut at_signs, at);
        } else {
            anchors.at_rare(scan, state, at);
        }
    }
    // What stands behind an escape begins in the middle of a word.
    for at in memchr::memchr3_iter(b'\\', b'%', b'\x1b', scan.text) {
        if let Some(len) = escape_len(&scan.text[at..]) {
            anchors.at_word(scan, state, at + len);
        }
    }
    if scan.wants(Kind::Phone) {
        for at in memchr::memchr_iter(b'+', scan.text) {
            phone::international(scan, at);
        }
    }
}

/// Where words of letters begin, within a run of letters too: `accessToken`, `APIKey`.
#[inline]
fn word_starts(window: &Window) -> u128 {
    let Window { alnum, digits, capitals } = *window;
    let letters = alnum & !digits;
    let small = letters & !capitals;
    letters & !(alnum << 1) | capitals & (small << 1 | capitals << 1 & small >> 1)
}

/// The last bytes of words of at least five letters.
#[inline]
fn word_ends(window: &Window) -> u128 {
    let Window { alnum, digits, .. } = *window;
    let letters = alnum & !digits;
    let two = letters & letters << 1;
    two & two << 2 & letters << 4 & !(alnum >> 1)
}

#[inline]
fn long_runs(window: &Window) -> u128 {
    window.alnum & !(window.alnum << 1) & runs_of(window.alnum, LONG_RUN)
}
