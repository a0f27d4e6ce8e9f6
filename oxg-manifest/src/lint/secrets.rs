//! Secrets and flows: what the plugin may know.

use std::collections::BTreeSet;

use super::{Found, Lint};
use crate::{Manifest, SecretName};

const PATH: &str = "capabilities.secrets";

pub(super) fn check(manifest: &Manifest, found: &mut Found<'_>) {
    if manifest.capabilities.flows.is_some_and(|flows| flows.raw) {
        let message = "the plugin sees traffic with its credentials";
        let help = "use \"passive\" alone, unless it must see them";
        found.add(Lint::RawFlows, "capabilities.flows.raw", message, help);
    }
    let Some(secrets) = manifest.capabilities.secrets.as_ref().filter(|secrets| secrets.broker)
    else {
        return;
    };
    match &secrets.names {
        None => found.add(
            Lint::UnnamedSecrets,
            PATH,
            "the plugin may borrow every secret that the operator gives it",
            "list the secrets that it needs in \"names\"",
        ),
        Some(names) => {
            for (index, name) in names.iter().enumerate() {
                if secrets.hosts_for(name).is_empty() {
                    let message = format!("the secret {name} is bound to no host");
                    let help = format!("add \"hosts\": {{ \"{name}\": [\"api.example.com\"] }}");
                    found.add(
                        Lint::UnboundSecret,
                        &format!("{PATH}.names[{index}]"),
                        message,
                        &help,
                    );
                }
            }
        }
    }
    let names: Option<BTreeSet<&SecretName>> = secrets.names.as_ref().map(|n| n.iter().collect());
    for name in secrets.hosts.iter().flatten().map(|(name, _)| name) {
        if names.as_ref().is_some_and(|names| !names.contains(name)) {
            let message = format!("the secret {name} is not in \"names\"");
            let help = "add it to \"names\", or remove its hosts";
            found.add(Lint::UndeclaredSecret, &hosts_path(name), message, help);
        }
    }
}

/// The path of the hosts of a secret.
pub(super) fn hosts_path(name: &SecretName) -> String {
    let mut path = format!("{PATH}.hosts");
    crate::text::path_key(&mut path, name.as_str());
    path
}
