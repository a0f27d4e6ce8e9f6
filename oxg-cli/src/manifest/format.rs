//! `oxg manifest fmt`

use std::io::{self, Write as _};
use std::path::Path;

use oxg_manifest::format::format;

use super::args::FmtArgs;
use super::input::Input;
use super::style::print_document;
use super::validate::valid;
use super::{Unreadable, Verdict};
use crate::terminal;

/// Goes on after a file that cannot be laid out; the worst verdict counts.
pub(super) fn run(args: &FmtArgs) -> Result<Verdict, Unreadable> {
    let mut worst = Verdict::Good;
    for path in &args.files {
        let verdict = file(path, args.check).unwrap_or_else(|error| {
            terminal::failure(&error);
            Verdict::Unknown
        });
        if verdict as u8 > worst as u8 {
            worst = verdict;
        }
    }
    Ok(worst)
}

fn file(path: &Path, check: bool) -> Result<Verdict, Unreadable> {
    let input = Input::read_one(path)?;
    if valid(&input).is_none() {
        return Ok(Verdict::Bad);
    }
    let text = match format(&input.text) {
        Ok(text) => text,
        Err(error) => {
            terminal::failure(&format!("{}, laid out, would be no manifest: {error}", input.name));
            return Ok(Verdict::Bad);
        }
    };
    let same = text.as_bytes() == input.text;
    match &input.path {
        _ if check => {
            if !same {
                print_document(&format!("{}\n", terminal::printable(&input.name)));
            }
            return Ok(if same { Verdict::Good } else { Verdict::Bad });
        }
        None => print_document(&text),
        Some(_) if same => {}
        Some(path) => replace(path, &text).map_err(|error| {
            Unreadable(format!("{}: it cannot be written: {error}", input.name))
        })?,
    }
    Ok(Verdict::Good)
}

/// Puts a whole file in the place of the old one: a reader sees the one or the other. A link stays
/// a link, and permissions stay what they are.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = std::fs::canonicalize(path)?;
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(std::fs::metadata(&path)?.permissions())?;
    file.as_file().sync_all()?;
    file.persist(&path)?;
    Ok(())
}
