//! What the manifest declares and the run did not use, and the other way round.

use std::fmt::Write as _;

use oxg_manifest::{Capability, HostPattern};
use oxg_protocol::audit::{AuditRecord, Decision, EventType};

use super::{Run, needs, subject};

pub(super) fn check(run: &Run) -> Result<(), String> {
    let mut text = String::new();
    for line in unused(run) {
        let _ = writeln!(text, "  declared, never used    {line}");
    }
    for line in undeclared(run) {
        let _ = writeln!(text, "  used, not declared      {line}");
    }
    if text.is_empty() {
        return Ok(());
    }
    if let Some(patch) = needs::patch(run) {
        let patch = serde_json::to_string_pretty(&patch).unwrap_or_default();
        let _ = write!(text, "the patch (RFC 7396) that makes it so:\n{patch}\n");
    }
    Err(format!("manifest.json does not say what the plugin needs\n{text}"))
}

/// The decisions of one kind.
pub(super) fn decided(
    run: &Run,
    event: EventType,
    decision: Decision,
) -> impl Iterator<Item = &AuditRecord> {
    let of = move |record: &&AuditRecord| record.event_type == event && record.decision == decision;
    run.audit.iter().filter(of)
}

/// Whether the plugin reached a host of this pattern.
pub(super) fn host_was_used(run: &Run, pattern: &HostPattern) -> bool {
    run.sent.iter().any(|sent| match sent.url.host().ip() {
        Some(ip) => pattern.matches_ip(ip, sent.url.port()),
        None => pattern.matches_name(&sent.url.host().to_string(), sent.url.port()),
    })
}

/// Whether the plugin was given this secret.
pub(super) fn asked_for(run: &Run, name: &str) -> bool {
    decided(run, EventType::Secret, Decision::Allow)
        .filter_map(subject)
        .any(|path| path.strip_prefix("/v1/secrets/") == Some(name))
}

/// What can go from the manifest. Tasks and findings need no declaration, so they never show up.
fn unused(run: &Run) -> Vec<String> {
    let mut lines = Vec::new();
    let capabilities = &run.manifest.capabilities;
    for (capability, event) in [
        (Capability::Http, EventType::Egress),
        (Capability::Secrets, EventType::Secret),
        (Capability::Storage, EventType::Artifact),
    ] {
        let used = decided(run, event, Decision::Allow).next().is_some();
        if run.manifest.declares(capability) && !used {
            lines.push(format!("the capability \"{capability}\""));
        }
    }
    if !run.sent.is_empty() {
        let hosts = capabilities.http.iter().flat_map(|http| http.hosts.iter().flatten());
        for pattern in hosts.filter(|pattern| !host_was_used(run, pattern)) {
            lines.push(format!("{pattern} in http.hosts"));
        }
    }
    let names = capabilities.secrets.iter().flat_map(|secrets| secrets.names.iter().flatten());
    for name in names.filter(|name| !asked_for(run, name.as_str())) {
        lines.push(format!("{name} in secrets.names"));
    }
    lines
}

/// What was denied for want of a line, with the line.
fn undeclared(run: &Run) -> Vec<String> {
    let denied = run.audit.iter().filter(|record| record.decision == Decision::Deny);
    let mut lines: Vec<_> = denied
        .filter_map(|record| {
            let hint = record.metadata.get("manifest_hint")?.as_str()?;
            let capability = record.metadata.get("capability")?.as_str()?;
            let what = subject(record)?;
            Some(format!("{what}\n{:26}add under \"{capability}\": {hint}", ""))
        })
        .collect();
    lines.sort();
    lines.dedup();
    lines
}
