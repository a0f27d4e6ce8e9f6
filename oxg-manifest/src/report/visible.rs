//! Text from a file, made visible.

use unicode_width::UnicodeWidthChar as _;

/// How many columns a tab takes.
const TAB: &str = "    ";

/// Shows one character as it stands, or escaped when a terminal would not print it.
pub(super) fn push(c: char, out: &mut String) {
    match c {
        '\t' => out.push_str(TAB),
        '"' | '\'' | '\\' => out.push(c),
        c => out.extend(c.escape_debug()),
    }
}

/// The text in one line, without anything that could steer a terminal.
pub(crate) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| push(c, &mut out));
    out
}

/// How many columns of a terminal the text takes, once it is [`visible`].
pub(crate) fn columns(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// The text in lines of at most so many characters, but for words that are longer. A line break in
/// the text stays.
pub(crate) fn wrap(text: &str, width: usize) -> impl Iterator<Item = String> + '_ {
    text.lines().flat_map(move |paragraph| {
        let indent = paragraph.len() - paragraph.trim_start().len();
        let mut lines: Vec<String> = Vec::new();
        for word in paragraph.split_whitespace() {
            match lines.last_mut() {
                Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(format!("{:indent$}{word}", "")),
            }
        }
        lines
    })
}
