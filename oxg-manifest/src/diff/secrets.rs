//! Secrets, and where the broker may send them.

use std::collections::{BTreeMap, BTreeSet};

use super::changes::Changes;
use super::http::reach;
use super::lists::{join, missing};
use crate::text::path_key;
use crate::{HostPattern, SecretName, SecretsCapability};

const PATH: &str = "capabilities.secrets";

pub(super) fn compare(
    old: Option<&SecretsCapability>,
    new: Option<&SecretsCapability>,
    changes: &mut Changes,
) {
    let (old, new) = (old.filter(|s| allows_any(s)), new.filter(|s| allows_any(s)));
    match (old, new) {
        (None, None) => return,
        (None, Some(new)) => changes.more(PATH, borrow(new)),
        (Some(old), None) => changes.less(PATH, borrow(old)),
        (Some(old), Some(new)) => names(old.names.as_deref(), new.names.as_deref(), changes),
    }
    for (path, what) in bindings_beyond(new, old) {
        changes.more(path, what);
    }
    for (path, what) in bindings_beyond(old, new) {
        changes.less(path, what);
    }
}

/// Whether any secret at all is allowed.
fn allows_any(secrets: &SecretsCapability) -> bool {
    secrets.broker && !secrets.names.as_ref().is_some_and(Vec::is_empty)
}

fn borrow(secrets: &SecretsCapability) -> String {
    match &secrets.names {
        None => "borrow every secret that the operator gives it".to_owned(),
        Some(names) => format!("borrow the secrets {}", join(names)),
    }
}

fn names(old: Option<&[SecretName]>, new: Option<&[SecretName]>, changes: &mut Changes) {
    let path = format!("{PATH}.names");
    match (old, new) {
        (None, None) => {}
        (Some(_), None) => changes.more(path, "borrow every secret that the operator gives it"),
        (None, Some(new)) => {
            changes.less(path, format_args!("borrow secrets other than {}", join(new)));
        }
        (Some(old), Some(new)) => {
            for (index, name) in missing(new, old) {
                changes.more(format!("{path}[{index}]"), format_args!("borrow the secret {name}"));
            }
            for (_, name) in missing(old, new) {
                changes.less(path.as_str(), format_args!("borrow the secret {name}"));
            }
        }
    }
}

/// The bindings of `these` that go beyond those of `those`.
fn bindings_beyond(
    these: Option<&SecretsCapability>,
    those: Option<&SecretsCapability>,
) -> Vec<(String, String)> {
    let (these, those) = (bindings(these), bindings(those));
    let mut found = Vec::new();
    for (name, patterns) in these {
        let mut path = format!("{PATH}.hosts");
        path_key(&mut path, name.as_str());
        let beyond = reach(patterns, those.get(name).copied().unwrap_or_default(), &path);
        let what = |(path, host)| (path, format!("have the secret {name} sent to {host}"));
        found.extend(beyond.into_iter().map(what));
    }
    found
}

/// Where the broker may send each secret: nowhere, unless it is allowed and bound.
fn bindings(secrets: Option<&SecretsCapability>) -> BTreeMap<&SecretName, &[HostPattern]> {
    let Some(secrets) = secrets else {
        return BTreeMap::new();
    };
    let names: Option<BTreeSet<&SecretName>> = secrets.names.as_ref().map(|n| n.iter().collect());
    let bound = secrets.hosts.iter().flatten();
    let allowed = bound.filter(|(name, _)| names.as_ref().is_none_or(|names| names.contains(name)));
    allowed.map(|(name, hosts)| (name, hosts.as_slice())).collect()
}
