use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

use super::{AlmostValid, Flaw, spoiled, texts};

/// Manifests in the guide's form, as JSON: `oxg_manifest::Manifest` reads every one.
pub fn manifests() -> impl Strategy<Value = Value> {
    let parts = (names(), versions(), capabilities(), option::of(config()));
    parts.prop_map(|(name, version, capabilities, config)| {
        let mut manifest = json!({
            "name": name,
            "version": version,
            "entry": format!("./{name}"),
            "capabilities": capabilities,
        });
        if let Some(config) = config {
            insert(&mut manifest, "config", config);
        }
        manifest
    })
}

/// Manifests in the host's form, as JSON: the host and `oxg_manifest::Manifest` both read every one.
pub fn host_manifests() -> impl Strategy<Value = Value> {
    const CAPABILITIES: [&str; 10] = [
        "CAP_EMIT_FINDINGS",
        "CAP_AI_ANALYSIS",
        "CAP_HTTP_ACTIVE",
        "CAP_HTTP_PASSIVE",
        "CAP_FLOW_INSPECT",
        "CAP_FLOW_INSPECT_RAW",
        "CAP_WS",
        "CAP_SPIDER",
        "CAP_REPORT",
        "CAP_STORAGE",
    ];
    let list = subsequence(&CAPABILITIES[..], 1..=CAPABILITIES.len());
    (names(), versions(), list).prop_map(|(name, version, list)| {
        json!({
            "name": name,
            "version": version,
            "entry": format!("{name}.go"),
            "artifact": format!("{name}.go"),
            "capabilities": list,
            "signature": {
                "signature": format!("{name}.go.sig"),
                "publicKey": "keys/plugin.pub",
            },
        })
    })
}

/// Manifests in the guide's form with one thing wrong: `oxg_manifest::Manifest` refuses every one.
pub fn almost_valid_manifests() -> impl Strategy<Value = AlmostValid> {
    const FLAWS: &[Flaw] = &[
        ("the name is missing", |manifest| remove(manifest, "name")),
        ("the version is missing", |manifest| remove(manifest, "version")),
        ("the capabilities are missing", |manifest| remove(manifest, "capabilities")),
        ("the name has a capital letter", |manifest| insert(manifest, "name", json!("Audit"))),
        ("the name is empty", |manifest| insert(manifest, "name", json!(""))),
        ("the version has two numbers", |manifest| insert(manifest, "version", json!("1.0"))),
        ("the version is a number", |manifest| insert(manifest, "version", json!(1))),
        ("the entry is empty", |manifest| insert(manifest, "entry", json!(""))),
        ("a member is unknown", |manifest| insert(manifest, "capabilites", json!({}))),
        ("a capability is unknown", |manifest| {
            insert(&mut manifest["capabilities"], "network", json!({}));
        }),
        ("a host is a URL", |manifest| {
            let http = json!({ "outbound": ["broker"], "hosts": ["https://shop.test/"] });
            insert(&mut manifest["capabilities"], "http", http);
        }),
        ("a way out is not the broker", |manifest| {
            insert(&mut manifest["capabilities"], "http", json!({ "outbound": ["direct"] }));
        }),
        ("a secret has a name that no secret can have", |manifest| {
            let secrets = json!({ "broker": true, "names": ["API_TOKEN"] });
            insert(&mut manifest["capabilities"], "secrets", secrets);
        }),
        ("it is a list", |manifest| *manifest = json!([manifest.take()])),
    ];
    spoiled(manifests(), FLAWS)
}

fn names() -> impl Strategy<Value = String> {
    "[a-z]([a-z0-9-]{0,20}[a-z0-9])?"
}

fn versions() -> impl Strategy<Value = String> {
    let pre = option::of(select(vec!["alpha", "rc.1", "0.3"]));
    (0..40_u8, 0..40_u8, 0..40_u8, pre).prop_map(|(major, minor, patch, pre)| {
        let pre = pre.map(|pre| format!("-{pre}")).unwrap_or_default();
        format!("{major}.{minor}.{patch}{pre}")
    })
}

fn capabilities() -> impl Strategy<Value = Value> {
    let storage = (any::<bool>(), option::of(select(vec!["read", "write", "read-write"])));
    let parts =
        (option::of(http()), option::of(secrets()), option::of(storage), any::<(bool, bool)>());
    parts.prop_map(|(http, secrets, storage, (tasks, findings))| {
        let mut all = Map::new();
        all.extend(http.map(|http| ("http".to_owned(), http)));
        all.extend(secrets.map(|secrets| ("secrets".to_owned(), secrets)));
        all.extend(storage.map(|(workspace, artifacts)| {
            let mut storage = json!({ "workspace": workspace });
            if let Some(access) = artifacts {
                insert(&mut storage, "artifacts", json!(access));
            }
            ("storage".to_owned(), storage)
        }));
        all.extend(tasks.then(|| ("tasks".to_owned(), json!({ "pull": true }))));
        all.extend(findings.then(|| ("findings".to_owned(), json!({ "emit": true }))));
        all.into()
    })
}

fn http() -> impl Strategy<Value = Value> {
    const HOSTS: [&str; 8] = [
        "shop.test",
        "*.shop.test",
        "api.shop.test:8443",
        "shop.test:8080,8443",
        "192.0.2.7:8080",
        "192.0.2.0/24",
        "[2001:db8::/33]:443",
        "*",
    ];
    let hosts = option::of(btree_set(select(&HOSTS[..]), 0..4));
    let methods = option::of(subsequence(&["GET", "HEAD", "POST", "PUT"][..], 0..=4));
    (hosts, methods, any::<bool>()).prop_map(|(hosts, methods, websocket)| {
        let mut http = json!({ "outbound": ["broker"] });
        if let Some(hosts) = hosts {
            insert(&mut http, "hosts", json!(hosts));
        }
        if let Some(methods) = methods {
            insert(&mut http, "methods", json!(methods));
        }
        if websocket {
            insert(&mut http, "websocket", json!(true));
        }
        http
    })
}

fn secrets() -> impl Strategy<Value = Value> {
    btree_set("[a-z0-9][a-z0-9._-]{0,12}", 0..4)
        .prop_map(|names| json!({ "broker": true, "names": names }))
}

fn config() -> impl Strategy<Value = Value> {
    let value = prop_oneof![
        texts().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        vec(any::<u8>(), 0..3).prop_map(Value::from),
    ];
    btree_map("[a-z][a-z_]{0,10}", value, 0..4).prop_map(|map| json!(map))
}

fn insert(object: &mut Value, key: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(key.to_owned(), value);
    }
}

fn remove(object: &mut Value, key: &str) {
    if let Some(object) = object.as_object_mut() {
        object.remove(key);
    }
}
