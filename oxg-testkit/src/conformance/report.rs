//! What came of the cases.

use std::time::Duration;

use serde::Serialize;

use super::{CaseError, CaseInfo, KnownFailing};

/// What came of one case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// The rule holds.
    Holds,
    /// It does not.
    Fails {
        /// What differed; at least one.
        failures: Vec<Failure>,
    },
    /// It cannot be tried here.
    Skipped {
        /// Why.
        reason: String,
    },
    /// It fails, as was known.
    KnownFailing {
        /// What differed.
        failures: Vec<Failure>,
    },
    /// It is listed as known to fail and does not: the list is wrong.
    NotFailing {
        /// What came of it instead.
        reason: String,
    },
}

impl Verdict {
    pub(super) fn of(failures: Vec<Failure>) -> Self {
        match failures.is_empty() {
            true => Self::Holds,
            false => Self::Fails { failures },
        }
    }

    /// Whether the run as a whole fails for it.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        matches!(self, Self::Fails { .. } | Self::NotFailing { .. })
    }
}

/// One thing that differed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Failure {
    /// What the rule asks for.
    pub expected: String,
    /// What was there instead. Holds neither tokens nor secrets.
    pub seen: String,
}

impl Failure {
    pub(super) fn new(expected: impl Into<String>, seen: impl Into<String>) -> Self {
        Self { expected: expected.into(), seen: seen.into() }
    }
}

/// One case, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Outcome {
    /// The case.
    #[serde(flatten)]
    pub case: CaseInfo,
    /// What came of it.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

impl Outcome {
    pub(super) fn new(case: CaseInfo, verdict: Verdict, took: Duration) -> Self {
        Self { case, verdict, took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX) }
    }
}

/// What came of a suite, in the order of its cases.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Each case.
    pub outcomes: Vec<Outcome>,
}

impl Report {
    /// The report in the light of a list of known failures.
    ///
    /// # Errors
    /// [`CaseError::Unknown`] if the list names a case that is not in the report.
    pub fn against(mut self, known: &KnownFailing) -> Result<Self, CaseError> {
        for id in known.iter() {
            if !self.outcomes.iter().any(|outcome| outcome.case.id == *id) {
                return Err(CaseError::Unknown { id: id.clone() });
            }
        }
        for outcome in &mut self.outcomes {
            if known.contains(&outcome.case.id) {
                outcome.verdict = match std::mem::replace(&mut outcome.verdict, Verdict::Holds) {
                    Verdict::Fails { failures } => Verdict::KnownFailing { failures },
                    Verdict::Skipped { reason } => {
                        Verdict::NotFailing { reason: format!("it was skipped: {reason}") }
                    }
                    _ => Verdict::NotFailing { reason: "it holds".to_owned() },
                };
            }
        }
        Ok(self)
    }

    /// Whether every case is as it should be.
    #[must_use]
    pub fn conforms(&self) -> bool {
        !self.outcomes.iter().any(|outcome| outcome.verdict.is_bad())
    }

    /// Every case is as it should be.
    ///
    /// # Panics
    /// If not, with each that is not.
    #[track_caller]
    #[allow(clippy::panic, reason = "this is an assertion")]
    pub fn assert_conforms(&self) {
        let bad: Vec<_> = self.outcomes.iter().filter(|outcome| outcome.verdict.is_bad()).collect();
        if !bad.is_empty() {
            panic!("{} cases are not as they should be: {bad:#?}", bad.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::Kind;

    fn report(verdicts: &[(&str, Verdict)]) -> Report {
        let outcomes = verdicts.iter().map(|(id, verdict)| {
            let case = CaseInfo {
                id: id.parse().unwrap(),
                kind: Kind::Plugin,
                must: "hold".to_owned(),
                source: "Tasks".to_owned(),
            };
            Outcome::new(case, verdict.clone(), Duration::ZERO)
        });
        Report { outcomes: outcomes.collect() }
    }

    fn fails() -> Verdict {
        Verdict::Fails { failures: vec![Failure::new("a", "b")] }
    }

    fn known(text: &str) -> KnownFailing {
        KnownFailing::parse("list", text).unwrap()
    }

    #[test]
    fn a_case_that_fails_and_is_not_listed_fails_the_run() {
        assert!(!report(&[("a/b", fails())]).conforms());
        assert!(report(&[("a/b", fails())]).against(&known("a/b")).unwrap().conforms());
    }

    #[test]
    fn a_listed_case_that_holds_or_is_skipped_fails_the_run() {
        for verdict in [Verdict::Holds, Verdict::Skipped { reason: "no task".to_owned() }] {
            let report = report(&[("a/b", verdict)]);
            assert!(report.conforms());
            assert!(!report.against(&known("a/b")).unwrap().conforms());
        }
    }

    #[test]
    fn a_list_that_names_no_case_is_refused() {
        let error = report(&[("a/b", fails())]).against(&known("a/b\na/c")).unwrap_err();
        assert!(matches!(error, CaseError::Unknown { id } if id.as_str() == "a/c"));
    }
}
