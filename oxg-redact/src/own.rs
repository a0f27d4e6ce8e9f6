//! What the builder of a redactor knows and we do not: formats of tokens, and
//! names whose values never stay.

use aho_corasick::{AhoCorasick, AhoCorasickKind};

/// Fewest bytes of a prefix: a shorter one is met everywhere.
const PREFIX_MIN: usize = 3;
/// Longest token of an own format, and longest value of an own name.
pub(crate) const OWN_MAX: usize = 4096;

/// A format of tokens: a prefix, and how many letters, digits, `_` and `-` follow.
#[derive(Debug, Clone)]
pub(crate) struct OwnFormat {
    pub(crate) prefix: Box<str>,
    pub(crate) min: usize,
}

/// Own formats and names, ready to be searched for.
#[derive(Debug, Clone, Default)]
pub(crate) struct OwnRules {
    pub(crate) formats: Vec<OwnFormat>,
    pub(crate) prefixes: Option<AhoCorasick>,
    #[cfg(any(feature = "json", feature = "serde"))]
    names: Vec<Box<str>>,
    pub(crate) names_in_text: Option<AhoCorasick>,
}

impl OwnRules {
    /// What cannot be searched for is left out: prefixes and names too short.
    pub(crate) fn new(formats: Vec<OwnFormat>, names: Vec<Box<str>>) -> Self {
        let formats: Vec<_> =
            formats.into_iter().filter(|format| format.prefix.len() >= PREFIX_MIN).collect();
        let names: Vec<_> = names.into_iter().filter(|name| !name.is_empty()).collect();
        let search = |texts: Vec<&str>, fold| {
            let automaton = AhoCorasick::builder()
                .kind(Some(AhoCorasickKind::ContiguousNFA))
                .ascii_case_insensitive(fold)
                .build(texts);
            automaton.ok().filter(|automaton| automaton.patterns_len() > 0)
        };
        let prefixes = search(formats.iter().map(|format| &*format.prefix).collect(), false);
        let names_in_text = search(names.iter().map(AsRef::as_ref).collect(), true);
        Self {
            prefixes,
            names_in_text,
            formats,
            #[cfg(any(feature = "json", feature = "serde"))]
            names,
        }
    }

    /// Whether the value under this name never stays.
    #[cfg(any(feature = "json", feature = "serde"))]
    pub(crate) fn never(&self, name: &str) -> bool {
        self.names.iter().any(|own| own.eq_ignore_ascii_case(name))
    }
}
