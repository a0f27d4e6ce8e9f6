//! The report as a JUnit document.

use std::fmt::Write as _;

use oxg_testkit::conformance::{Failure, Outcome, Report, Verdict};

pub(super) fn report(report: &Report) -> String {
    let count = |wanted: fn(&Verdict) -> bool| {
        report.outcomes.iter().filter(|outcome| wanted(&outcome.verdict)).count()
    };
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "<testsuite name=\"oxg conformance\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\">",
        report.outcomes.len(),
        count(Verdict::is_bad),
        count(|verdict| !verdict.is_bad() && !matches!(verdict, Verdict::Holds)),
    );
    for outcome in &report.outcomes {
        case(&mut out, outcome);
    }
    out.push_str("</testsuite>\n");
    out
}

fn case(out: &mut String, outcome: &Outcome) {
    let (group, name) = outcome.case.id.as_str().split_once('/').unwrap_or_default();
    let took = format!("{}.{:03}", outcome.took_ms / 1000, outcome.took_ms % 1000);
    let _ = write!(out, "  <testcase classname=\"{group}\" name=\"{name}\" time=\"{took}\">");
    let _ = match &outcome.verdict {
        Verdict::Fails { failures } => write!(
            out,
            "<failure message=\"{}\">{}</failure>",
            escaped(&outcome.case.must),
            escaped(&text(failures, &outcome.case.source)),
        ),
        Verdict::NotFailing { reason } => write!(
            out,
            "<failure message=\"listed as known to fail\">{}</failure>",
            escaped(reason),
        ),
        Verdict::Skipped { reason } => write!(out, "<skipped message=\"{}\"/>", escaped(reason)),
        Verdict::KnownFailing { .. } => write!(out, "<skipped message=\"known to fail\"/>"),
        _ => Ok(()),
    };
    out.push_str("</testcase>\n");
}

fn text(failures: &[Failure], source: &str) -> String {
    let lines = failures
        .iter()
        .map(|Failure { expected, seen, .. }| format!("expected: {expected}\nseen: {seen}\n"));
    lines.chain([format!("rule: {source}")]).collect()
}

/// What XML 1.0 takes, in text and in attributes alike.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            // Other control characters and two more are in no XML document.
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_plugin_writes_cannot_break_the_document() {
        assert_eq!(escaped("<a b=\"c\">&\u{1b}\n"), "&lt;a b=&quot;c&quot;&gt;&amp;\u{fffd}\n");
    }
}
