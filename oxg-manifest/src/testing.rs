//! Manifests for property tests, and texts that are compared with files.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::num::{NonZeroU32, NonZeroU64};

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use crate::*;

const HOSTS: &[&str] = &[
    "*",
    "*:8443",
    "shop.test",
    "shop.test:8080,8443",
    "api.shop.test",
    "*.shop.test",
    "*.api.shop.test:80",
    "*.test",
    "192.0.2.0/24",
    "192.0.2.0/25",
    "192.0.2.128/25",
    "192.0.2.7:8080",
    "0.0.0.0/0",
    "2001:db8::/32",
    "[2001:db8::/33]:443",
    "2001:db8:8000::/33",
    "::/0",
];

pub(crate) fn hosts() -> impl Strategy<Value = Vec<HostPattern>> {
    vec(prop::sample::select(HOSTS).prop_map(|text| text.parse().unwrap()), 0..4)
}

fn names() -> impl Strategy<Value = SecretName> {
    prop::sample::select(&["a", "b.c", "d-e"][..]).prop_map(|text| text.parse().unwrap())
}

fn http() -> impl Strategy<Value = HttpCapability> {
    let methods = vec(prop::sample::select(&["GET", "POST", "PUT"][..]), 0..3);
    (option::of(hosts()), option::of(methods), any::<bool>()).prop_map(
        |(hosts, methods, websocket)| {
            let methods =
                methods.map(|methods| methods.iter().map(|m| m.parse().unwrap()).collect());
            HttpCapability { hosts, methods, websocket, ..HttpCapability::default() }
        },
    )
}

fn secrets() -> impl Strategy<Value = SecretsCapability> {
    let bound = option::of(btree_map(names(), hosts(), 0..3));
    (any::<bool>(), option::of(vec(names(), 0..3)), bound)
        .prop_map(|(broker, names, hosts)| SecretsCapability { broker, names, hosts })
}

fn storage() -> impl Strategy<Value = StorageCapability> {
    let access = [ArtifactAccess::Read, ArtifactAccess::Write, ArtifactAccess::ReadWrite];
    (any::<bool>(), option::of(prop::sample::select(access.to_vec())))
        .prop_map(|(workspace, artifacts)| StorageCapability { workspace, artifacts })
}

fn capabilities() -> impl Strategy<Value = Capabilities> {
    let flows = any::<(bool, bool)>().prop_map(|(passive, raw)| FlowsCapability { passive, raw });
    let tasks = any::<bool>().prop_map(|pull| TasksCapability { pull });
    let findings = any::<bool>().prop_map(|emit| FindingsCapability { emit });
    (
        option::of(http()),
        option::of(secrets()),
        option::of(storage()),
        option::of(flows),
        option::of(tasks),
        option::of(findings),
    )
        .prop_map(|(http, secrets, storage, flows, tasks, findings)| Capabilities {
            http,
            secrets,
            storage,
            flows,
            tasks,
            findings,
        })
}

fn sandbox() -> impl Strategy<Value = Sandbox> {
    let limits =
        (option::of(1..5_u64), option::of(1..5_u32)).prop_map(|(cpu, processes)| SandboxLimits {
            cpu_seconds: cpu.and_then(NonZeroU64::new),
            processes: processes.and_then(NonZeroU32::new),
            ..SandboxLimits::default()
        });
    let mounts =
        vec(prop::sample::select(&["workspace", "/etc"][..]).prop_map(str::to_owned), 0..3);
    let user = option::of(prop::sample::select(&["oxg", "root"][..]).prop_map(str::to_owned));
    let network = prop::sample::select(vec![Network::Isolated, Network::Host]);
    (user, mounts, network, option::of(limits))
        .prop_map(|(user, mounts, network, limits)| Sandbox { user, mounts, network, limits })
}

fn config() -> impl Strategy<Value = serde_json::Map<String, serde_json::Value>> {
    btree_map("[a-z\"\\\\\u{202e}]{1,3}", any::<(i64, String)>(), 0..3).prop_map(|map| {
        map.into_iter()
            .map(|(key, (number, text))| (key, serde_json::json!([number, text])))
            .collect()
    })
}

/// Manifests of both forms.
pub(crate) fn manifests() -> impl Strategy<Value = Manifest> {
    let list = prop::sample::subsequence(HostCapability::ALL.to_vec(), 1..=10);
    let version = prop::sample::select(&["1.0.0", "1.1.0"][..]);
    (
        option::of(list),
        capabilities(),
        option::of(sandbox()),
        option::of(config()),
        version,
        any::<Option<bool>>(),
    )
        .prop_map(|(list, capabilities, sandbox, config, version, trusted)| {
            let path = |text: &str| text.parse::<FilePath>().unwrap();
            let mut manifest =
                Manifest::new("a".parse().unwrap(), version.parse().unwrap(), path("./a"));
            manifest.config = config;
            manifest.trusted = trusted;
            manifest.artifact = Some(path("a.go"));
            manifest.signature =
                Some(SignatureFiles::with_public_key(path("a.sig"), path("a.pub")));
            match list {
                Some(list) => manifest.set_host_capabilities(HostCapabilities::new(list).unwrap()),
                None => {
                    manifest.capabilities = capabilities;
                    manifest.sandbox = sandbox;
                }
            }
            manifest
        })
}

/// Asserts that a text is what the file of this name under `tests/data` holds. With the environment
/// variable `OXG_RENEW` set, the file is written instead.
pub(crate) fn assert_is_file(name: &str, actual: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    if std::env::var_os("OXG_RENEW").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, actual).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == actual, "{name} is not as it was; OXG_RENEW=1 renews it:\n{actual}");
}
