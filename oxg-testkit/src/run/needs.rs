//! The smallest manifest that a run needed, as a patch to the one it had.

use std::collections::BTreeSet;

use oxg_manifest::Capability;
use oxg_protocol::audit::{Decision, EventType};
use serde_json::{Map, Value, json};

use super::privilege::{asked_for, decided, host_was_used};
use super::{Run, subject};

/// A JSON Merge Patch (RFC 7396); `None` if the manifest is as it should be.
pub(super) fn patch(run: &Run) -> Option<Value> {
    let mut patch = Map::new();
    for (capability, event) in [
        (Capability::Http, EventType::Egress),
        (Capability::Secrets, EventType::Secret),
        (Capability::Storage, EventType::Artifact),
    ] {
        let used = decided(run, event, Decision::Allow).next().is_some();
        if run.manifest.declares(capability) && !used {
            patch.insert(capability.to_string(), Value::Null);
        }
    }
    if !patch.contains_key("http") {
        narrow_http(run, &mut patch);
    }
    if !patch.contains_key("secrets") {
        narrow_secrets(run, &mut patch);
    }
    for (capability, line) in hints(run) {
        add(run, &mut patch, &capability, &line);
    }
    (!patch.is_empty()).then(|| json!({ "capabilities": patch }))
}

fn narrow_http(run: &Run, patch: &mut Map<String, Value>) {
    let Some(http) = &run.manifest.capabilities.http else { return };
    let hosts: Option<Vec<_>> = http.hosts.as_ref().map(|hosts| {
        hosts.iter().filter(|host| host_was_used(run, host)).map(ToString::to_string).collect()
    });
    let methods: BTreeSet<_> = decided(run, EventType::Egress, Decision::Allow)
        .filter_map(|record| record.metadata.get("method")?.as_str())
        .collect();
    let mut narrowed = Map::new();
    if let (Some(used), Some(declared)) = (hosts, &http.hosts)
        && used.len() < declared.len()
    {
        narrowed.insert("hosts".to_owned(), json!(used));
    }
    if let Some(declared) = &http.methods {
        let used: Vec<_> = declared
            .iter()
            .map(|method| method.as_str())
            .filter(|name| methods.contains(name))
            .collect();
        if used.len() < declared.len() {
            narrowed.insert("methods".to_owned(), json!(used));
        }
    }
    if !narrowed.is_empty() {
        patch.insert("http".to_owned(), narrowed.into());
    }
}

fn narrow_secrets(run: &Run, patch: &mut Map<String, Value>) {
    let secrets = run.manifest.capabilities.secrets.as_ref();
    let Some(declared) = secrets.and_then(|secrets| secrets.names.as_ref()) else { return };
    let used: Vec<_> =
        declared.iter().map(|name| name.as_str()).filter(|name| asked_for(run, name)).collect();
    if used.len() < declared.len() {
        patch.insert("secrets".to_owned(), json!({ "names": used }));
    }
}

/// The capability and the line of each denial that names them.
fn hints(run: &Run) -> BTreeSet<(String, String)> {
    let denied = run.audit.iter().filter(|record| record.decision == Decision::Deny);
    denied
        .filter(|record| subject(record).is_some())
        .filter_map(|record| {
            let text = |name| record.metadata.get(name).and_then(Value::as_str);
            Some((text("capability")?.to_owned(), text("manifest_hint")?.to_owned()))
        })
        .collect()
}

/// Adds what a line of the manifest grants beyond what is there: the whole capability, or more
/// elements of one of its lists.
fn add(run: &Run, patch: &mut Map<String, Value>, capability: &str, line: &str) {
    let Ok(Value::Object(granted)) = serde_json::from_str(&format!("{{{line}}}")) else { return };
    let declared = serde_json::to_value(&run.manifest.capabilities).unwrap_or_default();
    for (key, value) in granted {
        if key == capability {
            patch.insert(key, value);
            continue;
        }
        let entry = patch.entry(capability).or_insert(Value::Null);
        if entry.is_null() {
            *entry = json!({});
        }
        let Value::Object(members) = entry else { continue };
        let known = declared.get(capability).and_then(|declared| declared.get(&key));
        let merged = match (value, known) {
            (Value::Array(granted), Some(Value::Array(known))) => {
                let kept = members.get(&key).and_then(Value::as_array).unwrap_or(known).clone();
                let more = granted.into_iter().filter(|element| !known.contains(element));
                Value::Array(kept.into_iter().chain(more).collect())
            }
            (value, _) => value,
        };
        members.insert(key, merged);
    }
}
