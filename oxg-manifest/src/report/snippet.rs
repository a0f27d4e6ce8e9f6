//! The excerpt of a line, with the columns that a caret goes under.

use std::ops::Range;

use super::place::clamp;
use super::visible;

/// The columns of a line that stay in view before the place, when the line is too long.
const BEFORE: usize = 20;

/// Stands where a line is cut.
const CUT: &str = "…";

/// A line of the text, cut to a width, and the marked columns in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Snippet {
    pub(super) line: String,
    pub(super) marked: Range<usize>,
}

/// The line in which the span begins, at most `width` columns of it.
///
/// Looks at no more of the text than it may show, so that many notices in one long line stay cheap.
pub(super) fn snippet(text: &[u8], span: &Range<usize>, width: usize) -> Snippet {
    let span = clamp(text, span);
    let (before, rest) = text.split_at(span.start);
    let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let length = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
    let mut line_end = span.start + length;
    if line_end > span.start && text.get(line_end - 1) == Some(&b'\r') {
        line_end -= 1;
    }
    let cells = Cells::of(text, line_start..line_end, span.start, width);
    let end = span.end.min(line_end);
    cells.cut(&(span.start..end), width)
}

/// The characters of a part of a line, each with its offset and what is shown for it.
struct Cells {
    cells: Vec<(usize, String)>,
    cut_before: bool,
    cut_after: bool,
}

impl Cells {
    /// The part of the line around `at` that can be in view.
    fn of(text: &[u8], line: Range<usize>, at: usize, width: usize) -> Self {
        // A character has at most four bytes and takes, but for zero-width ones, a column.
        let reach = width.saturating_mul(4);
        let mut start = at.saturating_sub(reach).max(line.start);
        let is_inside_character = |at: &usize| text.get(*at).is_some_and(|b| b & 0xC0 == 0x80);
        while start < at && is_inside_character(&start) {
            start += 1;
        }
        let end = at.saturating_add(reach).min(line.end).max(start);
        let mut cells = Vec::new();
        let mut offset = start;
        for chunk in text.get(start..end).unwrap_or_default().utf8_chunks() {
            for c in chunk.valid().chars() {
                let mut shown = String::new();
                visible::push(c, &mut shown);
                cells.push((offset, shown));
                offset += c.len_utf8();
            }
            for byte in chunk.invalid() {
                cells.push((offset, format!("\\x{byte:02x}")));
                offset += 1;
            }
        }
        Self { cells, cut_before: start > line.start, cut_after: end < line.end }
    }

    /// Those cells that fit, beginning not too far before the span.
    fn cut(mut self, span: &Range<usize>, width: usize) -> Snippet {
        if self.cut_before || columns_of(&self.cells) > width {
            self.drop_before(span.start, BEFORE.min(width / 4));
        }
        let mut line = String::from(if self.cut_before { CUT } else { "" });
        let mut column = visible::columns(&line);
        let mut room = width.saturating_sub(column);
        if self.cut_after || columns_of(&self.cells) > room {
            room = room.saturating_sub(1);
            self.cut_after = true;
        }
        let end = span.end.max(span.start + 1);
        let mut marked: Option<Range<usize>> = None;
        for (offset, shown) in &self.cells {
            let columns = visible::columns(shown);
            let Some(left) = room.checked_sub(columns) else {
                break;
            };
            if (span.start..end).contains(offset) {
                marked.get_or_insert(column..column).end = column + columns;
            }
            line.push_str(shown);
            column += columns;
            room = left;
        }
        if self.cut_after {
            line.push_str(CUT);
        }
        let marked = marked.filter(|marked| !marked.is_empty()).unwrap_or(column..column + 1);
        Snippet { line, marked }
    }

    /// Drops the cells before `at`, but for the last few that take up to `room` columns.
    fn drop_before(&mut self, at: usize, mut room: usize) {
        let mut first = self.cells.partition_point(|(offset, _)| *offset < at);
        for (_, shown) in self.cells.iter().take(first).rev() {
            let Some(left) = room.checked_sub(visible::columns(shown)) else {
                break;
            };
            room = left;
            first -= 1;
        }
        self.cut_before |= first > 0;
        self.cells.drain(..first);
    }
}

fn columns_of(cells: &[(usize, String)]) -> usize {
    cells.iter().map(|(_, shown)| visible::columns(shown)).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn marked(text: &str, place: &str, width: usize) -> String {
        let at = text.find(place).unwrap();
        let Snippet { line, marked } = snippet(text.as_bytes(), &(at..at + place.len()), width);
        format!("{line}\n{}{}", " ".repeat(marked.start), "^".repeat(marked.len()))
    }

    #[test]
    fn the_caret_is_under_the_whole_place() {
        assert_eq!(marked("a\nb: cde,\n", "cde", 80), "b: cde,\n   ^^^");
    }

    #[test]
    fn tabs_wide_characters_and_escapes_take_the_columns_that_they_show() {
        assert_eq!(marked("\t漢字 x\r\n", "x", 80), "    漢字 x\n         ^");
        assert_eq!(
            marked("\u{1b}[2J\u{202e} x", "x", 80),
            "\\u{1b}[2J\\u{202e} x\n                  ^"
        );
        let Snippet { line, marked } = snippet(b"\xFF x", &(2..3), 80);
        assert_eq!((line.as_str(), marked), ("\\xff x", 5..6));
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let text = format!("{}HERE{}", "a".repeat(500), "b".repeat(500));
        assert_eq!(
            marked(&text, "HERE", 24),
            format!("…{}HERE{}…\n{}^^^^", "a".repeat(6), "b".repeat(12), " ".repeat(7))
        );
    }

    #[test]
    fn a_place_over_several_lines_is_marked_to_the_end_of_its_first() {
        assert_eq!(marked("x {\n y }", "{\n y }", 80), "x {\n  ^");
    }

    proptest! {
        #[test]
        fn no_text_is_wider_than_allowed_or_steers_the_terminal(
            text in any::<Vec<u8>>(), start in 0_usize..300, length in 0_usize..300, width in 10_usize..90,
        ) {
            let Snippet { line, marked } = snippet(&text, &(start..start + length), width);
            prop_assert!(visible::columns(&line) <= width);
            prop_assert!(!line.chars().any(char::is_control));
            prop_assert!(!marked.is_empty() && marked.end <= width + 1);
        }
    }
}
