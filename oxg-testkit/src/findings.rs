//! Which findings a test expects.

use std::fmt;

use oxg_protocol::Severity;
use oxg_protocol::finding::FindingRecord;

use crate::text::cut;

/// The longest that a finding is told, in characters.
const LONGEST: usize = 70;

/// A finding that a test expects: of a type, and of what else is asked for.
#[derive(Debug, Clone)]
#[must_use = "an expected finding is checked by `Run::assert_findings`"]
pub struct Expected {
    kind: String,
    severity: Option<(Severity, bool)>,
    target: Option<String>,
    message: Option<String>,
}

/// Findings of the type `kind`.
pub fn finding(kind: &str) -> Expected {
    Expected { kind: kind.to_owned(), severity: None, target: None, message: None }
}

impl Expected {
    /// Of this severity or a worse one.
    pub fn at_least(mut self, severity: Severity) -> Self {
        self.severity = Some((severity, false));
        self
    }

    /// Of exactly this severity.
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some((severity, true));
        self
    }

    /// At exactly this target.
    pub fn target(mut self, target: &str) -> Self {
        self.target = Some(target.to_owned());
        self
    }

    /// With this text somewhere in the message.
    pub fn message_contains(mut self, text: &str) -> Self {
        self.message = Some(text.to_owned());
        self
    }

    fn covers(&self, found: &FindingRecord) -> bool {
        let severity = self.severity.is_none_or(|(severity, exactly)| {
            found.severity == severity || (!exactly && found.severity > severity)
        });
        severity
            && self.kind == found.kind
            && self.target.as_ref().is_none_or(|target| found.target.as_ref() == Some(target))
            && self.message.as_ref().is_none_or(|text| found.message.contains(text))
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        match self.severity {
            Some((severity, true)) => write!(f, ", {severity}")?,
            Some((severity, false)) => write!(f, ", {severity} or worse")?,
            None => {}
        }
        if let Some(target) = &self.target {
            write!(f, ", at {target}")?;
        }
        if let Some(text) = &self.message {
            write!(f, ", saying {text:?}")?;
        }
        Ok(())
    }
}

/// What is wrong with `found`, in words: each expected finding must be there at least once, and
/// each that is there must be expected.
pub(crate) fn compare(expected: &[Expected], found: &[FindingRecord]) -> Result<(), String> {
    let missing =
        expected.iter().filter(|expected| !found.iter().any(|found| expected.covers(found)));
    let missing: Vec<_> = missing.map(|expected| format!("  missing     {expected}\n")).collect();
    let surplus =
        found.iter().filter(|found| !expected.iter().any(|expected| expected.covers(found)));
    let surplus: Vec<_> =
        surplus.map(|found| format!("  unexpected  {}\n", describe(found))).collect();
    if missing.is_empty() && surplus.is_empty() {
        return Ok(());
    }
    let all: String = found.iter().map(|found| format!("  {}\n", describe(found))).collect();
    let all = if all.is_empty() { "  none\n".to_owned() } else { all };
    Err(format!(
        "the findings are not the expected ones\n{}{}all findings:\n{all}",
        missing.concat(),
        surplus.concat()
    ))
}

/// On one line if it fits.
fn describe(found: &FindingRecord) -> String {
    let target = found.target.as_deref().unwrap_or("no target");
    let head = format!("{}, {}, at {target}", found.kind, found.severity);
    let message = found.message.replace('\n', "\\n");
    let line = format!("{head}: {message}");
    if line.chars().count() <= LONGEST {
        return line;
    }
    format!("{}\n{:14}{}", cut(&head, LONGEST), "", cut(&message, LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;
    use oxg_protocol::Severity::{High, Low, Medium};

    fn found(kind: &str, severity: Severity) -> FindingRecord {
        FindingRecord {
            version: FindingRecord::VERSION.to_owned(),
            id: "0".repeat(26).parse().unwrap(),
            plugin: "p".to_owned(),
            kind: kind.to_owned(),
            message: "m".to_owned(),
            target: Some("t".to_owned()),
            evidence: "m".to_owned(),
            severity,
            ts: String::new(),
            meta: Default::default(),
        }
    }

    #[test]
    fn one_expected_finding_may_cover_several() {
        let all = [found("a", Low), found("a", High)];
        assert_eq!(compare(&[finding("a").at_least(Low)], &all), Ok(()));
        assert!(compare(&[finding("a").severity(Low)], &all).is_err());
        assert!(compare(&[finding("a").at_least(Medium)], &all).is_err());
    }

    #[test]
    fn the_message_shows_what_is_missing_what_is_too_much_and_all() {
        let error = compare(&[finding("b").at_least(Low).target("x")], &[found("a", Low)]);
        assert_eq!(
            error.unwrap_err(),
            "the findings are not the expected ones
  missing     b, low or worse, at x
  unexpected  a, low, at t: m
all findings:
  a, low, at t: m
"
        );
    }

    #[test]
    fn no_finding_is_a_finding_that_can_be_expected() {
        assert_eq!(compare(&[], &[]), Ok(()));
        assert!(compare(&[], &[found("a", Low)]).is_err());
    }
}
