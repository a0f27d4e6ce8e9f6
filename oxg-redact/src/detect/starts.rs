//! The pass that says where a detector has to look: where words, numbers and a
//! few rare bytes stand.

use super::anchors::{self, Anchors};
use super::classes::{BLOCK, Classes, REACH, Window, runs_of};
use super::{Scan, email, numbers, tokens, url};
use crate::bytes::{ByteSet, before};

/// What may follow a name whose last word is run together with another.
static AFTER_NAME: ByteSet = ByteSet::new("=:\"'>\\]%(,` \t");
/// A run of letters and digits so long is no word.
const LONG_RUN: u32 = 32;

pub(super) fn run(scan: &mut Scan<'_>) {
    let text = scan.text;
    let anchors = Anchors::get();
    let mut state = anchors::State::default();
    let wants_numbers = numbers::wanted(scan);
    let mut classes = [Classes::default(), Classes::default(), Classes::of(text, 0)];
    for from in (0..text.len()).step_by(BLOCK) {
        classes = [classes[1], classes[2], Classes::of(text, from + BLOCK)];
        let [last, this, next] = classes;
        let window = Window::new(last, this, next);
        let Window { alnum, digits, .. } = window;
        let letters = alnum & !digits;
        let starts = alnum & !(alnum << 1);
        for at in Window::block(words(&window) | starts & letters) {
            let at = from + at;
            anchors.at_word(scan, &mut state, at);
            // What begins with the `n` of `\n` begins behind it.
            if before(text, at) == Some(b'\\') {
                anchors.at_word(scan, &mut state, at + 1);
            }
        }
        // `%3Dpassword`, `%22password`, `ESC[31mpassword`.
        let near = starts << 1 | starts << 2 | starts << 3;
        for at in Window::block(letters & digits << 1 & near) {
            anchors.at_word(scan, &mut state, from + at);
            anchors.at_word(scan, &mut state, from + at + 1);
        }
        // The ends of words of at least five letters.
        let five = letters & letters << 1 & letters << 2 & letters << 3 & letters << 4;
        for at in Window::block(five & !(alnum >> 1)) {
            let end = from + at + 1;
            if text.get(end).is_some_and(|b| AFTER_NAME.has(*b)) {
                anchors.at_word_end(scan, &mut state, end);
            }
        }
        for at in Window::block(starts & runs_of(alnum, LONG_RUN)) {
            tokens::at_long_run(scan, from + at);
        }
        if wants_numbers {
            numbers::at_block(scan, from, &window);
        }
    }
    const { assert!(LONG_RUN <= REACH) };
    let mut at_signs = email::AtSigns::default();
    for at in memchr::memchr3_iter(b'@', anchors::RARE[0], anchors::RARE[1], text) {
        if text[at] == b'@' {
            email::at(scan, &mut at_signs, at);
            url::at(scan, &mut at_signs, at);
        } else {
            anchors.at_rare(scan, &mut state, at);
        }
    }
}

/// Where a word begins within a run of letters: `accessToken`, `APIKey`.
#[inline]
fn words(window: &Window) -> u128 {
    let Window { alnum, digits, capitals } = *window;
    let small = alnum & !digits & !capitals;
    capitals & (small << 1 | capitals << 1 & small >> 1)
}
