//! Texts in failures: short enough to be read by people.

use oxg_protocol::SecretName;
use oxg_redact::Redactor;

/// A text of at most `longest` characters: a longer one goes without its middle, and says how much
/// that is.
pub(crate) fn cut(text: &str, longest: usize) -> String {
    /// The room for what stands for the middle.
    const MARKER: usize = 16;
    let count = text.chars().count();
    if count <= longest {
        return text.to_owned();
    }
    let keep = longest.saturating_sub(MARKER) / 2;
    let start: String = text.chars().take(keep).collect();
    let end: String = text.chars().skip(count - keep).collect();
    format!("{start}…[{} more]…{end}", count - 2 * keep)
}

/// The widest line of a difference, without what is put before it.
const WIDEST: usize = 84;
/// The longest that a value is shown, in characters.
pub(crate) const LONGEST: usize = 66;

/// A value in quotes, with what does not print escaped, and without its middle if it is long.
pub(crate) fn quoted(text: &str) -> String {
    format!("{:?}", cut(text, LONGEST))
}

/// As [`unlike`], for two texts: long ones are shown from shortly before they differ.
pub(crate) fn unlike_text(what: &str, wanted: &str, value: &str, sent: Option<&str>) -> String {
    /// How much is shown of what is equal.
    const EQUAL: usize = 24;
    let Some(sent) = sent else {
        return unlike(what, wanted, &quoted(value), None);
    };
    let equal = value.chars().zip(sent.chars()).take_while(|(value, sent)| value == sent).count();
    let long = value.chars().count().max(sent.chars().count()) > LONGEST;
    let start = if long { equal.saturating_sub(EQUAL) } else { 0 };
    let from = |text: &str| {
        let shown: String = text.chars().skip(start).collect();
        format!("{}{}", if start > 0 { "…" } else { "" }, quoted(&shown))
    };
    unlike(what, wanted, &from(value), Some(&from(sent)))
}

/// What was `wanted` ("expected", "recorded") and what was sent instead: on one line if it fits.
pub(crate) fn unlike(what: &str, wanted: &str, value: &str, sent: Option<&str>) -> String {
    let (value, sent) = (cut(value, LONGEST + 16), sent.map(|sent| cut(sent, LONGEST + 16)));
    let Some(sent) = sent else {
        return format!("{what}: {wanted} {value}, not sent");
    };
    let line = format!("{what}: {wanted} {value}, sent {sent}");
    if line.chars().count() <= WIDEST {
        return line;
    }
    format!("{what}:\n  {wanted:<8} {value}\n  sent     {sent}")
}

/// A long line around `found`, so that it is seen where it stands.
pub(crate) fn around(line: &str, found: &str, longest: usize) -> String {
    let count = line.chars().count();
    let Some(at) = line.find(found).filter(|_| count > longest) else {
        return cut(line, longest);
    };
    let at = line.get(..at).map_or(0, |before| before.chars().count());
    let room = longest.saturating_sub(found.chars().count()) / 2;
    let start = at.saturating_sub(room).min(count.saturating_sub(longest));
    let shown: String = line.chars().skip(start).take(longest).collect();
    let (before, after) = (start > 0, start + longest < count);
    format!("{}{shown}{}", if before { "…" } else { "" }, if after { "…" } else { "" })
}

/// A text with the name of each secret in place of its value, and without what is encoded of one.
pub(crate) fn without_secrets(text: &str, secrets: &[(SecretName, String)]) -> String {
    let text = secrets.iter().fold(text.to_owned(), |text, (name, value)| {
        text.replace(value.as_str(), &format!("[the secret {name}]"))
    });
    let redactor = Redactor::default();
    for (_, value) in secrets {
        // A value that is too short to be known was replaced above.
        _ = redactor.register(value);
    }
    match redactor.contains_known(text.as_bytes()) {
        true => redactor.redact(&text).into_owned(),
        false => text,
    }
}

/// How often, in words.
pub(crate) fn times(count: usize) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        _ => format!("{count} times"),
    }
}

/// A list, each entry wrapped and indented: at most 30 of them. "none" if there is none.
pub(crate) fn list(entries: impl IntoIterator<Item = String>) -> String {
    const MOST: usize = 30;
    const LONGEST: usize = 400;
    let entries: Vec<_> = entries.into_iter().collect();
    let wrap =
        |entry: &String| format!("  {}", wrapped(&cut(entry, LONGEST)).replace('\n', "\n    "));
    let mut text: Vec<_> = entries.iter().take(MOST).map(wrap).collect();
    match entries.len() {
        0 => text.push("  none".to_owned()),
        count if count > MOST => text.push(format!("  … and {} more", count - MOST)),
        _ => {}
    }
    text.join("\n")
}

/// A text in lines of at most 90 characters, broken where it has spaces as far as it has.
pub(crate) fn wrapped(text: &str) -> String {
    const WIDTH: usize = 90;
    let mut lines = vec![String::new()];
    for word in text.split_inclusive(char::is_whitespace) {
        let mut line = lines.pop().unwrap_or_default();
        let mut rest = word;
        while line.chars().count() + rest.trim_end().chars().count() > WIDTH {
            let room = if line.is_empty() { WIDTH } else { 0 };
            let at = rest.char_indices().nth(room).map_or(rest.len(), |(at, _)| at);
            let (now, later) = rest.split_at(at);
            line.push_str(now);
            lines.push(line.trim_end().to_owned());
            (line, rest) = (String::new(), later);
        }
        line.push_str(rest);
        lines.push(line);
    }
    lines.join("\n").trim_end().to_owned()
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
        let long = format!("ä{}z", "b".repeat(98));
        assert_eq!(cut(&long, 20), "äb…[96 more]…bz");
        assert_eq!(cut(&cut(&long, 20), 20), cut(&long, 20));
    }

    #[test]
    fn two_long_texts_are_shown_where_they_differ() {
        let text = |end: &str| format!("{}{end}", "a".repeat(100));
        assert_eq!(
            unlike_text("body", "expected", &text("xyz"), Some(&text("yz"))),
            format!("body: expected …\"{0}xyz\", sent …\"{0}yz\"", "a".repeat(24))
        );
    }

    #[test]
    fn a_long_line_is_shown_where_the_find_is() {
        let line = format!("{}FOUND{}", "a".repeat(50), "b".repeat(50));
        assert_eq!(around(&line, "FOUND", 15), "…aaaaaFOUNDbbbbb…");
        assert_eq!(around("aaFOUND", "FOUND", 15), "aaFOUND");
        assert_eq!(around(&format!("FOUND{line}"), "FOUND", 10), "FOUNDaaaaa…");
        assert_eq!(around(&format!("{}FOUND", "a".repeat(50)), "FOUND", 10), "…aaaaaFOUND");
    }

    #[test]
    fn a_secret_is_named_and_its_encodings_go() {
        let name: SecretName = "api-token".parse().unwrap();
        let secrets = [(name, "canary-5f1d0a7b".to_owned())];
        let plain = without_secrets("sent \"Bearer canary-5f1d0a7b\"", &secrets);
        assert_eq!(plain, "sent \"Bearer [the secret api-token]\"");
        let hex = without_secrets("sent 63616e6172792d3566316430613762", &secrets);
        assert_eq!(hex, "sent [REDACTED_SECRET]");
    }

    #[test]
    fn a_list_says_what_it_leaves_out() {
        assert_eq!(list([]), "  none");
        let entry = format!("{} {}", "a".repeat(60), "b".repeat(100));
        let wrapped =
            format!("  {}\n    {}\n    {}", "a".repeat(60), "b".repeat(90), "b".repeat(10));
        assert_eq!(list([entry]), wrapped);
        let many = list((0..33).map(|number| number.to_string()));
        assert!(many.ends_with("  29\n  … and 3 more"), "{many}");
    }
}
