//! The settings, held against their schema.

use super::{Found, Lint};
use crate::{ConfigPlace, Manifest};

pub(super) fn check(manifest: &Manifest, found: &mut Found<'_>) {
    for violation in manifest.validate_config() {
        let help = match violation.place() {
            ConfigPlace::Schema => "mend the schema, or write it anew from the plugin's own type",
            _ => "change the setting, or the schema",
        };
        found.add(Lint::ConfigMismatch, violation.path(), violation.reason(), help);
    }
}
