//! The pass that says where a detector has to look: where words, numbers and a
//! few rare bytes stand.

use super::anchors::{self, Anchors};
use super::classes::{BLOCK, Window};
use super::{Scan, email, numbers, phone, url};
use crate::bytes::{ByteSet, escape_len};
use crate::kind::Kind;

/// What follows a name whose last word is run together with another.
static AFTER_NAME: ByteSet = ByteSet::new("=:\"'>\\]%(,`");
/// The same behind a blank.
static AFTER_BLANK: ByteSet = ByteSet::new("=:\"'");

pub(super) fn run(scan: &mut Scan<'_>) {
    let text = scan.text;
    let anchors = Anchors::get();
    let mut state = anchors::State::default();
    let wants_numbers = numbers::wanted(scan);
    let mut window = Window::first(text);
    let mut rare = false;
    for from in (0..text.len()).step_by(BLOCK) {
        rare |= window.has_rare();
        // In order, wherever blocks end: what a name tells depends on the one before.
        let starts = window.word_starts();
        let ends = window.word_ends().only(|at| is_before_value(text, from + at + 1));
        for at in starts.or(ends) {
            if starts.has(at) {
                anchors.at_word(scan, &mut state, from + at);
            }
            if ends.has(at) {
                anchors.at_word_end(scan, &mut state, from + at + 1);
            }
        }
        for at in window.long_runs() {
            anchors.at_long_run(scan, from + at);
        }
        // Behind the words, which tell what numbers are.
        if wants_numbers {
            numbers::at_block(scan, from, &window);
        }
        window.advance(text, from + 2 * BLOCK);
    }
    if rare {
        rare_bytes(scan, anchors);
    }
}

/// Whether what follows a name begins at `at`.
#[inline]
fn is_before_value(text: &[u8], at: usize) -> bool {
    match text.get(at) {
        Some(b' ') => text.get(at + 1).is_some_and(|b| AFTER_BLANK.has(*b)),
        after => after.is_some_and(|b| AFTER_NAME.has(*b)),
    }
}

/// Looks beside each of [`classes::RARE`](super::classes::RARE).
fn rare_bytes(scan: &mut Scan<'_>, anchors: &Anchors) {
    // Of its own: what stood last in the text tells nothing about its beginning.
    let mut state = anchors::State::default();
    let mut at_signs = email::AtSigns::default();
    for at in memchr::memchr3_iter(b'@', anchors::RARE[0], anchors::RARE[1], scan.text) {
        if scan.text[at] == b'@' {
            email::at(scan, &mut at_signs, at);
            url::at(scan, &mut at_signs, at);
        } else {
            anchors.at_rare(scan, &mut state, at);
        }
    }
    // What stands behind an escape begins in the middle of a word.
    for at in memchr::memchr3_iter(b'\\', b'%', b'\x1b', scan.text) {
        if let Some(len) = escape_len(&scan.text[at..]) {
            anchors.at_word(scan, &mut state, at + len);
        }
    }
    if scan.wants(Kind::Phone) {
        for at in memchr::memchr_iter(b'+', scan.text) {
            phone::international(scan, at);
        }
    }
}
