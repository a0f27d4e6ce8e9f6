//! Words in front of a number that tell what it is.

use super::Scan;

/// How far in front of a number the word is looked for.
const BACK: usize = 40;

impl Scan<'_> {
    /// Whether one of `words`, in small letters, stands in front of `at` on the
    /// same line. Returns where the evidence for that begins.
    pub(super) fn announced(&self, at: usize, words: &[&str]) -> Option<usize> {
        let from = at.saturating_sub(BACK);
        let text = self.text.get(from..at)?;
        // Mostly letters are missing, which is told faster than a word is sought.
        let present = letters(text);
        if !words.iter().any(|word| letters(word.as_bytes()) & !present == 0) {
            return None;
        }
        let mut head = [0; BACK];
        let head = head.get_mut(..text.len())?;
        head.copy_from_slice(text);
        head.make_ascii_lowercase();
        let line = memchr::memrchr(b'\n', head).map_or(0, |end| end + 1);
        words
            .iter()
            .filter_map(|word| find_word(&head[line..], word.as_bytes()))
            .min()
            .map(|place| from + line + place)
    }
}

/// One bit for each letter in `text`, whatever its case.
fn letters(text: &[u8]) -> u32 {
    // Bytes beside the letters in ASCII may have a bit too, digits have none.
    text.iter().fold(0, |letters, byte| letters | u32::from(byte >> 6 & 1) << (byte & 31))
}

/// Where a word stands that does not begin in the middle of another.
fn find_word(text: &[u8], word: &[u8]) -> Option<usize> {
    let (first, rest) = word.split_first()?;
    memchr::memrchr_iter(*first, text).find(|at| {
        let begins = at.checked_sub(1).is_none_or(|before| !text[before].is_ascii_lowercase());
        begins && text[at + 1..].starts_with(rest)
    })
}
