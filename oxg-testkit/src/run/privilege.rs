//! What the manifest declares and the run did not use, and the other way round.

use std::fmt::Write as _;

use oxg_manifest::Capability;
use oxg_protocol::audit::{AuditRecord, Decision, EventType};

use super::{Run, subject};

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
    Err(format!("manifest.json does not say what the plugin needs\n{text}"))
}

fn allowed(run: &Run, event: EventType) -> impl Iterator<Item = &AuditRecord> {
    let of = move |record: &&AuditRecord| {
        record.event_type == event && record.decision == Decision::Allow
    };
    run.audit.iter().filter(of)
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
        if run.manifest.declares(capability) && allowed(run, event).next().is_none() {
            lines.push(format!("the capability \"{capability}\""));
        }
    }
    if !run.sent.is_empty() {
        for pattern in capabilities.http.iter().flat_map(|http| http.hosts.iter().flatten()) {
            let used = run.sent.iter().any(|sent| match sent.url.host().ip() {
                Some(ip) => pattern.matches_ip(ip, sent.url.port()),
                None => pattern.matches_name(&sent.url.host().to_string(), sent.url.port()),
            });
            if !used {
                lines.push(format!("{pattern} in http.hosts"));
            }
        }
    }
    let asked = |name: &str| {
        allowed(run, EventType::Secret)
            .filter_map(subject)
            .any(|path| path.strip_prefix("/v1/secrets/") == Some(name))
    };
    let names = capabilities.secrets.iter().flat_map(|secrets| secrets.names.iter().flatten());
    for name in names.filter(|name| !asked(name.as_str())) {
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
            Some(format!("{}: add under \"{capability}\": {hint}", subject(record)?))
        })
        .collect();
    lines.sort();
    lines.dedup();
    lines
}
