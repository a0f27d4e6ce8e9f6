//! Texts in failures: short enough to be read by people.

/// A long text without its middle: at most `longest` characters of it, and how many are not shown.
pub(crate) fn cut(text: &str, longest: usize) -> String {
    let count = text.chars().count();
    if count <= longest {
        return text.to_owned();
    }
    let keep = longest / 2;
    let start: String = text.chars().take(longest - keep).collect();
    let end: String = text.chars().skip(count - keep).collect();
    format!("{start}…[{} more]…{end}", count - longest)
}

/// The widest line of a difference, without what is put before it.
const WIDEST: usize = 84;
/// The longest that a value is shown, in characters.
const LONGEST: usize = 70;

/// A value in quotes, with what does not print escaped, and without its middle if it is long.
pub(crate) fn quoted(text: &str) -> String {
    format!("{:?}", cut(text, LONGEST))
}

/// What was `wanted` ("expected", "recorded") and what was sent instead: on one line if it fits.
pub(crate) fn unlike(what: &str, wanted: &str, value: &str, sent: Option<&str>) -> String {
    let (value, sent) = (cut(value, LONGEST + 10), sent.map(|sent| cut(sent, LONGEST + 10)));
    let Some(sent) = sent else {
        return format!("{what}: {wanted} {value}, not sent");
    };
    let line = format!("{what}: {wanted} {value}, sent {sent}");
    if line.chars().count() <= WIDEST {
        return line;
    }
    format!("{what}:\n  {wanted:<8} {value}\n  sent     {sent}")
}

/// Each line of `text` after so many spaces.
pub(crate) fn indented(text: &str, spaces: usize) -> String {
    let lines = text.lines().map(|line| format!("{:spaces$}{line}", ""));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_keeps_its_start_and_its_end() {
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("äbcdefghij", 4), "äb…[6 more]…ij");
    }
}
