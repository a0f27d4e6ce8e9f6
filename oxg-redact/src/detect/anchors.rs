//! The fixed texts that say which detector has to look at a place.

use std::sync::LazyLock;

use super::context::Announced;
use super::tokens::{self, TokenRule};
use super::{
    Scan, authorization, checksummed, commands, jwt, named, pem, phone, putty, user_name, wallet,
};
use crate::bytes::{ALNUM, ByteSet, LETTER};
use crate::names::{self, ENDS, SERVICES, STEMS, Sensitivity};

/// What to do where a text occurs.
#[derive(Clone, Copy)]
enum Action {
    Token(&'static TokenRule),
    Pem,
    Putty,
    Jwt,
    Authorization(&'static str),
    Name {
        /// What the text tells as a name by itself.
        alone: Option<Sensitivity>,
    },
    PhoneWord,
    Command(&'static commands::Command),
    Phrase,
    Wallet,
    Announce(Announced),
    UserName,
}

/// A text, and what is needed to compare it fast.
struct Anchor {
    text: &'static str,
    head: Head,
    ignore_case: bool,
    /// How far into the text the word begins by which it is found.
    lead: usize,
    action: Action,
}

/// The texts by the first three bytes of a word in them, or by the last three
/// bytes of the word that they end.
pub(super) struct Anchors {
    starts: Table,
    ends: Table,
    /// By the three bytes that a rare byte begins.
    rare_first: Table,
    /// By the three bytes that a rare byte ends.
    rare_last: Table,
    long_runs: Vec<LongRun>,
}

/// A token that is found by the end of a long run of letters and digits.
struct LongRun {
    rule: &'static TokenRule,
    anchor: &'static str,
    /// How far before the end of the run the anchor begins.
    back: usize,
}

/// Fewest letters of words run together.
const JOINED_MIN: usize = 5;
/// A run of letters and digits so long is no word.
const LONG_RUN_MIN: usize = 32;
/// Longest run of letters and digits whose end is looked at.
const LONG_RUN_MAX: usize = 128;

/// What earlier anchors of a text told.
#[derive(Default)]
pub(super) struct State {
    /// The name judged last. Stems share names ("auth_token"); one is judged once.
    name: std::ops::Range<usize>,
    /// The command judged last, and how far its flags were looked for.
    flags: (&'static str, usize),
}

static ANCHORS: LazyLock<Anchors> = LazyLock::new(Anchors::new);

impl Anchors {
    pub(super) fn get() -> &'static Self {
        &ANCHORS
    }

    fn new() -> Self {
        let mut all = vec![
            Anchor::exact(pem::ANCHOR, Action::Pem),
            Anchor::exact(putty::ANCHOR, Action::Putty),
            Anchor::exact(jwt::ANCHOR, Action::Jwt),
            Anchor::exact(wallet::ANCHOR, Action::Wallet),
        ];
        for rule in tokens::all().filter(|rule| !rule.is_in_long_run()) {
            all.extend(rule.anchors.iter().map(|text| Anchor::exact(text, Action::Token(rule))));
        }
        all.extend(
            authorization::SCHEMES.iter().map(|s| Anchor::folded(s, Action::Authorization(s))),
        );
        all.extend(STEMS.iter().chain(SERVICES).map(|s| Anchor::name(s)));
        all.extend(named::PHRASES.iter().map(|p| Anchor::folded(p, Action::Phrase)));
        all.extend(commands::COMMANDS.iter().map(|c| Anchor::folded(c.name, Action::Command(c))));
        all.extend(phone::WORDS.iter().map(|w| Anchor::folded(w, Action::PhoneWord)));
        all.extend(user_name::STEMS.iter().map(|s| Anchor::folded(s, Action::UserName)));
        for what in Announced::ALL {
            all.extend(what.words().iter().map(|w| Anchor::folded(w, Action::Announce(what))));
        }
        let long_runs = tokens::all()
            .filter(|rule| rule.is_in_long_run())
            .flat_map(|rule| rule.anchors.iter().map(move |anchor| (rule, *anchor)))
            .map(|(rule, anchor)| LongRun { rule, anchor, back: rule.min_body() + anchor.len() })
            .collect();
        let (words, rare): (Vec<_>, Vec<_>) = all.into_iter().partition(Anchor::has_word);
        let (rare_first, rare_last) =
            rare.into_iter().partition(|anchor: &Anchor| anchor.text.len() >= anchor.lead + 3);
        let ends = ENDS.iter().map(|(end, _)| Anchor::name(end)).collect();
        Self {
            starts: Table::new(words, |anchor| anchor.lead),
            ends: Table::new(ends, |anchor| anchor.text.len().saturating_sub(3)),
            rare_first: Table::new(rare_first, |anchor| anchor.lead),
            rare_last: Table::new(rare_last, |anchor| anchor.lead.saturating_sub(2)),
            long_runs,
        }
    }

    /// Looks at the word that begins at `at`.
    #[inline]
    pub(super) fn at_word(&self, scan: &mut Scan<'_>, state: &mut State, at: usize) {
        if let Some(found) = self.starts.at(scan.text, at) {
            self.starts.look(scan, state, found, |anchor| at.checked_sub(anchor.lead));
        }
    }

    /// Looks at the word that ends at `end`, if it is long enough to be several.
    #[inline]
    pub(super) fn at_word_end(&self, scan: &mut Scan<'_>, state: &mut State, end: usize) {
        let long = |at: usize| LETTER.run(&scan.text[at..], JOINED_MIN) == JOINED_MIN;
        if !end.checked_sub(JOINED_MIN).is_some_and(long) {
            return;
        }
        if let Some(found) = self.ends.at(scan.text, end - 3) {
            self.ends.look(scan, state, found, |anchor| end.checked_sub(anchor.text.len()));
        }
    }

    /// Looks at the long run of letters and digits that begins at `start`.
    pub(super) fn at_long_run(&self, scan: &mut Scan<'_>, start: usize) {
        let len = scan.runs.at(scan.text, start, &ALNUM, LONG_RUN_MAX + 1);
        if !(LONG_RUN_MIN..=LONG_RUN_MAX).contains(&len) {
            return;
        }
        checksummed::at(scan, start..start + len);
        #[cfg(feature = "wallet")]
        wallet::base58_at(scan, start..start + len);
        for LongRun { rule, anchor, back } in &self.long_runs {
            if let Some(at) = len.checked_sub(*back).map(|at| start + at)
                && scan.text[at..].starts_with(anchor.as_bytes())
            {
                tokens::at(scan, at, anchor, rule);
            }
        }
    }

    /// Looks at the rare byte at `at`.
    pub(super) fn at_rare(&self, scan: &mut Scan<'_>, state: &mut State, at: usize) {
        let start = |anchor: &Anchor| at.checked_sub(anchor.lead);
        if let Some(found) = self.rare_first.at(scan.text, at) {
            self.rare_first.look(scan, state, found, start);
        }
        if let Some(found) = at.checked_sub(2).and_then(|at| self.rare_last.at(scan.text, at)) {
            self.rare_last.look(scan, state, found, start);
        }
    }
}

/// Bytes by which texts without a word are found.
pub(super) const RARE: [u8; 2] = [b'~', b'$'];

impl Anchor {
    fn exact(text: &'static str, action: Action) -> Self {
        let bytes = text.as_bytes();
        let word = (0..bytes.len()).find(|i| bytes[*i].is_ascii_alphabetic());
        // A digit in front would make it the middle of a word.
        let word = word.filter(|i| bytes[..*i].iter().all(|b| !b.is_ascii_digit()));
        let rare = bytes.iter().position(|b| RARE.contains(b));
        let lead = rare.or(word).unwrap_or(0);
        Self { text, head: Head::new(bytes, false), ignore_case: false, lead, action }
    }

    fn folded(text: &'static str, action: Action) -> Self {
        let head = Head::new(text.as_bytes(), true);
        Self { head, ignore_case: true, ..Self::exact(text, action) }
    }

    fn name(text: &'static str) -> Self {
        let alone = names::classify(text.as_bytes());
        Self::folded(text, Action::Name { alone })
    }

    fn has_word(&self) -> bool {
        self.text.as_bytes().get(self.lead).is_some_and(u8::is_ascii_alphabetic)
    }

    /// The bytes that may follow the text, if something must.
    fn next(&self) -> Option<&'static ByteSet> {
        match self.action {
            Action::Token(rule) => rule.next(),
            _ => None,
        }
    }

    /// What the byte at `at` of the text can be, or behind it.
    fn possible(&self, at: usize) -> Vec<u8> {
        match self.text.as_bytes().get(at) {
            Some(byte) => vec![*byte],
            None => {
                let next = self.next().filter(|_| at == self.text.len());
                (0..=u8::MAX).filter(|b| next.is_none_or(|set| set.has(*b))).collect()
            }
        }
    }

    /// The three bytes from `from` on, with all that can follow a shorter text.
    fn grams(&self, from: usize) -> Vec<[u8; 3]> {
        let [a, b, c] = [0, 1, 2].map(|i| self.possible(from + i));
        let pairs = a.iter().flat_map(|a| b.iter().map(move |b| (*a, *b)));
        pairs.flat_map(|(a, b)| c.iter().map(move |c| [a, b, *c])).collect()
    }

    /// Whether what lies behind the head of the text stands there too.
    #[inline]
    fn has_tail_at(&self, text: &[u8], start: usize) -> bool {
        let Some(tail) = self.text.as_bytes().get(HEAD..) else {
            return true;
        };
        let from = start + HEAD;
        text.get(from..from + tail.len()).is_some_and(|there| match self.ignore_case {
            true => there.eq_ignore_ascii_case(tail),
            false => there == tail,
        })
    }

    /// Compares the text at `start`, and runs the detector if it stands there.
    fn look(&self, scan: &mut Scan<'_>, state: &mut State, start: usize) {
        let end = start + self.text.len();
        if !self.head.is_at(scan.text, start) || !self.has_tail_at(scan.text, start) {
            return;
        }
        match self.action {
            Action::Name { alone } => named::at(scan, start..end, alone, &mut state.name),
            Action::Authorization(scheme) => authorization::at(scan, start, scheme),
            Action::PhoneWord => phone::at_word(scan, start..end),
            Action::Phrase => named::after_phrase(scan, start..end),
            Action::Command(command) if state.flags.0 == command.name && start < state.flags.1 => {}
            Action::Command(command) => {
                state.flags = (command.name, commands::at(scan, start, command));
            }
            Action::Token(rule) => tokens::at(scan, start, self.text, rule),
            Action::Wallet => wallet::bech32_at(scan, start),
            Action::Announce(what) => scan.announcements.add(what),
            Action::Pem => pem::at(scan, start),
            Action::Putty => putty::at(scan, start),
            Action::UserName => user_name::at(scan, start..end),
            Action::Jwt => jwt::at(scan, start),
        }
    }
}

/// Bytes of a [`Head`].
const HEAD: usize = 8;

/// The first bytes of a text, compared at once.
struct Head {
    bytes: u64,
    /// Bits that make a small letter of a capital.
    fold: u64,
    mask: u64,
}

impl Head {
    fn new(text: &[u8], ignore_case: bool) -> Self {
        let (mut bytes, mut fold, mut mask) = ([0; HEAD], [0; HEAD], [0; HEAD]);
        for (i, byte) in text.iter().take(HEAD).enumerate() {
            if ignore_case && byte.is_ascii_alphabetic() {
                fold[i] = 0x20;
            }
            bytes[i] = byte | fold[i];
            mask[i] = u8::MAX;
        }
        let [bytes, fold, mask] = [bytes, fold, mask].map(u64::from_le_bytes);
        Self { bytes, fold, mask }
    }

    #[inline]
    fn is_at(&self, text: &[u8], at: usize) -> bool {
        let rest = text.get(at..).unwrap_or_default();
        let there = match rest.first_chunk::<HEAD>() {
            Some(there) => *there,
            None => {
                let mut there = [0; HEAD];
                there[..rest.len()].copy_from_slice(rest);
                there
            }
        };
        (u64::from_le_bytes(there) | self.fold) & self.mask == self.bytes
    }
}

/// Bits of the hash of three bytes.
const HASH_BITS: u32 = 12;
/// Folds capitals onto small letters. It makes other bytes alike too, which
/// only means that a few more places are looked at.
const FOLD: u32 = 0x0020_2020;

/// Anchors by three bytes of theirs.
struct Table {
    /// By hash: what may follow, as [`fourth_bit`]s; 0 if there is no entry. It
    /// fits into a first cache, and most places need nothing else.
    known: Box<[u32; 1 << HASH_BITS]>,
    /// By hash: where its entries lie.
    ranges: Vec<(u16, u16)>,
    /// Three bytes, folded, and the number of an anchor, by hash.
    entries: Vec<(u32, u16)>,
    anchors: Vec<Anchor>,
}

impl Table {
    /// A table of anchors by the three bytes that begin at `from`.
    fn new(anchors: Vec<Anchor>, from: fn(&Anchor) -> usize) -> Self {
        let mut entries: Vec<(u32, u16)> = Vec::new();
        let mut known = Box::new([0; 1 << HASH_BITS]);
        for (number, anchor) in (0u16..).zip(&anchors) {
            let from = from(anchor);
            let fourth = anchor.possible(from + 3).iter().fold(0, |bits, b| bits | fourth_bit(*b));
            for [a, b, c] in anchor.grams(from) {
                let gram = fold(u32::from_le_bytes([a, b, c, 0]));
                known[hash(gram)] |= fourth;
                entries.push((gram, number));
            }
        }
        entries.sort_unstable_by_key(|(gram, number)| (hash(*gram), *gram, *number));
        entries.dedup();
        let mut ranges = vec![(0, 0); 1 << HASH_BITS];
        for (place, (gram, _)) in (0u16..).zip(&entries) {
            let range = &mut ranges[hash(*gram)];
            if range.1 == 0 {
                range.0 = place;
            }
            range.1 = place + 1;
        }
        Self { known, ranges, entries, anchors }
    }

    /// The three bytes at `at`, if an anchor may have them there.
    #[inline]
    fn at(&self, text: &[u8], at: usize) -> Option<u32> {
        let rest = text.get(at..)?;
        let four = match rest.first_chunk() {
            Some(four) => u32::from_le_bytes(*four),
            None => last_bytes(rest),
        };
        let gram = fold(four);
        (self.known[hash(gram)] & fourth_bit((four >> 24) as u8) != 0).then_some(gram)
    }

    /// Looks for the anchors that have these three bytes, each where `start`
    /// says that it begins.
    #[inline(never)]
    fn look(
        &self,
        scan: &mut Scan<'_>,
        state: &mut State,
        gram: u32,
        start: impl Fn(&Anchor) -> Option<usize>,
    ) {
        let (from, to) = self.ranges[hash(gram)];
        for (entry, number) in &self.entries[usize::from(from)..usize::from(to)] {
            let anchor = &self.anchors[usize::from(*number)];
            if *entry == gram
                && let Some(start) = start(anchor)
            {
                anchor.look(scan, state, start);
            }
        }
    }
}

/// Fewer than four bytes at the end of a text, with zeros behind them.
#[cold]
fn last_bytes(rest: &[u8]) -> u32 {
    rest.iter().rev().fold(0, |bytes, byte| bytes << 8 | u32::from(*byte))
}

/// The first three of four bytes.
#[inline]
fn fold(four: u32) -> u32 {
    (four | FOLD) & 0x00ff_ffff
}

/// One of 32 bits for a byte, the same for a letter in both cases.
#[inline]
fn fourth_bit(byte: u8) -> u32 {
    1 << (byte & 31)
}

#[inline]
fn hash(gram: u32) -> usize {
    (gram.wrapping_mul(0x9E37_79B1) >> (32 - HASH_BITS)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_anchor_can_be_found() {
        let anchors = Anchors::get();
        for anchor in anchors.rare_first.anchors.iter().chain(&anchors.rare_last.anchors) {
            let bytes = anchor.text.as_bytes();
            assert!(RARE.contains(&bytes[anchor.lead]) && bytes.len() >= 3, "{}", anchor.text);
        }
        for anchor in &anchors.starts.anchors {
            let enough = anchor.text.len() >= anchor.lead + 3 || anchor.next().is_some();
            assert!(enough && anchor.has_word(), "{}", anchor.text);
        }
        for anchor in &anchors.ends.anchors {
            assert!(anchor.text.len() >= 3, "{}", anchor.text);
        }
    }
}
