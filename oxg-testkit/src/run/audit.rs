//! The broker's decisions as an oracle.

use std::fmt;

use oxg_protocol::audit::{AuditRecord, Decision};

use super::snapshot::stable;
use super::subject;
use crate::text::list;

/// A decision that a test expects. Start with [`allowed`] or [`denied`].
#[derive(Debug, Clone)]
#[must_use = "a decision is checked by `Run::assert_audit`"]
pub struct Decided {
    decision: Decision,
    about: String,
    because: Option<String>,
}

/// The broker allowed `text`: a URL, the path of an API call, or part of one.
pub fn allowed(text: impl Into<String>) -> Decided {
    Decided { decision: Decision::Allow, about: text.into(), because: None }
}

/// The broker denied `text`: a URL, the path of an API call, or part of one.
pub fn denied(text: impl Into<String>) -> Decided {
    Decided { decision: Decision::Deny, about: text.into(), because: None }
}

impl Decided {
    /// With this text somewhere in the reason.
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.because = Some(reason.into());
        self
    }

    fn covers(&self, record: &AuditRecord) -> bool {
        record.decision == self.decision
            && subject(record).is_some_and(|subject| subject.contains(&self.about))
            && self.because.as_ref().is_none_or(|reason| record.reason.contains(reason))
    }
}

impl fmt::Display for Decided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", word(self.decision), self.about)?;
        match &self.because {
            Some(reason) => write!(f, " because {reason:?}"),
            None => Ok(()),
        }
    }
}

/// Each expected decision after the one before it.
pub(super) fn check(expected: &[Decided], records: &[AuditRecord]) -> Result<(), String> {
    let mut left = records.iter();
    let Some(missing) =
        expected.iter().find(|expected| !left.any(|record| expected.covers(record)))
    else {
        return Ok(());
    };
    let all = records.iter().filter(|record| record.decision != Decision::Info);
    let all = list(all.filter_map(|record| {
        let reason = match record.reason.as_str() {
            "" => String::new(),
            reason => format!(": {reason}"),
        };
        Some(format!("{} {}{reason}", word(record.decision), stable(subject(record)?)))
    }));
    Err(format!(
        "the broker did not decide as expected\n  missing, or too early: {}\nall decisions:\n{all}",
        missing.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
    ))
}

fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Allow => "allowed",
        Decision::Deny => "denied ",
        _ => "noted  ",
    }
}
