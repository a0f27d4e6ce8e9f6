//! The host's rules, and where ours are stricter.

use std::fmt;

/// By which rules a signature is checked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rules {
    /// The host's, and those of [`StricterRule`] on top.
    #[default]
    Strict,
    /// The host's alone: a repository with a `go.mod` and an `ALLOWLIST` must be there.
    Host,
}

impl Rules {
    /// The rules that the host does not have.
    #[must_use]
    pub fn stricter(self) -> &'static [StricterRule] {
        match self {
            Self::Strict => &StricterRule::ALL,
            Self::Host => &[],
        }
    }

    pub(super) fn is_strict(self) -> bool {
        self == Self::Strict
    }
}

/// A rule that the host does not have. `Display` says it in a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StricterRule {
    /// A path in the manifest is relative.
    RelativePaths,
    /// A file lies in the repository or in the plugin's folder; links are followed first.
    NoEscape,
    /// A hash in the `ALLOWLIST` is hexadecimal.
    HexHashes,
    /// A path in the `ALLOWLIST` has one hash.
    OneHashPerPath,
}

impl StricterRule {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::RelativePaths, Self::NoEscape, Self::HexHashes, Self::OneHashPerPath];

    /// The rule's name, such as `no-escape`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::RelativePaths => "relative-paths",
            Self::NoEscape => "no-escape",
            Self::HexHashes => "hex-hashes",
            Self::OneHashPerPath => "one-hash-per-path",
        }
    }
}

impl fmt::Display for StricterRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RelativePaths => "a path in the manifest is relative",
            Self::NoEscape => {
                "a file lies in the repository or the plugin's folder, links followed"
            }
            Self::HexHashes => "a hash in the ALLOWLIST is hexadecimal",
            Self::OneHashPerPath => "a path in the ALLOWLIST has one hash",
        })
    }
}
