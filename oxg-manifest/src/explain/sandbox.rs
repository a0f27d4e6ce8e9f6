//! What the plugin asks to run in.

use crate::text::Quoted;
use crate::{Form, Manifest, Network, Sandbox};

pub(super) fn explain(manifest: &Manifest) -> Vec<String> {
    let Some(sandbox) = &manifest.sandbox else {
        return match manifest.form() {
            Form::Guide => vec!["It asks for nothing; the host's own sandbox holds.".to_owned()],
            Form::Host => {
                vec!["The host's own sandbox; this form cannot ask for another.".to_owned()]
            }
        };
    };
    let mut lines = Vec::new();
    lines.push(match sandbox.network {
        Network::Isolated => "No network but the broker.".to_owned(),
        Network::Host => "The host's own network, past the broker: all that is said above about hosts does not bind it.".to_owned(),
    });
    if let Some(user) = &sandbox.user {
        lines.push(format!("The user {}.", Quoted(user)));
    }
    let mounts: Vec<String> =
        sandbox.mounts.iter().take(40).map(|mount| Quoted(mount).to_string()).collect();
    match mounts.as_slice() {
        [] => lines.push("No mounts.".to_owned()),
        [mount] => lines.push(format!("The mount {mount}.")),
        mounts => lines.push(format!("The mounts {}.", mounts.join(", "))),
    }
    lines.push(limits(sandbox));
    lines
}

fn limits(sandbox: &Sandbox) -> String {
    let limits = sandbox.limits.unwrap_or_default();
    let parts: Vec<String> = [
        limits.cpu_seconds.map(|n| format!("{n} s of processor time")),
        limits.memory_bytes.map(|n| format!("{} of memory", bytes(n.get()))),
        limits.wall_seconds.map(|n| format!("{n} s from start to end")),
        limits.processes.map(|n| format!("{n} processes")),
    ]
    .into_iter()
    .flatten()
    .collect();
    match parts.as_slice() {
        [] => "The host's own limits.".to_owned(),
        parts => format!("At most {}.", parts.join(", ")),
    }
}

/// A size in the largest unit in which it is a whole number.
fn bytes(size: u64) -> String {
    [("GiB", 30), ("MiB", 20), ("KiB", 10)]
        .into_iter()
        .find(|(_, shift)| size.trailing_zeros() >= *shift)
        .map_or_else(
            || format!("{size} bytes"),
            |(unit, shift)| format!("{} {unit}", size >> shift),
        )
}
