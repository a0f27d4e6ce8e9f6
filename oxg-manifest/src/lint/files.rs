//! The files that the manifest names.

use std::path::{Component, Path};

use super::{Found, Lint};
use crate::Manifest;
use crate::text::Quoted;

pub(super) fn check(manifest: &Manifest, found: &mut Found<'_>) {
    if is_outside(manifest.entry.as_str()) {
        let message = format!(
            "the entry {} lies outside the plugin's folder",
            Quoted(manifest.entry.as_str())
        );
        let help = "name a file in the folder of the manifest, such as \"./start.sh\"";
        found.add(Lint::EntryOutside, "entry", message, help);
    }
    if manifest.trusted == Some(true) && manifest.signature.is_none() {
        let message = "the plugin is trusted, but not signed";
        let help = "sign it with `oxg manifest sign`, or remove \"trusted\"";
        found.add(Lint::TrustedUnsigned, "trusted", message, help);
    }
}

/// Whether a path leads out of its folder, as Unix or Windows reads it. Looks at the text only.
fn is_outside(path: &str) -> bool {
    let drive = path.as_bytes().get(1) == Some(&b':')
        && path.starts_with(|c: char| c.is_ascii_alphabetic());
    if drive || path.starts_with(['/', '\\']) {
        return true;
    }
    let mut depth = 0_usize;
    for component in Path::new(&path.replace('\\', "/")).components() {
        match component {
            Component::ParentDir => match depth.checked_sub(1) {
                Some(up) => depth = up,
                None => return true,
            },
            Component::Normal(_) => depth += 1,
            _ => {}
        }
    }
    false
}
