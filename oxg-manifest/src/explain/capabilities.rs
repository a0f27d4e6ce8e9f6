//! What the plugin may do, and what it may not.

use std::collections::BTreeSet;

use crate::{
    Capability, HostCapability, HostPattern, HttpCapability, Manifest, SecretName,
    SecretsCapability,
};

/// How many entries of a list are shown.
const SHOWN: usize = 40;

/// What is granted, and what is not.
pub(super) fn explain(manifest: &Manifest) -> (Vec<String>, Vec<String>) {
    let (mut may, mut may_not) = (Vec::new(), Vec::new());
    http(manifest.capabilities.http.as_ref(), &mut may, &mut may_not);
    secrets(manifest.capabilities.secrets.as_ref(), &mut may, &mut may_not);
    let mut say = |granted: bool, what: &str| {
        if granted { may.push(sentence(what)) } else { may_not.push(sentence(what)) }
    };
    let capabilities = &manifest.capabilities;
    let flows = capabilities.flows;
    let passive = flows.is_some_and(|flows| flows.passive);
    if flows.is_some_and(|flows| flows.allows_raw()) {
        say(true, "see the traffic of the host's proxy as it is, with credentials and bodies");
    } else if passive {
        say(true, "see the traffic of the host's proxy, without credentials and bodies");
        say(false, "see credentials or bodies in that traffic");
    } else {
        say(false, "see the traffic of the host's proxy");
    }
    let storage = capabilities.storage;
    say(storage.is_some_and(|storage| storage.workspace), "keep files in a workspace of its own");
    let access = storage.map(|storage| storage.artifact_access());
    say(access.is_some_and(|access| access.can_read()), "read its artifacts");
    say(access.is_some_and(|access| access.can_write()), "write artifacts");
    say(manifest.declares(Capability::Tasks), "pull tasks");
    say(manifest.declares(Capability::Findings), "report findings");
    host_only(manifest, &mut may);
    (may, may_not)
}

fn http(http: Option<&HttpCapability>, may: &mut Vec<String>, may_not: &mut Vec<String>) {
    let no_hosts = |http: &HttpCapability| http.hosts.as_ref().is_some_and(Vec::is_empty);
    let Some(http) = http.filter(|http| !no_hosts(http)) else {
        may_not.push(sentence("send HTTP requests, or open WebSocket connections"));
        return;
    };
    let hosts = match &http.hosts {
        None => "every public host, at ports 80 and 443.".to_owned(),
        Some(hosts) => list(hosts.iter().map(host)),
    };
    match http.methods.as_deref() {
        None => {
            may.push(format!("Send HTTP requests of any method, through the broker, to {hosts}"))
        }
        Some([]) => may_not.push(sentence("send HTTP requests")),
        Some(methods) => {
            let methods: Vec<String> = methods.iter().map(ToString::to_string).collect();
            may.push(format!(
                "Send HTTP requests with {} only, through the broker, to {hosts}",
                methods.join(", ")
            ));
        }
    }
    if http.websocket {
        may.push(format!("Open WebSocket connections, through the broker, to {hosts}"));
    } else {
        may_not.push(sentence("open WebSocket connections"));
    }
    may_not.push(match http.hosts {
        None => sentence("reach hosts that do not resolve to public addresses"),
        Some(_) => {
            sentence("reach any other host, or one that does not resolve to public addresses")
        }
    });
}

fn secrets(secrets: Option<&SecretsCapability>, may: &mut Vec<String>, may_not: &mut Vec<String>) {
    let no_names = |secrets: &SecretsCapability| secrets.names.as_ref().is_some_and(Vec::is_empty);
    let Some(secrets) = secrets.filter(|secrets| secrets.broker && !no_names(secrets)) else {
        may_not.push(sentence("borrow secrets"));
        return;
    };
    match &secrets.names {
        None => may.push(
            "Borrow every secret that the operator gives it, and see their values.".to_owned(),
        ),
        Some(names) => {
            let names = list(names.iter().map(ToString::to_string));
            may.push(format!("Borrow these secrets, and see their values: {names}"));
            may_not.push(sentence("borrow any other secret"));
        }
    }
    let names: Option<BTreeSet<&SecretName>> = secrets.names.as_ref().map(|n| n.iter().collect());
    let allowed = |name: &SecretName| names.as_ref().is_none_or(|names| names.contains(name));
    let bound = secrets.hosts.iter().flatten();
    let mut bound = bound.filter(|(name, hosts)| allowed(name) && !hosts.is_empty());
    for (name, hosts) in bound.by_ref().take(SHOWN) {
        let hosts = list(hosts.iter().map(host));
        may.push(format!("Have the broker send the secret {name}, without seeing it, to {hosts}"));
    }
    let more = bound.count();
    if more > 0 {
        may.push(format!(
            "Have the broker send {more} more secrets to hosts that the manifest lists."
        ));
    }
}

/// Capabilities of the host's list that mean nothing to the broker.
fn host_only(manifest: &Manifest, may: &mut Vec<String>) {
    let Some(list) = manifest.host_capabilities() else {
        return;
    };
    for capability in list.as_slice() {
        let what = match capability {
            HostCapability::AiAnalysis => "AI analysis",
            HostCapability::Spider => "crawling",
            HostCapability::Report => "reports",
            HostCapability::HttpPassive => "passive HTTP traffic",
            _ => continue,
        };
        may.push(format!(
            "Use what the host grants for {capability} ({what}), if it grants anything."
        ));
    }
}

/// A pattern in words.
fn host(pattern: &HostPattern) -> String {
    let host = pattern.host_text();
    let what = match (pattern.suffix(), pattern.prefix_length()) {
        _ if pattern.is_any_name() => "every name".to_owned(),
        (Some(suffix), _) => format!("every name below {suffix}"),
        (_, Some(_)) if host.contains('/') => format!("every address in {host}"),
        (_, Some(_)) => format!("the address {host}"),
        _ => host,
    };
    let ports: Vec<String> = pattern.ports().iter().take(SHOWN).map(ToString::to_string).collect();
    match pattern.ports() {
        [80, 443] => what,
        [port] => format!("{what} at port {port}"),
        ports_all if ports_all.len() > SHOWN => format!("{what} at {} ports", ports_all.len()),
        _ => format!("{what} at ports {}", ports.join(", ")),
    }
}

/// A list in one line with a full stop, or, when it is long, in lines of its own.
fn list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    let more = items.len().saturating_sub(SHOWN);
    let mut shown: Vec<String> = items.into_iter().take(SHOWN).collect();
    if more > 0 {
        shown.push(format!("and {more} more"));
    }
    if shown.len() <= 3 {
        format!("{}.", shown.join(", "))
    } else {
        format!("\n  {}", shown.join("\n  "))
    }
}

fn sentence(what: &str) -> String {
    let mut chars = what.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars).chain(['.']).collect()
}
