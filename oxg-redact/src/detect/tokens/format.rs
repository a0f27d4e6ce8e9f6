//! How the format of a token is written down.

use crate::bytes::ByteSet;

/// One part of a token's format.
pub(super) enum Part {
    /// All bytes of the set that follow; their number must lie in the bounds.
    Run(&'static ByteSet, usize, usize),
    /// This many bytes of the set, whatever follows.
    Take(&'static ByteSet, usize),
    /// Exactly this text.
    Text(&'static str),
}

impl Part {
    /// Fewest bytes of this part.
    fn min_len(&self) -> usize {
        match self {
            Self::Run(_, min, _) | Self::Take(_, min) => *min,
            Self::Text(fixed) => fixed.len(),
        }
    }
}

pub(super) const fn run(set: &'static ByteSet, min: usize, max: usize) -> Part {
    Part::Run(set, min, max)
}

pub(super) const fn take(set: &'static ByteSet, len: usize) -> Part {
    Part::Take(set, len)
}

pub(super) const fn text(fixed: &'static str) -> Part {
    Part::Text(fixed)
}

/// How much of what matched is removed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Removes {
    /// The token with its prefix.
    Whole,
    /// What follows the anchor.
    AfterAnchor,
}

/// The format of one kind of token.
pub(crate) struct TokenRule {
    /// Name of the detector.
    pub(super) id: &'static str,
    /// Fixed texts, one of which every token holds. Case matters.
    pub(crate) anchors: &'static [&'static str],
    /// What stands directly before the anchor.
    pub(super) head: Option<(&'static ByteSet, usize, usize)>,
    /// What follows the anchor.
    pub(super) body: &'static [Part],
    /// Looks at the whole match.
    pub(super) check: Option<fn(&[u8]) -> bool>,
    pub(super) removes: Removes,
    /// Texts in which the rule must find a token, and all of it.
    #[cfg(test)]
    pub(super) hits: &'static [&'static str],
    /// Texts in which the rule must find nothing.
    #[cfg(test)]
    pub(super) misses: &'static [&'static str],
}

/// A rule for tokens that begin with one of `anchors`, followed by `body`.
pub(super) const fn rule(
    id: &'static str,
    anchors: &'static [&'static str],
    body: &'static [Part],
) -> TokenRule {
    TokenRule {
        id,
        anchors,
        head: None,
        body,
        check: None,
        removes: Removes::Whole,
        #[cfg(test)]
        hits: &[],
        #[cfg(test)]
        misses: &[],
    }
}

impl TokenRule {
    /// Fewest bytes behind the anchor.
    pub(crate) fn min_body(&self) -> usize {
        self.body.iter().map(Part::min_len).sum()
    }

    /// Whether its anchor stands within a long run of letters and digits, where
    /// no word begins.
    pub(crate) fn is_in_long_run(&self) -> bool {
        self.head.is_some_and(|(set, min, _)| min >= 32 && set.has(b'a') && !set.has(b'-'))
            && self.anchors.iter().all(|anchor| anchor.bytes().all(|b| b.is_ascii_alphanumeric()))
    }

    /// Whether a word may stand right before the anchor: `/callback?code=`.
    pub(crate) fn begins_in_word(&self) -> bool {
        self.removes == Removes::AfterAnchor
            && self.head.is_none()
            && self
                .anchors
                .iter()
                .all(|anchor| !anchor.starts_with(|c: char| c.is_ascii_alphanumeric()))
    }

    /// The bytes that may follow an anchor, if something must.
    pub(crate) fn next(&self) -> Option<&'static ByteSet> {
        match self.body.first() {
            Some(Part::Run(set, 1.., _) | Part::Take(set, 1..)) => Some(set),
            _ => None,
        }
    }

    /// Texts in which the rule must find a token and all of it, and texts in
    /// which it must find nothing: documentation and tests. A `` ` `` keeps
    /// scanners of source code from taking an example for a live token; it is
    /// no part of the example.
    #[cfg_attr(not(test), expect(unused_variables, unused_mut, reason = "read by tests"))]
    pub(super) const fn examples(
        mut self,
        hits: &'static [&'static str],
        misses: &'static [&'static str],
    ) -> Self {
        #[cfg(test)]
        {
            self.hits = hits;
            self.misses = misses;
        }
        self
    }

    /// The anchor does not begin the token: this many bytes of `set` do.
    pub(super) const fn after(mut self, set: &'static ByteSet, min: usize, max: usize) -> Self {
        self.head = Some((set, min, max));
        self
    }

    /// The match must pass a check as well.
    pub(super) const fn checked(mut self, check: fn(&[u8]) -> bool) -> Self {
        self.check = Some(check);
        self
    }

    /// The anchor stays readable, such as the host of a URL.
    pub(super) const fn keeping_anchor(mut self) -> Self {
        self.removes = Removes::AfterAnchor;
        self
    }
}

/// At least one digit and one letter: not a word, not a number.
pub(crate) fn letters_and_digits(token: &[u8]) -> bool {
    token.iter().any(u8::is_ascii_digit) && token.iter().any(u8::is_ascii_alphabetic)
}

/// Capitals, small letters and digits.
pub(super) fn upper_lower_digit(token: &[u8]) -> bool {
    letters_and_digits(token)
        && token.iter().any(u8::is_ascii_uppercase)
        && token.iter().any(u8::is_ascii_lowercase)
}
