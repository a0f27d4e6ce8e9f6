//! Outbound HTTP.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::changes::Changes;
use super::lists::{join, missing};
use crate::host::Admitted;
use crate::{HostPattern, HttpCapability, Method};

const PATH: &str = "capabilities.http";

pub(super) fn compare(
    old: Option<&HttpCapability>,
    new: Option<&HttpCapability>,
    changes: &mut Changes,
) {
    match (old.filter(|http| allows_any(http)), new.filter(|http| allows_any(http))) {
        (None, None) => {}
        (None, Some(new)) => changes.more(PATH, requests(new)),
        (Some(old), None) => changes.less(PATH, requests(old)),
        (Some(old), Some(new)) => {
            hosts(old.hosts.as_deref(), new.hosts.as_deref(), changes);
            methods(old.methods.as_deref(), new.methods.as_deref(), changes);
            let path = format!("{PATH}.websocket");
            changes.grant(&path, old.websocket, new.websocket, "open WebSocket connections");
        }
    }
}

/// Whether any request at all is allowed. An empty list of hosts allows none, and an empty list of
/// methods only the handshake of a WebSocket.
fn allows_any(http: &HttpCapability) -> bool {
    let no_hosts = http.hosts.as_ref().is_some_and(Vec::is_empty);
    let no_methods = http.methods.as_ref().is_some_and(Vec::is_empty);
    !no_hosts && (http.websocket || !no_methods)
}

fn requests(http: &HttpCapability) -> String {
    let hosts = match &http.hosts {
        None => "any public host".to_owned(),
        Some(hosts) => join(hosts),
    };
    let what = if http.websocket { "HTTP requests and WebSocket" } else { "HTTP requests" };
    match http.methods.as_deref() {
        None => format!("send {what} to {hosts}"),
        Some([]) => format!("open WebSocket connections to {hosts}"),
        Some(methods) => format!("send {what} to {hosts}, with {} only", join(methods)),
    }
}

fn hosts(old: Option<&[HostPattern]>, new: Option<&[HostPattern]>, changes: &mut Changes) {
    for (path, what) in beyond(new, old) {
        changes.more(path, what);
    }
    for (path, what) in beyond(old, new) {
        changes.less(path, what);
    }
}

/// What the one list admits beyond the other, each with its path.
fn beyond(these: Option<&[HostPattern]>, those: Option<&[HostPattern]>) -> Vec<(String, String)> {
    let path = format!("{PATH}.hosts");
    let Some(these) = these else {
        // What the default admits: names, and the addresses that are public.
        let default = patterns(&["*", "0.0.0.0/0", "2000::/3"]);
        let all = those.is_none_or(|those| {
            let admitted = Admitted::by(those);
            default.iter().all(|pattern| admitted.ports_beyond(pattern).is_empty())
        });
        return if all { Vec::new() } else { vec![(path, "reach any public host".to_owned())] };
    };
    // No pattern lifts the rule that addresses must be public, so all networks may stand for them.
    let those: Cow<'_, [HostPattern]> =
        those.map_or_else(|| patterns(&["*", "0.0.0.0/0", "::/0"]).into(), Cow::Borrowed);
    let beyond = reach(these, &those, &path).into_iter();
    beyond.map(|(path, what)| (path, format!("reach {what}"))).collect()
}

/// Each pattern of a list that admits something beyond another list, with its path.
pub(super) fn reach(
    these: &[HostPattern],
    those: &[HostPattern],
    path: &str,
) -> Vec<(String, String)> {
    let admitted = Admitted::by(those);
    let mut seen = BTreeSet::new();
    let mut beyond = Vec::new();
    for (index, pattern) in these.iter().enumerate().filter(|(_, pattern)| seen.insert(*pattern)) {
        let ports = admitted.ports_beyond(pattern);
        let what = if ports.is_empty() {
            continue;
        } else if ports == pattern.ports() {
            pattern.to_string()
        } else {
            let word = if ports.len() == 1 { "port" } else { "ports" };
            format!("{} at {word} {}", pattern.host_text(), join(&ports))
        };
        beyond.push((format!("{path}[{index}]"), what));
    }
    beyond
}

fn patterns(texts: &[&str]) -> Vec<HostPattern> {
    texts.iter().filter_map(|text| text.parse().ok()).collect()
}

fn methods(old: Option<&[Method]>, new: Option<&[Method]>, changes: &mut Changes) {
    let path = format!("{PATH}.methods");
    match (old, new) {
        (None, None) => {}
        (Some(_), None) => changes.more(path, "use every HTTP method"),
        (None, Some(new)) => {
            changes.less(path, format_args!("use HTTP methods other than {}", join(new)));
        }
        (Some(old), Some(new)) => {
            for (index, method) in missing(new, old) {
                changes.more(format!("{path}[{index}]"), format_args!("use the method {method}"));
            }
            for (_, method) in missing(old, new) {
                changes.less(path.as_str(), format_args!("use the method {method}"));
            }
        }
    }
}
