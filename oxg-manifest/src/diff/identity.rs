//! What the plugin is: its names, its program, its settings.

use super::ChangeKind::{self, Changed, Info};
use super::changes::Changes;
use crate::text::Quoted;
use crate::{HostCapability, Manifest};

pub(super) fn compare(old: &Manifest, new: &Manifest, changes: &mut Changes) {
    let mut text = |kind: ChangeKind, path: &str, old: Option<&str>, new: Option<&str>| {
        if old != new {
            let show = |text: Option<&str>| {
                text.map_or_else(|| "absent".to_owned(), |text| Quoted(text).to_string())
            };
            let message = format!("{path} is {} instead of {}", show(new), show(old));
            changes.push(kind, path, message);
        }
    };
    text(Changed, "name", Some(old.name.as_str()), Some(new.name.as_str()));
    text(Info, "version", Some(old.version.as_str()), Some(new.version.as_str()));
    text(Info, "description", old.description.as_deref(), new.description.as_deref());
    text(Changed, "entry", Some(old.entry.as_str()), Some(new.entry.as_str()));
    let artifact = |manifest: &Manifest| manifest.artifact.as_ref().map(ToString::to_string);
    text(Changed, "artifact", artifact(old).as_deref(), artifact(new).as_deref());
    let trusted = |manifest: &Manifest| manifest.trusted.unwrap_or_default();
    if trusted(old) != trusted(new) {
        let message = match trusted(new) {
            true => "the host's operator may now skip the check of the signature",
            false => "the host's operator may no longer skip the check of the signature",
        };
        changes.push(Changed, "trusted", message.to_owned());
    }
    if old.signature != new.signature {
        let message = match (&old.signature, &new.signature) {
            (Some(_), None) => "it is no longer signed",
            (None, Some(_)) => "it is signed now",
            _ => "another signature, key or certificate",
        };
        changes.push(Changed, "signature", message.to_owned());
    }
    host_only(old, new, changes);
    if old.form() != new.form() {
        changes.push(Info, "capabilities", "it is written in the other form".to_owned());
    }
    for (path, differs) in [
        ("config", old.config != new.config),
        ("configSchema", old.config_schema != new.config_schema),
    ] {
        if differs {
            changes.push(Info, path, format!("{path} differs"));
        }
    }
}

/// Capabilities of the host's list that have no meaning here. The host may give them one.
fn host_only(old: &Manifest, new: &Manifest, changes: &mut Changes) {
    use HostCapability::{AiAnalysis, HttpPassive, Report, Spider};
    let listed = |manifest: &Manifest, capability| {
        manifest.host_capabilities().is_some_and(|list| list.contains(capability))
    };
    // Whoever may see traffic has all that the host has for passive plugins.
    let implied = |manifest: &Manifest, capability| {
        capability == HttpPassive && manifest.capabilities.flows.is_some_and(|flows| flows.passive)
    };
    for capability in [AiAnalysis, HttpPassive, Report, Spider] {
        let (before, after) = (listed(old, capability), listed(new, capability));
        let what = format!("use what the host grants for {capability}");
        let before_or_implied = before || (after && implied(old, capability));
        let after_or_implied = after || (before && implied(new, capability));
        changes.grant("capabilities", before_or_implied, after_or_implied, &what);
    }
}
