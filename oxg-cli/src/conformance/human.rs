//! The report for a person.

use std::io::{self, Write};

use anstyle::Style;
use oxg_testkit::conformance::{CaseInfo, Failure, Kind, Outcome, Report, Verdict};

use crate::terminal::{BAD, FAINT, GOOD, HINT, STRONG, printable};

/// The width of the words before a case.
const WORD: usize = 5;

pub(super) fn report(report: &Report) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    let width = width(report.outcomes.iter().map(|outcome| &outcome.case));
    let mut group = "";
    for outcome in &report.outcomes {
        heading(&mut out, &outcome.case, &mut group)?;
        line(&mut out, outcome, width)?;
    }
    writeln!(out, "\n{}", summary(report))
}

pub(super) fn list(cases: &[CaseInfo]) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    let width = width(cases.iter());
    let (mut group, mut kind) = ("", None);
    for case in cases {
        if kind.replace(case.kind) != Some(case.kind) {
            let what = if case.kind == Kind::Broker { "a broker" } else { "a plugin" };
            writeln!(out, "{STRONG}What {what} must do{STRONG:#}")?;
            group = "";
        }
        heading(&mut out, case, &mut group)?;
        let must = printable(&case.must);
        writeln!(
            out,
            "  {:<width$}  {must}  {FAINT}{}{FAINT:#}",
            name(case),
            printable(&case.source)
        )?;
    }
    Ok(())
}

fn heading<'a>(out: &mut impl Write, case: &'a CaseInfo, group: &mut &'a str) -> io::Result<()> {
    let of_case = case.id.as_str().split('/').next().unwrap_or_default();
    if of_case != *group {
        *group = of_case;
        writeln!(out, "{STRONG}{of_case}{STRONG:#}")?;
    }
    Ok(())
}

fn line(out: &mut impl Write, outcome: &Outcome, width: usize) -> io::Result<()> {
    let (style, word) = word(&outcome.verdict);
    let (name, must) = (name(&outcome.case), printable(&outcome.case.must));
    let took = match outcome.took_ms {
        took if took >= 1000 => format!("  {}.{} s", took / 1000, took % 1000 / 100),
        _ => String::new(),
    };
    writeln!(out, "  {style}{word:<WORD$}{style:#} {name:<width$}  {must}{FAINT}{took}{FAINT:#}")?;
    let mut detail = |what: &str, text: &str| {
        writeln!(out, "  {:WORD$} {HINT}{what:<9}{HINT:#} {}", "", printable(text))
    };
    match &outcome.verdict {
        Verdict::Fails { failures } => {
            for Failure { expected, seen, .. } in failures {
                detail("expected", expected)?;
                detail("seen", seen)?;
            }
            detail("rule", &outcome.case.source)
        }
        Verdict::Skipped { reason } => detail("because", reason),
        Verdict::NotFailing { reason } => {
            detail("listed", "as known to fail; remove it from the list")?;
            detail("seen", reason)
        }
        _ => Ok(()),
    }
}

fn word(verdict: &Verdict) -> (Style, &'static str) {
    match verdict {
        Verdict::Holds => (GOOD, "ok"),
        Verdict::Fails { .. } => (BAD, "FAIL"),
        Verdict::KnownFailing { .. } => (FAINT, "known"),
        Verdict::NotFailing { .. } => (BAD, "LIST"),
        _ => (FAINT, "skip"),
    }
}

fn name(case: &CaseInfo) -> &str {
    case.id.as_str().split_once('/').map_or("", |(_, name)| name)
}

fn width<'a>(cases: impl Iterator<Item = &'a CaseInfo>) -> usize {
    cases.map(|case| name(case).len()).max().unwrap_or_default()
}

fn summary(report: &Report) -> String {
    let count = |wanted: fn(&Verdict) -> bool| {
        report.outcomes.iter().filter(|outcome| wanted(&outcome.verdict)).count()
    };
    let parts = [
        (count(|verdict| matches!(verdict, Verdict::Holds)), "hold"),
        (count(|verdict| matches!(verdict, Verdict::Fails { .. })), "fail"),
        (count(|verdict| matches!(verdict, Verdict::NotFailing { .. })), "listed and not failing"),
        (count(|verdict| matches!(verdict, Verdict::KnownFailing { .. })), "known to fail"),
        (count(|verdict| matches!(verdict, Verdict::Skipped { .. })), "skipped"),
    ];
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    let parts: Vec<_> = parts.map(|(count, what)| format!("{count} {what}")).collect();
    let style = if report.conforms() { GOOD } else { BAD };
    let word = if report.conforms() { "conforms" } else { "does not conform" };
    format!("{style}{word}{style:#}  {} cases: {}", report.outcomes.len(), parts.join(", "))
}
