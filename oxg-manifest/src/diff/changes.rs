//! Gathers differences.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::{Change, ChangeKind, Diff, MAX_CHANGES};

#[derive(Default)]
pub(super) struct Changes {
    changes: Vec<Change>,
    counts: BTreeMap<ChangeKind, usize>,
}

impl Changes {
    pub(super) fn push(&mut self, kind: ChangeKind, path: impl Into<String>, message: String) {
        let counted = self.counts.entry(kind).or_default();
        if *counted < MAX_CHANGES {
            *counted += 1;
            self.changes.push(Change { kind, path: path.into(), message });
        }
    }

    /// Something that the plugin may now do.
    pub(super) fn more(&mut self, path: impl Into<String>, what: impl Display) {
        self.push(ChangeKind::More, path, format!("may now {what}"));
    }

    /// Something that the plugin may no longer do.
    pub(super) fn less(&mut self, path: impl Into<String>, what: impl Display) {
        self.push(ChangeKind::Less, path, format!("may no longer {what}"));
    }

    /// Something that the plugin might do before, and may do after, or not.
    pub(super) fn grant(&mut self, path: &str, before: bool, after: bool, what: &str) {
        match (before, after) {
            (false, true) => self.more(path, what),
            (true, false) => self.less(path, what),
            _ => {}
        }
    }

    pub(super) fn into_diff(mut self) -> Diff {
        self.changes.sort_by_key(|change| change.kind);
        Diff { changes: self.changes }
    }
}
