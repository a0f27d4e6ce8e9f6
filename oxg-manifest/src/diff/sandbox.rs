//! The sandbox that is asked for.

use std::fmt::Display;

use super::ChangeKind;
use super::changes::Changes;
use super::lists::missing;
use crate::text::Quoted;
use crate::{Network, Sandbox};

pub(super) fn compare(old: Option<&Sandbox>, new: Option<&Sandbox>, changes: &mut Changes) {
    // What is absent is the host's own, which is what an empty sandbox says as well.
    let empty = Sandbox::default();
    let (old, new) = (old.unwrap_or(&empty), new.unwrap_or(&empty));
    let host = |sandbox: &Sandbox| sandbox.network != Network::Isolated;
    let what = "use the host's own network, past the broker";
    changes.grant("sandbox.network", host(old), host(new), what);
    mounts(&old.mounts, &new.mounts, changes);
    user(old.user.as_deref(), new.user.as_deref(), changes);
    limits(old, new, changes);
}

fn mounts(old: &[String], new: &[String], changes: &mut Changes) {
    for (index, mount) in missing(new, old) {
        let path = format!("sandbox.mounts[{index}]");
        changes.more(path, format_args!("use the mount {}", Quoted(mount)));
    }
    for (_, mount) in missing(old, new) {
        changes.less("sandbox.mounts", format_args!("use the mount {}", Quoted(mount)));
    }
}

fn user(old: Option<&str>, new: Option<&str>, changes: &mut Changes) {
    const PATH: &str = "sandbox.user";
    let root = |user: Option<&str>| user.is_some_and(|user| matches!(user, "root" | "0"));
    if root(old) != root(new) {
        changes.grant(PATH, root(old), root(new), "run as root");
    } else if old != new {
        let name = |user: Option<&str>| {
            user.map_or_else(|| "the host's choice".to_owned(), |user| Quoted(user).to_string())
        };
        let message = format!("the user is {} instead of {}", name(new), name(old));
        changes.push(ChangeKind::Changed, PATH, message);
    }
}

fn limits(old: &Sandbox, new: &Sandbox, changes: &mut Changes) {
    let (old, new) = (old.limits.unwrap_or_default(), new.limits.unwrap_or_default());
    limit("cpu_seconds", "seconds of processor time", old.cpu_seconds, new.cpu_seconds, changes);
    limit("memory_bytes", "bytes of memory", old.memory_bytes, new.memory_bytes, changes);
    limit("wall_seconds", "seconds from start to end", old.wall_seconds, new.wall_seconds, changes);
    limit("processes", "processes", old.processes, new.processes, changes);
}

fn limit<T: Ord + Display>(
    key: &str,
    unit: &str,
    old: Option<T>,
    new: Option<T>,
    changes: &mut Changes,
) {
    let path = format!("sandbox.limits.{key}");
    match (old, new) {
        (Some(old), Some(new)) if new > old => {
            changes.more(path, format_args!("use {new} {unit}, instead of {old}"));
        }
        (Some(old), Some(new)) if new < old => {
            changes.less(path, format_args!("use more than {new} {unit}, down from {old}"));
        }
        (Some(old), None) => {
            changes.more(
                path,
                format_args!("use as many {unit} as the host allows, instead of {old}"),
            );
        }
        (None, Some(new)) => changes.less(path, format_args!("use more than {new} {unit}")),
        _ => {}
    }
}
