//! Documents near every boundary of every rule.

use serde_json::{Value, json};

pub(crate) fn guide() -> Value {
    json!({
        "$schema": "../manifest.schema.json",
        "name": "everything",
        "version": "1.2.3-rc.1+build.5",
        "description": "Uses every key",
        "entry": "./start.sh",
        "artifact": "plugin.js",
        "trusted": true,
        "capabilities": {
            "http": {
                "outbound": ["broker"],
                "hosts": ["example.com", "*.example.com:8443"],
                "methods": ["GET", "POST"],
                "websocket": true
            },
            "storage": { "workspace": false, "artifacts": "read-write" },
            "secrets": {
                "broker": true,
                "names": ["api-token", "db.password"],
                "hosts": { "api-token": ["api.example.com"], "db.password": [] }
            },
            "flows": { "passive": true, "raw": false },
            "tasks": { "pull": false },
            "findings": { "emit": false }
        },
        "sandbox": {
            "user": "oxg",
            "mounts": ["workspace"],
            "network": "isolated",
            "limits": {
                "cpu_seconds": 60, "memory_bytes": 268435456, "wall_seconds": 120, "processes": 16
            }
        },
        "config": { "depth": -1, "nothing": null, "list": [true, { "a": 0.5 }] },
        "configSchema": { "type": "object" },
        "signature": { "signature": "plugin.sig", "publicKey": "a.pub", "certificate": "a.pem" }
    })
}

pub(crate) fn host() -> Value {
    json!({
        "name": "hydra",
        "version": "0.1.0",
        "entry": "hydra",
        "artifact": "plugins/hydra/main.go",
        "trusted": true,
        "capabilities": ["CAP_EMIT_FINDINGS", "CAP_HTTP_PASSIVE", "CAP_FLOW_INSPECT"],
        "config": {},
        "signature": { "signature": "main.go.sig", "publicKey": "../keys/0xgen-plugin.pub" }
    })
}

/// Every document, as text.
pub(crate) fn all() -> Vec<String> {
    let mut documents = vec![guide().to_string(), host().to_string(), "{}".into(), "[]".into()];
    documents.extend(["null", "1", "\"a\"", "true"].map(str::to_owned));
    documents.push(include_str!("../data/guide.json").to_owned());
    for base in [guide(), host()] {
        for (pointer, values) in places() {
            if base.pointer(pointer).is_none() {
                continue;
            }
            documents.extend(values.iter().map(|value| with(&base, pointer, value)));
        }
        for pointer in pointers(&base) {
            documents.extend(without(&base, &pointer));
            let others = [json!(null), json!(0), json!("x"), json!([]), json!({}), json!(true)];
            documents.extend(others.iter().map(|value| with(&base, &pointer, value)));
            documents.extend(with_unknown_key(&base, &pointer));
        }
    }
    // Numbers as a person may write them.
    let limit = guide().to_string();
    for number in ["1.0", "1e2", "1.5", "-1", "-0.0", "1E+2", "10e-1", "1e300", "100e-1", "0.1e1"] {
        documents.push(limit.replace("\"processes\":16", &format!("\"processes\":{number}")));
        documents.push(
            limit.replace("\"memory_bytes\":268435456", &format!("\"memory_bytes\":{number}")),
        );
    }
    documents
}

fn with(base: &Value, pointer: &str, value: &Value) -> String {
    let mut document = base.clone();
    if let Some(place) = document.pointer_mut(pointer) {
        *place = value.clone();
    }
    document.to_string()
}

fn without(base: &Value, pointer: &str) -> Option<String> {
    let (parent, key) = pointer.rsplit_once('/')?;
    let mut document = base.clone();
    match document.pointer_mut(parent)? {
        Value::Object(members) => members.remove(key).map(drop)?,
        Value::Array(items) => drop(items.remove(key.parse().ok()?)),
        _ => return None,
    }
    Some(document.to_string())
}

fn with_unknown_key(base: &Value, pointer: &str) -> Option<String> {
    let mut document = base.clone();
    document.pointer_mut(pointer)?.as_object_mut()?.insert("x".into(), json!(1));
    Some(document.to_string())
}

/// The pointer to every value in a document.
pub(crate) fn pointers(value: &Value) -> Vec<String> {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect()
        }
        _ => Vec::new(),
    };
    let below = children.into_iter().flat_map(|(key, value)| {
        let key = key.replace('~', "~0").replace('/', "~1");
        pointers(value).into_iter().map(move |rest| format!("/{key}{rest}"))
    });
    std::iter::once(String::new()).chain(below).collect()
}

/// Values for each place with a rule of its own.
pub(crate) fn places() -> Vec<(&'static str, Vec<Value>)> {
    let strings = |list: &[&str]| list.iter().map(|text| json!(text)).collect::<Vec<_>>();
    let lengths = |unit: &str, at: &[usize]| {
        at.iter().map(|length| json!(unit.repeat(*length))).collect::<Vec<_>>()
    };
    let limits = |max: u64| vec![json!(0), json!(1), json!(max), json!(max + 1), json!(u64::MAX)];
    let names = [
        strings(&[
            "",
            "a",
            "A",
            "a-",
            "-a",
            "a_b",
            "2a",
            "a2",
            "ä",
            "a\n",
            "a\r",
            "a ",
            " a",
            "a.b",
            "a\u{0}",
            "a\u{2028}",
            "٣",
            "a٣",
            "\u{212a}",
            "ſ",
        ]),
        lengths("a", &[63, 64, 65, 127, 128, 129]),
        lengths("ä", &[64]),
    ]
    .concat();
    let secret_names = [names.clone(), strings(&[".a", "a..b", "_a", "a_", "0", "a/b"])].concat();
    let paths = [
        strings(&[
            "",
            " ",
            "\t",
            "\u{a0}",
            "\u{3000}",
            "\u{feff}",
            "\u{85}",
            "a\u{85}",
            "a\u{7f}",
            " a",
            "a ",
            "a\nb",
            "a\u{0}",
            "../a",
            "/a",
            "ä",
            "\u{1680}",
            "\u{2007}a",
            "\u{200b}",
            "\u{202f}\u{205f}",
            "\u{1f600}",
            "\u{180e}",
            "a\u{2028}",
            "\u{2029}",
        ]),
        lengths("a", &[1023, 1024, 1025]),
        lengths("\u{1f600}", &[512, 1024, 1025]),
        lengths(" ", &[1024]),
    ]
    .concat();
    let versions = [
        strings(&[
            "",
            "1",
            "1.2",
            "1.2.3",
            "01.2.3",
            "1.02.3",
            "1.2.03",
            "0.0.0",
            "v1.2.3",
            "1.2.3.4",
            "1.2.3-",
            "1.2.3+",
            "1.2.3-a",
            "1.2.3-01",
            "1.2.3-0",
            "1.2.3-0a",
            "1.2.3-a.b",
            "1.2.3-a..b",
            "1.2.3+a+b",
            "1.2.3+01",
            "1.2.3--",
            "1.2.3---.-",
            "1.2.3-a_b",
            "1.2.3\n",
            " 1.2.3",
            "1.2.3-ä",
            "1.2.3-00a",
            "99999999999999999999.0.0",
            "1.2.3-+b",
            "1.2.3+b-c",
            "1.2.٣",
        ]),
        vec![
            json!(format!("1.0.0-{}", "a".repeat(122))),
            json!(format!("1.0.0-{}", "a".repeat(123))),
        ],
    ]
    .concat();
    let methods = [
        strings(&[
            "",
            "GET",
            "get",
            "Get",
            "CONNECT",
            "connect",
            "CONNECTX",
            "XCONNECT",
            "M-SEARCH",
            "G ET",
            "GET\n",
            "!#$%&'*+-.^_`|~",
            "\"",
            "(",
            "[",
            "]",
            "\\",
            "/",
            "Ä",
            "X_1",
            "{",
            "}",
            ",",
            "@",
            ":",
        ]),
        lengths("A", &[31, 32, 33]),
    ]
    .concat();
    let artifacts = strings(&["read", "write", "read-write", "readwrite", "READ", ""]);
    let caps: Vec<Value> = [
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
        "CAP_WORKSPACE_READ",
        "CAP_WORKSPACE_WRITE",
        "CAP_NET_OUTBOUND",
        "CAP_SECRETS_READ",
        "cap_ws",
        "CAP_WS ",
        "",
    ]
    .iter()
    .map(|name| json!(name))
    .collect();
    let lists = vec![
        json!([]),
        json!(["CAP_WS"]),
        json!(["CAP_WS", "CAP_WS"]),
        json!([1]),
        json!(["CAP_WS", null]),
    ];
    let bindings =
        secret_names.iter().map(|name| json!({ name.as_str().unwrap_or_default(): ["a.test"] }));
    vec![
        ("/name", names),
        ("/version", versions),
        ("/entry", paths.clone()),
        ("/artifact", paths.clone()),
        ("/signature/signature", paths.clone()),
        ("/signature/publicKey", paths.clone()),
        ("/signature/certificate", paths),
        (
            "/signature",
            vec![
                json!({ "signature": "a" }),
                json!({ "signature": "a", "publicKey": "b" }),
                json!({ "signature": "a", "certificate": "b" }),
                json!({ "publicKey": "b" }),
            ],
        ),
        ("/capabilities/http/hosts/0", hosts()),
        ("/capabilities/http/methods/0", methods),
        (
            "/capabilities/http/outbound",
            vec![json!([]), json!(["broker", "broker"]), json!(["direct"])],
        ),
        ("/capabilities/storage/artifacts", artifacts),
        ("/capabilities/secrets/names/0", secret_names.clone()),
        ("/capabilities/secrets/hosts", bindings.collect()),
        ("/capabilities/0", caps),
        ("/capabilities", lists),
        ("/sandbox/limits/cpu_seconds", limits(31_622_400)),
        ("/sandbox/limits/wall_seconds", limits(31_622_400)),
        ("/sandbox/limits/memory_bytes", limits(1 << 40)),
        ("/sandbox/limits/processes", limits(1 << 22)),
        ("/sandbox/network", strings(&["isolated", "host", "Host", "none"])),
        ("/configSchema", vec![json!(true), json!(false), json!({}), json!({ "$ref": 1 })]),
    ]
}

/// Host patterns on both sides of each of their rules.
fn hosts() -> Vec<Value> {
    let mut hosts: Vec<String> = [
        "",
        "*",
        "**",
        "*.",
        "*.*",
        "*.a",
        "*a",
        "a.*.b",
        "*.a.",
        "*:80",
        "*:",
        ".",
        "a",
        "a.",
        "a..",
        ".a",
        "a..b",
        "A.B",
        "a-b",
        "-a",
        "a-",
        "a.-b",
        "_a",
        "a_",
        "_",
        "-",
        "a b",
        "a\n",
        "ä.test",
        "a%b",
        "a@b",
        "a/b",
        "a#b",
        "http://a",
        "a:b",
        "1",
        "1a",
        "a1",
        "0x",
        "0x1",
        "0xg",
        "0x-",
        "0x-g",
        "0x1.a",
        "a.0x1",
        "a.1",
        "a.01",
        "a.01a",
        "0",
        "00",
        "0a",
        "00x1",
        "0X1F",
        "0Xg",
        "1-",
        "1-1",
        "0-1",
        "0-",
        "0x1_",
        "0xfg-1",
        "1.2.3",
        "1.2.3.4",
        "1.2.3.4.",
        "1.2.3.04",
        "256.1.1.1",
        "255.255.255.255",
        "1.2.3.4.5",
        "1.2.3.4a",
        "*.1.2.3.4",
        "1.2.3.4/0",
        "1.2.3.4/32",
        "1.2.3.4/33",
        "1.2.3.4/",
        "1.2.3.4/08",
        "1.2.3.4/8:80",
        "10.0.0.0/8",
        "10.1.2.3/8",
        "1.2.3.4:80",
        "[1.2.3.4]",
        "a.test/8",
        "a:80",
        "a:0",
        "a:1",
        "a:65535",
        "a:65536",
        "a:65529",
        "a:65530",
        "a:99999",
        "a:100000",
        "a:080",
        "a:+80",
        "a:80,",
        "a:,80",
        "a:80,80",
        "a:80,443,8080",
        "a:80:90",
        "a:",
        "a.:80",
        "a: 80",
        "::",
        "::1",
        "1::",
        "1::2",
        "::/0",
        "::/128",
        "::/129",
        "::1/00",
        "::1/064",
        "1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7::",
        "::2:3:4:5:6:7:8",
        "1::3:4:5:6:7:8",
        "1::2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7:8::",
        "::1::",
        ":::",
        ":1",
        "1:",
        "12345::",
        "g::",
        "FE80::A",
        "0001::",
        "1:2:3::5:6:7:8",
        "1:2::5:6:7",
        "[::1]",
        "[::1]:80",
        "[::1]:",
        "[::1",
        "::1]",
        "[::1]80",
        "[::1/64]:80",
        "[::1]/64",
        "[]",
        "[::1]:80,81",
        "[a]",
        "[::1]:0",
        "fe80::1%1",
        "::1.2.3.4",
        "::ffff:1.2.3.4",
        "64:ff9b::1.2.3.4",
        "::ffff:1:2",
        "::FFFF:1:2",
        "::ffff:1:2/96",
        "::ffff:1:2/95",
        "::ffff:1:2/128",
        "::ffff:0:0/100",
        "0::ffff:1:2",
        "0:0:0:0:0:ffff:1:2",
        "0:0:0:0:0:ffff:1::",
        "0:0:0:0:0:ffff::",
        "0:0:0:0:0:ffff::2",
        "0:0:0:0::ffff:1:2",
        "0000:0::0:ffff:1:2",
        "::0:0:0:ffff:1:2",
        "::0:0:0:0:ffff:1:2",
        "::1:ffff:1:2",
        "[::ffff:1:2]",
        "[::ffff:1:2]:80",
        "[::ffff:1:2/97]:80",
        "::ffff:1",
        "::ffff:1:2:3",
        "::ffff:0:1:2",
        "ffff::1:2",
        "0:0:0:0:ffff:0:1:2",
        "::fffe:1:2",
        "::ffff",
        "0::0:ffff:0:0/96",
        "::ffff:1:2/099",
        "::ffff:0:0/90",
    ]
    .map(str::to_owned)
    .to_vec();
    let label = "a".repeat(63);
    let name = |last: usize| format!("{label}.{label}.{label}.{}", "a".repeat(last));
    for (last, end) in
        [(60, ""), (61, ""), (62, ""), (61, "."), (61, ".:80"), (61, ":80"), (62, "."), (61, "..")]
    {
        hosts.push(format!("{}{end}", name(last)));
        hosts.push(format!("*.{}{end}", name(last)));
    }
    hosts.extend([
        label.clone(),
        format!("{label}a"),
        format!("a.{label}a.b"),
        format!("*.{label}a"),
    ]);
    hosts.push(format!("{}.{}", label, "1".repeat(63)));
    let ports = vec!["65535"; 682].join(",");
    hosts.extend([format!("abc:{ports}"), format!("abcd:{ports}"), format!("abcdefg:{ports}")]);
    hosts.push("a".repeat(5000));
    hosts.into_iter().map(Value::from).collect()
}
