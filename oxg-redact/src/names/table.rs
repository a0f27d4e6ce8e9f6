//! Which lists a word is on, with one look-up for all of them.

use std::sync::LazyLock;

use super::Sensitivity;
use super::words::{
    ABOUT, CERTAIN, COUNTING, ENDS, KEY_OF, NO_KEY_OF, SERVICES, SESSION_WITH, SUSPECT,
};

/// The lists that a word is on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Lists(u8);

impl Lists {
    pub(super) const CERTAIN: Self = Self(1);
    pub(super) const SUSPECT: Self = Self(1 << 1);
    pub(super) const KEY_OF: Self = Self(1 << 2);
    pub(super) const SESSION_WITH: Self = Self(1 << 3);
    pub(super) const ABOUT: Self = Self(1 << 4);
    pub(super) const COUNTING: Self = Self(1 << 5);
    pub(super) const NO_KEY_OF: Self = Self(1 << 6);
    pub(super) const SERVICES: Self = Self(1 << 7);

    pub(super) const fn has(self, list: Self) -> bool {
        self.0 & list.0 != 0
    }
}

const BUCKETS: usize = 512;

/// Words whose hash is the same, each with its lists.
type Bucket = Vec<(&'static [u8], Lists)>;

static TABLE: LazyLock<Vec<Bucket>> = LazyLock::new(|| {
    let mut table: Vec<Bucket> = vec![Vec::new(); BUCKETS];
    let lists = [
        (CERTAIN, Lists::CERTAIN),
        (SUSPECT, Lists::SUSPECT),
        (KEY_OF, Lists::KEY_OF),
        (SESSION_WITH, Lists::SESSION_WITH),
        (ABOUT, Lists::ABOUT),
        (COUNTING, Lists::COUNTING),
        (NO_KEY_OF, Lists::NO_KEY_OF),
        (SERVICES, Lists::SERVICES),
    ];
    for (words, list) in lists {
        for word in words {
            let word = word.as_bytes();
            let entries = &mut table[bucket(word)];
            match entries.iter_mut().find(|(known, _)| *known == word) {
                Some((_, on)) => on.0 |= list.0,
                None => entries.push((word, list)),
            }
        }
    }
    table
});

/// The lists that a word in small letters is on.
pub(super) fn lists_of(word: &[u8]) -> Lists {
    TABLE
        .get(bucket(word))
        .into_iter()
        .flatten()
        .find(|(known, _)| *known == word)
        .map_or(Lists::default(), |(_, lists)| *lists)
}

fn bucket(word: &[u8]) -> usize {
    let at = |i: usize| word.get(i).copied().map_or(0, usize::from);
    (word.len() * 37 + at(0) * 5 + at(1) * 17 + at(word.len().saturating_sub(1)) * 3) % BUCKETS
}

/// Ends of words, each with what it tells.
type Ends = Vec<(&'static [u8], Sensitivity)>;

/// The ends of words by their last letter.
static BY_LAST: LazyLock<[Ends; 26]> = LazyLock::new(|| {
    std::array::from_fn(|letter| {
        let ends = ENDS.iter().map(|(end, sensitivity)| (end.as_bytes(), *sensitivity));
        ends.filter(|(end, _)| end.last().and_then(|b| letter_number(*b)) == Some(letter)).collect()
    })
});

/// What the end of a word in small letters tells.
pub(super) fn by_end(word: &[u8]) -> Option<Sensitivity> {
    let ends = BY_LAST.get(letter_number(*word.last()?)?)?;
    ends.iter().find(|(end, _)| word.ends_with(end)).map(|(_, sensitivity)| *sensitivity)
}

fn letter_number(byte: u8) -> Option<usize> {
    byte.is_ascii_lowercase().then(|| usize::from(byte - b'a'))
}
