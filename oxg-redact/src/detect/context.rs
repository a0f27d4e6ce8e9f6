//! Words in front of a number that tell what it is.

use super::Scan;
use crate::bytes::before;

/// How far in front of a number the word is looked for.
const BACK: usize = 40;

/// What a word may announce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Announced {
    Ssn,
    Passport,
    Card,
}

impl Announced {
    pub(super) const ALL: [Self; 3] = [Self::Ssn, Self::Passport, Self::Card];

    /// The words that announce it, in small letters.
    pub(super) const fn words(self) -> &'static [&'static str] {
        match self {
            Self::Ssn => &["ssn", "social", "itin", "taxpayer", "tin"],
            Self::Passport => &["passport", "passeport", "reisepass", "pasaporte"],
            Self::Card => &["card", "cards", "creditcard", "pan", "visa", "mastercard", "amex"],
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// What words of a text announced so far.
#[derive(Default)]
pub(super) struct Announcements(u8);

impl Announcements {
    pub(super) fn is_empty(&self) -> bool {
        self.0 == 0
    }

    pub(super) fn add(&mut self, what: Announced) {
        self.0 |= what.bit();
    }
}

impl Scan<'_> {
    /// Whether a word in front of `at`, on the same line, announces `what`.
    /// Returns where the evidence for that begins.
    pub(super) fn announced(&self, at: usize, what: Announced) -> Option<usize> {
        if self.announcements.0 & what.bit() == 0 {
            return None;
        }
        let from = at.saturating_sub(BACK);
        let near = self.text.get(from..at)?;
        let mut head = [0; BACK];
        let head = head.get_mut(..near.len())?;
        head.copy_from_slice(near);
        head.make_ascii_lowercase();
        let line = memchr::memrchr(b'\n', head).map_or(0, |end| end + 1);
        let words = what.words().iter();
        words.filter_map(|word| self.last(from + line, &head[line..], word.as_bytes())).min()
    }

    /// The last place where a word stands that is no part of another. `near` is
    /// the text from `from` on, in small letters.
    fn last(&self, from: usize, near: &[u8], word: &[u8]) -> Option<usize> {
        let (first, rest) = word.split_first()?;
        memchr::memrchr_iter(*first, near)
            .find(|at| {
                let begins =
                    !before(self.text, from + at).is_some_and(|b| b.is_ascii_alphanumeric());
                begins && near[at + 1..].starts_with(rest)
            })
            .map(|at| from + at)
    }
}
