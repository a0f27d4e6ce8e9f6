//! Sets of bytes, and the edges of a token in its surroundings.

/// A set of byte values.
pub(crate) struct ByteSet([bool; 256]);

impl ByteSet {
    /// A set from a list such as `a-z0-9_-`. A `-` at an end stands for itself.
    pub(crate) const fn new(list: &str) -> Self {
        let list = list.as_bytes();
        let mut set = [false; 256];
        let mut i = 0;
        while i < list.len() {
            if i + 2 < list.len() && list[i + 1] == b'-' {
                let mut byte = list[i];
                while byte < list[i + 2] {
                    set[byte as usize] = true;
                    byte += 1;
                }
                set[list[i + 2] as usize] = true;
                i += 3;
            } else {
                set[list[i] as usize] = true;
                i += 1;
            }
        }
        Self(set)
    }

    /// All bytes that are not in the list.
    pub(crate) const fn not(list: &str) -> Self {
        let mut set = Self::new(list);
        let mut byte = 0;
        while byte < 256 {
            set.0[byte] = !set.0[byte];
            byte += 1;
        }
        set
    }

    #[inline]
    pub(crate) const fn has(&self, byte: u8) -> bool {
        self.0[byte as usize]
    }

    /// Length of the run of members at the start of `text`, at most `max`.
    #[inline]
    pub(crate) fn run(&self, text: &[u8], max: usize) -> usize {
        text.iter().take(max).take_while(|b| self.has(**b)).count()
    }

    /// Length of the run of members at the end of `text`, at most `max`.
    #[inline]
    pub(crate) fn run_back(&self, text: &[u8], max: usize) -> usize {
        text.iter().rev().take(max).take_while(|b| self.has(**b)).count()
    }
}

pub(crate) static DIGIT: ByteSet = ByteSet::new("0-9");
pub(crate) static HEX_LOWER: ByteSet = ByteSet::new("0-9a-f");
pub(crate) static HEX: ByteSet = ByteSet::new("0-9a-fA-F");
pub(crate) static LOWER_DIGIT: ByteSet = ByteSet::new("0-9a-z");
pub(crate) static UPPER_DIGIT: ByteSet = ByteSet::new("0-9A-Z");
pub(crate) static LETTER: ByteSet = ByteSet::new("A-Za-z");
pub(crate) static ALNUM: ByteSet = ByteSet::new("0-9A-Za-z");
/// Letters, digits and `_`.
pub(crate) static WORD: ByteSet = ByteSet::new("0-9A-Za-z_");
/// The alphabet of base64url without padding.
pub(crate) static URL64: ByteSet = ByteSet::new("0-9A-Za-z_-");
/// The same and `.`.
pub(crate) static URL64_DOT: ByteSet = ByteSet::new("0-9A-Za-z._-");
/// Both alphabets of base64, with padding.
pub(crate) static BASE64: ByteSet = ByteSet::new("0-9A-Za-z+/=_-");

/// The byte before `at`.
#[inline]
pub(crate) fn before(text: &[u8], at: usize) -> Option<u8> {
    at.checked_sub(1).and_then(|i| text.get(i)).copied()
}

/// Whether a token may begin at `at`, and if so, where the evidence for that begins.
///
/// It may where no word character stands before it, or where that character
/// belongs to an escape: `\n`, `%3D`, or a terminal colour.
pub(crate) fn left_edge(text: &[u8], at: usize) -> Option<usize> {
    let Some(last) = before(text, at) else {
        return Some(at);
    };
    if !WORD.has(last) {
        return Some(at);
    }
    let head = &text[..at];
    match head {
        [.., b'\\', b'n' | b'r' | b't'] => Some(at - 2),
        [.., b'%', a, b] if HEX.has(*a) && HEX.has(*b) => Some(at - 3),
        [.., b'm'] => {
            let codes = &head[..at - 1];
            let len = codes
                .iter()
                .rev()
                .take(12)
                .take_while(|b| b.is_ascii_digit() || **b == b';')
                .count();
            codes[..codes.len() - len].ends_with(b"\x1b[").then(|| at - len - 3)
        }
        _ => None,
    }
}

/// Length of the escape at the start of `text` that ends in a letter or digit:
/// `\n`, `%3D`, or a terminal colour.
pub(crate) fn escape_len(text: &[u8]) -> Option<usize> {
    match text {
        [b'\\', b'n' | b'r' | b't', ..] => Some(2),
        [b'%', a, b, ..] if HEX.has(*a) && HEX.has(*b) => Some(3),
        [b'\x1b', b'[', codes @ ..] => {
            let len =
                codes.iter().take(12).take_while(|b| b.is_ascii_digit() || **b == b';').count();
            (codes.get(len) == Some(&b'm')).then_some(len + 3)
        }
        _ => None,
    }
}

/// Quotes that another notation writes out.
const WRITTEN_QUOTES: [&[u8]; 6] = [b"&quot;", b"&#34;", b"&#39;", b"&apos;", b"%22", b"%27"];

/// Length of the quote at the start of `text`, with the escapes before it; 0 if
/// there is none.
#[inline]
pub(crate) fn quote_len(text: &[u8]) -> usize {
    match text {
        [b'"' | b'\'' | b'`', ..] => 1,
        [b'\\', ..] => {
            let escapes = text.iter().take(ESCAPES_MAX).take_while(|b| **b == b'\\').count();
            match text.get(escapes) {
                Some(b'"' | b'\'' | b'`') => escapes + 1,
                _ => 0,
            }
        }
        [b'&' | b'%', ..] => {
            WRITTEN_QUOTES.iter().find(|quote| text.starts_with(quote)).map_or(0, |q| q.len())
        }
        _ => 0,
    }
}

/// Length of the quote at the end of `text`, with the escapes before it.
pub(crate) fn quote_len_back(text: &[u8]) -> usize {
    match text {
        [head @ .., b'"' | b'\'' | b'`'] => {
            1 + head.iter().rev().take(ESCAPES_MAX).take_while(|b| **b == b'\\').count()
        }
        _ => WRITTEN_QUOTES.iter().find(|quote| text.ends_with(quote)).map_or(0, |q| q.len()),
    }
}

/// Most backslashes before a quote: text in a text in a text.
const ESCAPES_MAX: usize = 7;

/// Whether a token may end at `at`: no word character follows.
#[inline]
pub(crate) fn right_edge(text: &[u8], at: usize) -> bool {
    text.get(at).is_none_or(|b| !WORD.has(*b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dash_at_the_end_of_a_list_stands_for_itself() {
        assert!(URL64.has(b'-') && URL64.has(b'q') && !URL64.has(b'+'));
    }

    #[test]
    fn an_escape_before_a_token_is_an_edge_and_a_letter_is_none() {
        assert_eq!(left_edge(b"a\\nX", 3), Some(1));
        assert_eq!(left_edge(b"a%3DX", 4), Some(1));
        assert_eq!(left_edge(b"\x1b[1;31mX", 7), Some(0));
        assert_eq!(left_edge(b"aX", 1), None);
        assert_eq!(left_edge(b" X", 1), Some(1));
    }
}
