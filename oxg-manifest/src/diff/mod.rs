//! Whether a new manifest asks for more than the old one.
//!
//! What counts is what is *granted*, not what is written: `api.shop.test` beside `*.shop.test` adds
//! nothing, a list of hosts where there was none takes away, and two halves of a network are the
//! network. Manifests of the guide's and of the host's form compare with each other.
//!
//! ```
//! use oxg_manifest::{Manifest, diff::diff};
//!
//! let manifest = |hosts: &str| -> Result<Manifest, oxg_manifest::ManifestError> {
//!     format!(
//!         r#"{{ "name": "a", "version": "1.0.0", "entry": "./a",
//!              "capabilities": {{ "http": {{ "outbound": ["broker"], "hosts": {hosts} }} }} }}"#
//!     ).parse()
//! };
//! let old = manifest(r#"["*.shop.test"]"#)?;
//! assert!(!diff(&old, &manifest(r#"["api.shop.test"]"#)?).asks_for_more());
//! let more = diff(&old, &manifest(r#"["shop.test"]"#)?);
//! assert!(more.asks_for_more());
//! assert_eq!(more.changes[0].message, "may now reach shop.test");
//! # Ok::<(), oxg_manifest::ManifestError>(())
//! ```

mod changes;
mod http;
mod identity;
mod lists;
mod render;
mod sandbox;
mod secrets;
mod services;
#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::Manifest;
use changes::Changes;
pub use render::{human, json, notices};

/// How many differences of one kind are told. With more of them, nobody reads on.
pub const MAX_CHANGES: usize = 1000;

/// What differs between two manifests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Diff {
    /// Each difference, the weightiest kind first; at most [`MAX_CHANGES`] of each kind.
    pub changes: Vec<Change>,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// What kind of difference it is.
    pub kind: ChangeKind,
    /// Where it stands in the new manifest, or, when it is gone from there, in the old one.
    pub path: String,
    /// What the plugin may do now or no longer, or what has changed. One line, safe to print.
    pub message: String,
}

/// A kind of difference, the weightiest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ChangeKind {
    /// The new manifest grants something that the old one did not.
    More,
    /// Neither more nor less, but somebody should look: another program, or another signature.
    Changed,
    /// The old manifest granted something that the new one does not.
    Less,
    /// It changes nothing that the plugin may do.
    Info,
}

impl Diff {
    /// Whether the new manifest grants something that the old one did not.
    #[must_use]
    pub fn asks_for_more(&self) -> bool {
        self.of_kind(ChangeKind::More).next().is_some()
    }

    /// The differences of one kind.
    pub fn of_kind(&self, kind: ChangeKind) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(move |change| change.kind == kind)
    }
}

/// Compares two manifests. Equal ones have no differences.
#[must_use]
pub fn diff(old: &Manifest, new: &Manifest) -> Diff {
    let mut changes = Changes::default();
    let (before, after) = (&old.capabilities, &new.capabilities);
    http::compare(before.http.as_ref(), after.http.as_ref(), &mut changes);
    secrets::compare(before.secrets.as_ref(), after.secrets.as_ref(), &mut changes);
    services::compare(before, after, &mut changes);
    sandbox::compare(old.sandbox.as_ref(), new.sandbox.as_ref(), &mut changes);
    identity::compare(old, new, &mut changes);
    changes.into_diff()
}
