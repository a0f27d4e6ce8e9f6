//! From offsets to lines and columns.

use std::ops::Range;

use super::{FileReport, Notice};
use crate::Position;

/// Where a notice begins and ends; the end is the position behind its last character.
pub(super) struct Place {
    pub(super) start: Position,
    pub(super) end: Position,
}

impl Place {
    pub(super) fn of(file: &FileReport, notice: &Notice) -> Self {
        let Range { start, end } = clamp(&file.text, &notice.span);
        Self { start: Position::of(&file.text, start), end: Position::of(&file.text, end) }
    }
}

/// The span, inside the text.
pub(super) fn clamp(text: &[u8], span: &Range<usize>) -> Range<usize> {
    let start = span.start.min(text.len());
    start..span.end.clamp(start, text.len())
}
