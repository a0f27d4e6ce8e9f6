//! `oxg manifest validate`

use std::path::Path;

use oxg_manifest::Manifest;
use oxg_manifest::lint::lint;
use oxg_manifest::report::{FileReport, Level, Report, github, human, json, sarif};

use super::Verdict;
use super::args::{ReportFormat, ValidateArgs};
use super::input::Input;
use super::style::{Colours, WIDTH, print, print_document};

pub(super) fn run(args: &ValidateArgs) -> Verdict {
    let mut report = Report::default();
    report.files = args.files.iter().map(|path| check(path, args)).collect();
    match args.format {
        ReportFormat::Human => print(&human(&report, &Colours, WIDTH)),
        ReportFormat::Json => print_document(&json(&report)),
        ReportFormat::Sarif => print_document(&sarif(&report)),
        ReportFormat::Github => print_document(&github(&report)),
    }
    if report.unreadable() > 0 {
        Verdict::Unknown
    } else if report.errors() > 0 {
        Verdict::Bad
    } else {
        Verdict::Good
    }
}

fn check(path: &Path, args: &ValidateArgs) -> FileReport {
    let Input { name, text, .. } = match Input::read(path) {
        Ok(input) => input,
        Err((name, why)) => return FileReport::unreadable(name, why.to_string()),
    };
    let Ok(manifest) = Manifest::from_slice(&text) else {
        return FileReport::check(name, text);
    };
    let mut notices = lint(&manifest, &text, &args.allow);
    for notice in
        notices.iter_mut().filter(|notice| args.deny_warnings && notice.level == Level::Warning)
    {
        notice.level = Level::Error;
    }
    FileReport::new(name, text, notices)
}

/// The manifest; when it is invalid, says why on standard error.
pub(super) fn valid(input: &Input) -> Option<Manifest> {
    let manifest = Manifest::from_slice(&input.text).ok();
    if manifest.is_none() {
        let mut report = Report::default();
        report.files.push(FileReport::check(input.name.as_str(), input.text.clone()));
        anstream::eprint!("{}", human(&report, &Colours, WIDTH));
    }
    manifest
}
