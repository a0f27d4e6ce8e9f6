//! Reports on manifests: for a person, a program, a code scanner, and GitHub's log.
//!
//! A [`Report`] gathers what was found in any number of files. It is printed by [`human`],
//! [`json`], [`sarif`] or [`github`]. Whatever comes from a file is escaped on the way out, so that
//! a hostile manifest can neither steer a terminal nor forge a line.
//!
//! ```
//! use oxg_manifest::report::{FileReport, Plain, Report, human};
//!
//! let text = br#"{ "name": "a", "vershion": "1.0.0" }"#;
//! let mut report = Report::default();
//! report.files.push(FileReport::check("manifest.json", text.to_vec()));
//! assert_eq!(report.errors(), 3);
//! let text = human(&report, &Plain, 80);
//! assert!(text.contains("error[unknown-field]: unknown field \"vershion\"\n --> manifest.json:1:16"));
//! ```

mod diagnostic;
mod github;
mod human;
mod json;
mod notice;
mod place;
mod sarif;
mod snippet;
#[cfg(test)]
mod tests;
mod visible;

pub use github::github;
pub use human::{Paint, Plain, Role, human};
pub(crate) use human::{Painted, counted};
pub use json::json;
pub(crate) use json::pretty;
pub use notice::{Level, Notice};
pub use sarif::sarif;
pub(crate) use visible::{visible, wrap};

/// What was found in each of some files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The files, in the order in which they were named.
    pub files: Vec<FileReport>,
}

/// What was found in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileReport {
    /// The file, as the user named it.
    pub name: String,
    /// Its content, for excerpts; empty when it could not be read.
    pub text: Vec<u8>,
    /// Why it could not be read at all.
    pub unreadable: Option<String>,
    /// What was found, in the order of the text.
    pub notices: Vec<Notice>,
}

impl Report {
    /// How many errors there are, without files that could not be read.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.count(Level::Error)
    }

    /// How many warnings there are.
    #[must_use]
    pub fn warnings(&self) -> usize {
        self.count(Level::Warning)
    }

    /// How many files could not be read.
    #[must_use]
    pub fn unreadable(&self) -> usize {
        self.files.iter().filter(|file| file.unreadable.is_some()).count()
    }

    /// All notices, each with its file.
    fn notices(&self) -> impl Iterator<Item = (&FileReport, &Notice)> {
        self.files.iter().flat_map(|file| file.notices.iter().map(move |notice| (file, notice)))
    }

    fn count(&self, level: Level) -> usize {
        self.notices().filter(|(_, notice)| notice.level == level).count()
    }
}

impl FileReport {
    /// A file with these notices.
    #[must_use]
    pub fn new(name: impl Into<String>, text: Vec<u8>, mut notices: Vec<Notice>) -> Self {
        notices.sort_by_key(|notice| notice.span.start);
        Self { name: name.into(), text, unreadable: None, notices }
    }

    /// A file that could not be read, and why, without its name.
    #[must_use]
    pub fn unreadable(name: impl Into<String>, why: impl Into<String>) -> Self {
        let unreadable = Some(why.into());
        Self { name: name.into(), text: Vec::new(), unreadable, notices: Vec::new() }
    }

    /// Whether it could be read and has no errors.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.unreadable.is_none() && self.notices.iter().all(|notice| notice.level < Level::Error)
    }
}
