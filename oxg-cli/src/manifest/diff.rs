//! `oxg manifest diff`

use oxg_manifest::diff::{diff, human, json, notices};
use oxg_manifest::report::{FileReport, Report, sarif};

use super::args::{DiffArgs, DiffFormat};
use super::input::Input;
use super::style::{Colours, print, print_document};
use super::validate::valid;
use super::{Unreadable, Verdict};

pub(super) fn run(args: &DiffArgs) -> Result<Verdict, Unreadable> {
    let (old, new) = (Input::read_one(&args.old)?, Input::read_one(&args.new)?);
    // Both, so that all that is wrong is told at once.
    let (Some(before), Some(after)) = (valid(&old), valid(&new)) else {
        return Ok(Verdict::Bad);
    };
    let diff = diff(&before, &after);
    match args.format {
        DiffFormat::Human => print(&human(&diff, &Colours)),
        DiffFormat::Json => print_document(&json(&diff)),
        DiffFormat::Sarif => {
            let mut report = Report::default();
            let notices = notices(&diff, &new.text);
            report.files.push(FileReport::new(new.name, new.text, notices));
            print_document(&sarif(&report));
        }
    }
    Ok(if diff.asks_for_more() { Verdict::Bad } else { Verdict::Good })
}
