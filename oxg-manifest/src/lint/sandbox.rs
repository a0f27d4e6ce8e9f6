//! The sandbox that is asked for.

use super::{Found, Lint};
use crate::text::Quoted;
use crate::{Form, Manifest, Network};

pub(super) fn check(manifest: &Manifest, found: &mut Found<'_>) {
    let limited = manifest.sandbox.as_ref().and_then(|sandbox| sandbox.limits).is_some();
    // The host's form has no place for limits.
    if !limited && manifest.form() == Form::Guide {
        let help =
            "add \"limits\": { \"cpu_seconds\": 60, \"memory_bytes\": 268435456 } to \"sandbox\"";
        found.add(Lint::NoLimits, "sandbox", "the plugin sets itself no limits", help);
    }
    let Some(sandbox) = &manifest.sandbox else {
        return;
    };
    if sandbox.network != Network::Isolated {
        let message = "the plugin asks for the host's own network, past the broker";
        let help = "write \"isolated\", and declare \"http\"";
        found.add(Lint::OpenNetwork, "sandbox.network", message, help);
    }
    for (index, mount) in sandbox.mounts.iter().enumerate() {
        if mount != "workspace" {
            let message = format!("the plugin asks for the mount {}", Quoted(mount));
            let help = "mount \"workspace\" only, and take the rest as artifacts";
            found.add(Lint::ForeignMount, &format!("sandbox.mounts[{index}]"), message, help);
        }
    }
    if sandbox.user.as_deref().is_some_and(|user| matches!(user, "root" | "0")) {
        let help = "name a user without rights, such as \"oxg\"";
        found.add(Lint::RootUser, "sandbox.user", "the plugin asks to run as root", help);
    }
}
