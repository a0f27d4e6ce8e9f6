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

use std::collections::BTreeMap;

use crate::Manifest;
use crate::places::Places;
use crate::report::Notice;

/// How many notices one lint gives, so that no lint can crowd out another.
const MAX_OF_ONE_LINT: usize = 20;

/// How many pairs of host patterns are compared in all, so that a hostile list costs no time.
const MAX_COMPARISONS: usize = 65_536;

/// What deserves a look in a manifest, in the order of its text, but for what `allowed` lists.
///
/// Each lint names at most 20 places. Where it found more, one further notice of its code says how
/// many, at the first of them. `text` is what the manifest was read from.
#[must_use]
pub fn lint(manifest: &Manifest, text: &[u8], allowed: &[Lint]) -> Vec<Notice> {
    let mut found = Found {
        places: Places::of(text),
        allowed,
        notices: Vec::new(),
        of_lint: BTreeMap::new(),
        comparisons: MAX_COMPARISONS,
    };
    hosts::check(manifest, &mut found);
    secrets::check(manifest, &mut found);
    sandbox::check(manifest, &mut found);
    files::check(manifest, &mut found);
    #[cfg(feature = "validation")]
    config::check(manifest, &mut found);
    found.into_notices()
}

/// Gathers what is found.
struct Found<'a> {
    places: Places<'a>,
    allowed: &'a [Lint],
    notices: Vec<Notice>,
    of_lint: BTreeMap<Lint, OfLint>,
    /// How many more pairs of host patterns may be compared.
    comparisons: usize,
}

/// How often a lint was found.
#[derive(Default)]
struct OfLint {
    count: usize,
    /// The place of the first that is not told.
    first_untold: String,
}

impl Found<'_> {
    fn add(&mut self, lint: Lint, path: &str, message: impl Into<String>, help: &str) {
        if self.allowed.contains(&lint) {
            return;
        }
        let of_lint = self.of_lint.entry(lint).or_default();
        of_lint.count += 1;
        match of_lint.count.checked_sub(MAX_OF_ONE_LINT) {
            None | Some(0) => {
                let notice = notice(lint, message).at(path, self.places.nearest(path)).help(help);
                self.notices.push(notice);
            }
            Some(1) => path.clone_into(&mut of_lint.first_untold),
            Some(_) => {}
        }
    }

    fn into_notices(mut self) -> Vec<Notice> {
        for (lint, OfLint { count, first_untold: path }) in self.of_lint {
            let untold = count.saturating_sub(MAX_OF_ONE_LINT);
            if untold > 0 {
                let message = format!("{untold} more of this kind, beginning here");
                self.notices
                    .push(notice(lint, message).at(path.as_str(), self.places.nearest(&path)));
            }
        }
        self.notices.sort_by_key(|notice| notice.span.start);
        self.notices
    }
}

fn notice(lint: Lint, message: impl Into<String>) -> Notice {
    Notice::new(lint.code(), lint.reason(), lint.level(), message)
}
