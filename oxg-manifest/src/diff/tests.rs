use std::net::IpAddr;

use proptest::prelude::*;

use super::*;
use crate::testing::{hosts, manifests};
use crate::{Capability, HostPattern, HttpCapability, SecretName};

fn guide(capabilities: &str, rest: &str) -> Manifest {
    let text = format!(
        r#"{{ "name": "a", "version": "1.0.0", "entry": "./a", "capabilities": {capabilities}{rest} }}"#
    );
    text.parse().unwrap()
}

fn http(inside: &str) -> Manifest {
    guide(&format!(r#"{{ "http": {{ "outbound": ["broker"]{inside} }} }}"#), "")
}

/// What a change asks for beyond the old manifest, and what it gives up.
fn both(old: &Manifest, new: &Manifest) -> (Vec<String>, Vec<String>) {
    let diff = diff(old, new);
    let of = |kind| diff.of_kind(kind).map(|change| change.message.clone()).collect();
    (of(ChangeKind::More), of(ChangeKind::Less))
}

fn more(old: &Manifest, new: &Manifest) -> Vec<String> {
    both(old, new).0
}

#[test]
fn hosts_compare_by_what_they_admit() {
    let hosts = |list: &str| http(&format!(r#", "hosts": {list}"#));
    let old = hosts(r#"["*.shop.test", "192.0.2.0/24:8080"]"#);
    for narrower in [
        r#"["api.shop.test", "*.eu.shop.test:443"]"#,
        r#"["192.0.2.0/25:8080", "192.0.2.128/25:8080", "192.0.2.7:8080"]"#,
        "[]",
    ] {
        assert_eq!(more(&old, &hosts(narrower)), [""; 0], "{narrower}");
    }
    assert_eq!(more(&old, &hosts(r#"["shop.test"]"#)), ["may now reach shop.test"]);
    assert_eq!(
        more(&old, &hosts(r#"["api.shop.test:443,8443"]"#)),
        ["may now reach api.shop.test at port 8443"]
    );
    let halves = hosts(r#"["192.0.2.0/25", "192.0.2.128/25"]"#);
    assert_eq!(more(&halves, &hosts(r#"["192.0.2.0/24"]"#)), [""; 0]);
    assert_eq!(more(&hosts(r#"["192.0.2.0/25"]"#), &hosts(r#"["192.0.2.0/24"]"#)).len(), 1);
}

#[test]
fn a_list_where_there_was_none_takes_away_unless_it_names_other_ports() {
    let (all, some) = (http(""), http(r#", "hosts": ["*", "10.0.0.0/8"]"#));
    assert_eq!(more(&all, &some), [""; 0]);
    assert_eq!(more(&some, &all), ["may now reach any public host"]);
    assert_eq!(
        more(&all, &http(r#", "hosts": ["shop.test:8443"]"#)),
        ["may now reach shop.test:8443"]
    );
    let every = http(r#", "hosts": ["*", "0.0.0.0/0", "::/0"]"#);
    assert_eq!(more(&every, &all), [""; 0]);
}

#[test]
fn methods_and_websocket_count() {
    let get = http(r#", "methods": ["GET"]"#);
    assert_eq!(more(&get, &http("")), ["may now use every HTTP method"]);
    assert_eq!(more(&http(""), &get), [""; 0]);
    assert_eq!(
        both(&get, &http(r#", "methods": ["POST"], "websocket": true"#)),
        (
            vec![
                "may now use the method POST".to_owned(),
                "may now open WebSocket connections".to_owned()
            ],
            vec!["may no longer use the method GET".to_owned()]
        )
    );
    let none = guide("{}", "");
    assert_eq!(more(&none, &get), ["may now send HTTP requests to any public host, with GET only"]);
    assert_eq!(more(&none, &http(r#", "hosts": []"#)), [""; 0]);
}

#[test]
fn secrets_compare_by_name_and_binding() {
    let secrets =
        |inside: &str| guide(&format!(r#"{{ "secrets": {{ "broker": true{inside} }} }}"#), "");
    let one = secrets(r#", "names": ["a"], "hosts": { "a": ["*.shop.test"] }"#);
    assert_eq!(
        more(
            &one,
            &secrets(r#", "names": ["a", "b"], "hosts": { "a": ["x.shop.test"], "b": [] }"#)
        ),
        ["may now borrow the secret b"]
    );
    assert_eq!(
        more(&one, &secrets(r#", "names": ["a"], "hosts": { "a": ["evil.test"] }"#)),
        ["may now have the secret a sent to evil.test"]
    );
    assert_eq!(more(&one, &secrets(r#", "names": []"#)), [""; 0]);
    assert_eq!(
        more(&one, &secrets("")),
        ["may now borrow every secret that the operator gives it"]
    );
    let unlisted = secrets(r#", "names": ["a"], "hosts": { "b": ["evil.test"] }"#);
    assert_eq!(more(&secrets(r#", "names": ["a"]"#), &unlisted), [""; 0]);
}

#[test]
fn the_sandbox_and_its_limits_count() {
    let sandbox = |inside: &str| guide("{}", &format!(r#", "sandbox": {{ {inside} }}"#));
    let old = sandbox(r#""mounts": ["workspace"], "limits": { "cpu_seconds": 10 }"#);
    let new = sandbox(
        r#""mounts": ["workspace", "/etc"], "network": "host", "user": "root", "limits": { "cpu_seconds": 20 }"#,
    );
    assert_eq!(
        more(&old, &new),
        [
            "may now use the host's own network, past the broker",
            "may now use the mount \"/etc\"",
            "may now run as root",
            "may now use 20 seconds of processor time, instead of 10",
        ]
    );
    assert_eq!(more(&new, &old), [""; 0]);
    assert_eq!(
        more(&old, &sandbox(r#""mounts": ["workspace"]"#)),
        ["may now use as many seconds of processor time as the host allows, instead of 10"]
    );
}

#[test]
fn another_program_is_changed_and_other_settings_are_told() {
    let old = guide("{}", "");
    let mut new =
        guide("{}", r#", "trusted": true, "config": { "a": 1 }, "description": "\u001b[2J""#);
    new.entry = "./b".parse().unwrap();
    let diff = diff(&old, &new);
    assert!(!diff.asks_for_more());
    let paths = |kind| diff.of_kind(kind).map(|change| change.path.as_str()).collect::<Vec<_>>();
    assert_eq!(paths(ChangeKind::Changed), ["entry", "trusted"]);
    assert_eq!(paths(ChangeKind::Info), ["description", "config"]);
    assert!(diff.changes.iter().all(|change| !change.message.contains('\u{1b}')));
}

#[test]
fn the_two_forms_compare_with_each_other() {
    let host = |list: &str| -> Manifest {
        format!(
            r#"{{ "name": "a", "version": "1.0.0", "entry": "./a", "artifact": "a", "capabilities": {list},
                 "signature": {{ "signature": "a.sig", "publicKey": "a.pub" }} }}"#
        )
        .parse()
        .unwrap()
    };
    let guide = http(r#", "hosts": ["shop.test"]"#);
    let new = host(
        r#"["CAP_HTTP_ACTIVE", "CAP_EMIT_FINDINGS", "CAP_FLOW_INSPECT", "CAP_FLOW_INSPECT_RAW", "CAP_SPIDER"]"#,
    );
    assert_eq!(
        more(&guide, &new),
        [
            "may now reach any public host",
            "may now see traffic, without credentials and bodies",
            "may now see traffic as it is, with credentials",
            "may now use what the host grants for CAP_SPIDER",
        ]
    );
    assert_eq!(more(&new, &guide), [""; 0]);
}

#[test]
fn a_long_list_is_compared_in_little_time_and_told_in_part() {
    let list = |suffix: &str| {
        let hosts: Vec<String> =
            (0..20_000).map(|n| format!("\"h{n}.{suffix}:{}\"", 1 + n)).collect();
        http(&format!(r#", "hosts": [{}]"#, hosts.join(",")))
    };
    let diff = diff(&list("a.test"), &list("b.test"));
    assert_eq!(diff.of_kind(ChangeKind::More).count(), MAX_CHANGES);
    assert_eq!(diff.of_kind(ChangeKind::Less).count(), MAX_CHANGES);
}

#[test]
fn a_change_points_at_its_place_in_the_new_text() {
    let text = r#"{ "name": "a", "version": "1.0.0", "entry": "./a",
  "capabilities": { "http": { "outbound": ["broker"], "hosts": ["a.test", "b.test"] } } }"#;
    let new: Manifest = text.parse().unwrap();
    let notices = notices(&diff(&http(r#", "hosts": ["a.test"]"#), &new), text.as_bytes());
    assert_eq!(&text[notices[0].span.clone()], "\"b.test\"");
}

#[test]
fn the_text_for_a_person_says_the_verdict_last() {
    let (old, new) = (http(r#", "hosts": ["a.test"]"#), http(r#", "hosts": ["b.test"]"#));
    let text = human(&diff(&old, &new), &crate::report::Plain);
    assert_eq!(
        text,
        "\
Asks for more
  + may now reach b.test
      at capabilities.http.hosts[0]

Asks for less
  - may no longer reach a.test
      at capabilities.http.hosts[0]

The new one asks for more: 1 grant.
"
    );
    assert_eq!(human(&diff(&old, &old), &crate::report::Plain), "The two say the same.\n");
}

const NAMES: &[&str] =
    &["shop.test", "api.shop.test", "a.api.shop.test", "x.test", "com", "shop.example"];
const ADDRESSES: &[&str] =
    &["192.0.2.7", "192.0.2.200", "203.0.113.1", "2001:db8::1", "2001:db8:8000::1", "2606:4700::1"];
const PORTS: &[u16] = &[80, 443, 8080, 8443, 1];

/// The sampled destinations that a list admits.
fn admitted(patterns: &[HostPattern]) -> Vec<(&'static str, u16)> {
    let mut admitted = Vec::new();
    for port in PORTS {
        let name = |name: &&&str| patterns.iter().any(|p| p.matches_name(name, *port));
        admitted.extend(NAMES.iter().filter(name).map(|name| (*name, *port)));
        let address = |text: &&&str| {
            let address: IpAddr = text.parse().unwrap();
            patterns.iter().any(|p| p.matches_ip(address, *port))
        };
        admitted.extend(ADDRESSES.iter().filter(address).map(|text| (*text, *port)));
    }
    admitted
}

/// Everything that a manifest grants, as far as it is sampled.
fn granted(manifest: &Manifest) -> Vec<String> {
    let mut all = Vec::new();
    let destinations = |http: &HttpCapability| match &http.hosts {
        Some(hosts) => admitted(hosts),
        None => admitted(&["*", "192.0.0.0/3", "2000::/3"].map(|text| text.parse().unwrap())),
    };
    if let Some(http) = &manifest.capabilities.http {
        for (host, port) in destinations(http) {
            for method in ["GET", "POST", "PUT"].iter().filter(|method| http.allows_method(method))
            {
                all.push(format!("{method} {host}:{port}"));
            }
            if http.websocket {
                all.push(format!("websocket {host}:{port}"));
            }
        }
    }
    for name in ["a", "b.c", "d-e", "other"] {
        let name: SecretName = name.parse().unwrap();
        let secrets =
            manifest.capabilities.secrets.as_ref().filter(|secrets| secrets.allows(&name));
        if let Some(secrets) = secrets {
            all.push(format!("secret {name}"));
            let sent = admitted(secrets.hosts_for(&name));
            all.extend(sent.iter().map(|(host, port)| format!("secret {name} to {host}:{port}")));
        }
    }
    let flows = manifest.capabilities.flows;
    let storage = manifest.capabilities.storage;
    for (granted, what) in [
        (manifest.declares(Capability::Tasks), "tasks"),
        (manifest.declares(Capability::Findings), "findings"),
        (flows.is_some_and(|flows| flows.passive), "flows"),
        (flows.is_some_and(|flows| flows.allows_raw()), "raw flows"),
        (storage.is_some_and(|storage| storage.workspace), "workspace"),
        (storage.is_some_and(|storage| storage.artifact_access().can_read()), "read"),
        (storage.is_some_and(|storage| storage.artifact_access().can_write()), "write"),
        (manifest.sandbox.as_ref().is_some_and(|s| s.network == crate::Network::Host), "network"),
    ] {
        all.extend(granted.then(|| what.to_owned()));
    }
    let mounts = manifest.sandbox.iter().flat_map(|sandbox| &sandbox.mounts);
    all.extend(mounts.map(|mount| format!("mount {mount}")));
    all
}

proptest! {
    #[test]
    fn a_manifest_does_not_differ_from_itself(manifest in manifests()) {
        prop_assert_eq!(diff(&manifest, &manifest), Diff::default());
    }

    #[test]
    fn what_does_not_ask_for_more_grants_nothing_new(old in manifests(), new in manifests()) {
        if !diff(&old, &new).asks_for_more() {
            let before = granted(&old);
            for grant in granted(&new) {
                prop_assert!(before.contains(&grant), "{grant}");
            }
        }
    }

    #[test]
    fn more_in_the_one_direction_is_less_in_the_other(old in manifests(), new in manifests()) {
        let there = diff(&old, &new);
        let back = diff(&new, &old);
        prop_assert_eq!(there.asks_for_more(), back.of_kind(ChangeKind::Less).next().is_some());
        if !there.asks_for_more() && !back.asks_for_more() {
            prop_assert_eq!(granted(&old), granted(&new));
        }
    }

    #[test]
    fn a_list_within_another_admits_no_destination_beyond_it(these in hosts(), those in hosts()) {
        let set = crate::host::Admitted::by(&those);
        if these.iter().all(|pattern| set.ports_beyond(pattern).is_empty()) {
            let wide = admitted(&those);
            prop_assert!(admitted(&these).iter().all(|one| wide.contains(one)));
        }
    }
}
