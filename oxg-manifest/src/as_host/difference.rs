//! The points in which the host's reading differs.

use std::ops::Range;

use crate::report::{Level, Notice};

/// A way in which the host reads something else than stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Difference {
    FoldsKey,
    TakesLast,
    MergesObjects,
    IgnoresNull,
    ReplacesBytes,
    IgnoresTrailing,
    RoundsNumber,
    Refuses,
}

impl Difference {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::FoldsKey => "host-folds-key",
            Self::TakesLast => "host-takes-last",
            Self::MergesObjects => "host-merges-objects",
            Self::IgnoresNull => "host-ignores-null",
            Self::ReplacesBytes => "host-replaces-bytes",
            Self::IgnoresTrailing => "host-ignores-trailing",
            Self::RoundsNumber => "host-rounds-number",
            Self::Refuses => "host-refuses",
        }
    }

    const fn about(self) -> &'static str {
        match self {
            Self::FoldsKey => "The host takes a key that differs only by case for a known one.",
            Self::TakesLast => "Of a key that is there twice, the host takes the last.",
            Self::MergesObjects => "The host merges objects whose key is there twice.",
            Self::IgnoresNull => "For null, the host leaves a field as it was.",
            Self::ReplacesBytes => "The host replaces what is not Unicode by U+FFFD.",
            Self::IgnoresTrailing => "The host reads the first JSON value and nothing after it.",
            Self::RoundsNumber => "The host holds numbers of the settings as 64-bit floats.",
            Self::Refuses => "The host refuses the file because of this.",
        }
    }

    pub(super) fn notice(self, message: String, path: &str, span: Range<usize>) -> Notice {
        let level = if self == Self::Refuses { Level::Error } else { Level::Warning };
        Notice::new(self.code(), self.about(), level, message).at(path, span)
    }
}
