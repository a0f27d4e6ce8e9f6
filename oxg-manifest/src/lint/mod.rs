//! Lints: what a valid manifest should not say without a reason.
//!
//! Whether the settings match their schema is only looked at with the feature `validation`.
//!
//! Each [`Lint`] has a code, a reason, and a level. It is allowed by its code, on the command line
//! or by the caller of [`lint`], and never in the manifest itself: the host refuses every key that
//! it does not know, and a plugin must not silence what its approver should see.
//!
//! ```
//! use oxg_manifest::{Manifest, lint::lint};
//!
//! let text = r#"{
//!   "name": "a", "version": "1.0.0", "entry": "../a",
//!   "capabilities": { "http": { "outbound": ["broker"], "hosts": ["shop.test", "*"] } },
//!   "sandbox": { "limits": { "wall_seconds": 60 } }
//! }"#;
//! let notices = lint(&text.parse()?, text.as_bytes(), &[]);
//! let codes: Vec<_> = notices.iter().map(|notice| notice.code).collect();
//! assert_eq!(codes, ["entry-outside", "redundant-host", "any-host"]);
//! # Ok::<(), oxg_manifest::ManifestError>(())
//! ```

#[cfg(feature = "validation")]
mod config;
mod files;
mod hosts;
mod sandbox;
mod secrets;
mod table;
#[cfg(test)]
mod tests;

pub use table::{Lint, UnknownLint};

use crate::Manifest;
use crate::places::Places;
use crate::report::Notice;

/// How many things are told. A manifest with more of them is not worth reading further.
const MAX_NOTICES: usize = 100;

/// How many pairs of host patterns are compared in all, so that a hostile list costs no time.
const MAX_COMPARISONS: usize = 65_536;

/// What deserves a look in a manifest, in the order of its text, but for what `allowed` lists: at
/// most 100 things. `text` is what the manifest was read from.
#[must_use]
pub fn lint(manifest: &Manifest, text: &[u8], allowed: &[Lint]) -> Vec<Notice> {
    let mut found = Found {
        places: Places::of(text),
        allowed,
        notices: Vec::new(),
        comparisons: MAX_COMPARISONS,
    };
    hosts::check(manifest, &mut found);
    secrets::check(manifest, &mut found);
    sandbox::check(manifest, &mut found);
    files::check(manifest, &mut found);
    #[cfg(feature = "validation")]
    config::check(manifest, &mut found);
    found.notices.sort_by_key(|notice| notice.span.start);
    found.notices
}

/// Gathers what is found.
struct Found<'a> {
    places: Places<'a>,
    allowed: &'a [Lint],
    notices: Vec<Notice>,
    /// How many more pairs of host patterns may be compared.
    comparisons: usize,
}

impl Found<'_> {
    fn is_full(&self) -> bool {
        self.notices.len() == MAX_NOTICES
    }

    fn add(&mut self, lint: Lint, path: &str, message: impl Into<String>, help: &str) {
        if self.allowed.contains(&lint) || self.is_full() {
            return;
        }
        let span = self.places.nearest(path);
        let notice = Notice::new(lint.code(), lint.reason(), lint.level(), message);
        self.notices.push(notice.at(path, span).help(help));
    }
}
