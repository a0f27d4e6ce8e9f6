//! Where the plugin may connect.

use std::net::IpAddr;

use super::{Found, Lint};
use crate::{HostPattern, Manifest};

/// The shortest prefixes that a network may have: the size of the largest allocations.
const SHORTEST_IPV4: u8 = 16;
const SHORTEST_IPV6: u8 = 32;

/// Second labels under which registries sell names, such as `co` in `co.uk`.
const REGISTRY_LABELS: &[&str] =
    &["ac", "co", "com", "edu", "go", "gob", "gov", "gv", "ltd", "ne", "net", "or", "org"];

/// Suffixes under which anybody may have a host.
const SHARED_SUFFIXES: &[&str] = &[
    "amazonaws.com",
    "appspot.com",
    "azurewebsites.net",
    "blob.core.windows.net",
    "cloudfront.net",
    "firebaseapp.com",
    "github.io",
    "gitlab.io",
    "herokuapp.com",
    "netlify.app",
    "ngrok.io",
    "pages.dev",
    "run.app",
    "s3.amazonaws.com",
    "vercel.app",
    "web.app",
    "workers.dev",
];

pub(super) fn check(manifest: &Manifest, found: &mut Found<'_>) {
    if let Some(http) = &manifest.capabilities.http {
        match &http.hosts {
            Some(hosts) => list(hosts, "capabilities.http.hosts", found),
            None => found.add(
                Lint::NoHosts,
                "capabilities.http",
                "the plugin may reach every public host",
                "list the hosts that it needs in \"hosts\"",
            ),
        }
    }
    if let Some(secrets) = &manifest.capabilities.secrets {
        for (name, hosts) in secrets.hosts.iter().flatten() {
            list(hosts, &super::secrets::hosts_path(name), found);
        }
    }
}

fn list(hosts: &[HostPattern], path: &str, found: &mut Found<'_>) {
    for (index, host) in hosts.iter().enumerate() {
        let path = format!("{path}[{index}]");
        broad(host, &path, found);
        host_bits(host, &path, found);
        if let Some(wider) = wider_than(host, index, hosts, &mut found.comparisons) {
            let message = format!("{host} adds nothing to {wider}");
            found.add(Lint::RedundantHost, &path, message, "remove one of the two");
        }
    }
}

/// The pattern that makes this one redundant. Of two that admit the same, the later one is.
fn wider_than<'a>(
    host: &HostPattern,
    index: usize,
    hosts: &'a [HostPattern],
    comparisons: &mut usize,
) -> Option<&'a HostPattern> {
    *comparisons = comparisons.checked_sub(hosts.len())?;
    let others = hosts.iter().enumerate().filter(|(other, _)| *other != index);
    let mut wider = others.filter(|(other, wider)| {
        host.is_within(wider) && (*other < index || !wider.is_within(host))
    });
    wider.next().map(|(_, wider)| wider)
}

fn broad(host: &HostPattern, path: &str, found: &mut Found<'_>) {
    if host.is_any_name() {
        let help = "list the hosts that the plugin needs";
        found.add(Lint::AnyHost, path, format!("{host} admits every name"), help);
    } else if let Some(suffix) = host.suffix().filter(|suffix| is_shared(suffix)) {
        let message = format!("{host} admits names that anybody can get");
        let help = format!("name the hosts, such as \"shop.{suffix}\"");
        found.add(Lint::BroadSuffix, path, message, &help);
    } else if let Some((prefix, is_ipv6)) = host.prefix_length() {
        let shortest = if is_ipv6 { SHORTEST_IPV6 } else { SHORTEST_IPV4 };
        if prefix < shortest {
            let bits = if is_ipv6 { 128 } else { 32 } - prefix;
            let message = format!("{host} holds 2^{bits} addresses");
            let help = format!("name a network of /{shortest} or smaller");
            found.add(Lint::BroadNetwork, path, message, &help);
        }
    }
}

/// Looks at the text, because the pattern no longer has the bits.
fn host_bits(host: &HostPattern, path: &str, found: &mut Found<'_>) {
    let address = |text: &str| {
        text.trim_start_matches('[')
            .split_once('/')
            .and_then(|(address, _)| address.parse::<IpAddr>().ok())
    };
    if host.prefix_length().is_none() {
        return;
    }
    let written = found.places.string(path).and_then(address);
    if written.is_some() && written != address(&host.to_string()) {
        let message = format!("this is the network {host}, written with an address in it");
        found.add(Lint::HostBits, path, message, &format!("write \"{host}\""));
    }
}

/// Whether anybody may have a name under this suffix. The public suffix list is long and changes;
/// this knows its usual shapes.
fn is_shared(suffix: &str) -> bool {
    match suffix.split('.').collect::<Vec<_>>().as_slice() {
        [_] => true,
        [second, country] if country.len() == 2 && REGISTRY_LABELS.contains(second) => true,
        _ => SHARED_SUFFIXES.contains(&suffix),
    }
}
