//! From a diagnostic of the strict reader to a notice.

use super::{FileReport, Level, Notice};
use crate::{Diagnostic, Manifest};

impl From<&Diagnostic> for Notice {
    fn from(diagnostic: &Diagnostic) -> Self {
        let code = diagnostic.code();
        let text = diagnostic.kind().to_string();
        let (message, help) = split_advice(&text);
        let mut notice = Self::new(code, about(code), Level::Error, message)
            .at(diagnostic.path(), diagnostic.span());
        notice.help = help.map(str::to_owned);
        // A suggestion for another place than the one that is shown would mislead.
        let suggestion = diagnostic.suggestion().filter(|s| s.span == notice.span);
        notice.replacement = suggestion.map(|suggestion| suggestion.replacement);
        notice
    }
}

impl FileReport {
    /// Checks bytes as [`Manifest::check`] does, and reports on them as the file `name`.
    #[must_use]
    pub fn check(name: impl Into<String>, text: Vec<u8>) -> Self {
        let name = name.into();
        let checked = Manifest::check(&text, &name);
        let mut notices: Vec<Notice> = checked.diagnostics.iter().map(Notice::from).collect();
        if checked.truncated {
            let about = "More may be wrong than is listed.";
            let end = notices.last().map_or(0..0, |last| last.span.clone());
            let message = "more may be wrong; mend these first";
            notices.push(Notice::new("truncated", about, Level::Note, message).at("", end));
        }
        Self::new(name, text, notices)
    }
}

/// Messages say what is wrong and, behind the first semicolon outside quotes, what to do.
fn split_advice(text: &str) -> (&str, Option<&str>) {
    let (mut quoted, mut escaped) = (false, false);
    let semicolon = text.find(|c: char| {
        let found = c == ';' && !quoted;
        quoted ^= c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        found
    });
    match semicolon.and_then(|at| text.split_at_checked(at)) {
        Some((message, advice)) => (message, Some(advice.trim_start_matches(';').trim_start())),
        None => (text, None),
    }
}

/// What a code of [`DiagnosticKind`](crate::DiagnosticKind) stands for.
fn about(code: &str) -> &'static str {
    match code {
        "too-large" => "A manifest has at most 1 MiB.",
        "byte-order-mark" => "JSON text begins without a byte order mark (RFC 8259, section 8.1).",
        "not-utf8" => "JSON text is UTF-8 (RFC 8259, section 8.1).",
        "syntax" => "A manifest is JSON (RFC 8259).",
        "comment" => "JSON has no comments.",
        "trailing-comma" => "JSON has no comma after the last item.",
        "trailing-data" => "A manifest is one JSON value, and nothing follows it.",
        "too-deep" => "Objects and arrays are nested at most 64 deep.",
        "not-a-number" => "JSON has neither NaN nor infinities (RFC 8259, section 6).",
        "lone-surrogate" => "Half of a surrogate pair is no character (RFC 8259, section 8.2).",
        "number-out-of-range" => "Readers do not agree on a number that no 64-bit float can hold.",
        "duplicate-key" => "Readers do not agree on which of two equal keys counts.",
        "unknown-field" => "A manifest has only the keys that it may have.",
        "wrong-case" => "Readers do not agree on keys that differ by case only.",
        "not-in-host-form" => "The host refuses the keys of the guide's form.",
        "missing-field" => "A key that every manifest has is missing.",
        "wrong-type" => "A value has another JSON type than the key requires.",
        "unknown-value" => "A value is none of those that the key allows.",
        "sdk-capability" => "The host's SDK knows names that the host accepts in no manifest.",
        "invalid-value" => "A value breaks a rule of its key.",
        _ => "The manifest breaks a rule.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DiagnosticKind;

    #[test]
    fn every_code_is_explained() {
        for code in DiagnosticKind::CODES {
            assert_ne!(about(code), about("?"), "{code}");
        }
    }

    #[test]
    fn advice_begins_behind_the_first_semicolon_that_is_not_quoted() {
        assert_eq!(
            split_advice(r#"unknown "a; \"b"; do it"#),
            (r#"unknown "a; \"b""#, Some("do it"))
        );
        assert_eq!(split_advice("expected x"), ("expected x", None));
    }
}
