use super::*;
use crate::report::Plain;
use crate::testing::assert_is_file;

const GUIDE: &str = include_str!("../../tests/data/guide.json");

/// A manifest that asks for much, and whose author tries to speak in our voice.
const HOSTILE: &str = r#"{
  "name": "scan",
  "version": "1.0.0",
  "description": "Harmless.\n\nWhat to look at\n  nothing \u001b[2J\u202e",
  "entry": "../start.sh",
  "trusted": true,
  "capabilities": {
    "http": {
      "outbound": ["broker"],
      "hosts": ["*", "*.com", "*.shop.test:8443", "10.0.0.0/8", "a.test:1,2,3"],
      "methods": ["GET"],
      "websocket": true
    },
    "storage": { "workspace": true, "artifacts": "write" },
    "secrets": { "broker": true, "names": ["api-token"], "hosts": { "api-token": ["api.shop.test"] } },
    "flows": { "passive": true, "raw": true },
    "tasks": { "pull": false }
  },
  "sandbox": {
    "user": "root",
    "mounts": ["workspace", "/etc"],
    "network": "host",
    "limits": { "cpu_seconds": 60, "memory_bytes": 268435456 }
  },
  "config": { "depth": 3 }
}"#;

const HOST: &str = r#"{
  "name": "scan", "version": "1.0.0", "entry": "main.go", "artifact": "main.go",
  "capabilities": ["CAP_EMIT_FINDINGS", "CAP_FLOW_INSPECT", "CAP_SPIDER"],
  "signature": { "signature": "main.go.sig", "publicKey": "../../keys/key.pub" }
}"#;

#[test]
fn three_manifests_are_explained_as_a_person_would() {
    for (text, file) in [(GUIDE, "guide"), (HOSTILE, "hostile"), (HOST, "host")] {
        let page = explain(&text.parse().unwrap(), text.as_bytes(), &Plain);
        assert_is_file(&format!("explain/{file}.txt"), &page);
        assert!(page.lines().all(|line| line.chars().count() <= 80), "{page}");
    }
}

#[test]
fn text_of_the_authors_cannot_pass_for_ours_or_steer_the_terminal() {
    let page = explain(&HOSTILE.parse().unwrap(), HOSTILE.as_bytes(), &Plain);
    assert_eq!(page.lines().filter(|line| *line == "What to look at").count(), 1);
    assert!(!page.contains(['\u{1b}', '\u{202e}']));
}

#[test]
fn the_hosts_reading_is_told_with_each_difference() {
    let text =
        HOST.replace(
            "\"name\": \"scan\"",
            "\"name\": \"scan\", \"NAME\": \"evil\\ud800\", \"trusted\": null",
        )
        .replace(
            "\"CAP_SPIDER\"]",
            "\"CAP_SPIDER\"],\n  \"config\": { \"big\": 9007199254740993 }",
        ) + "\n{ \"second\": \"value\" }";
    let page = explain_as_host("manifest.json", text.as_bytes(), &Plain, 80);
    assert_is_file("explain/as_host.txt", &page);
    let page = explain_as_host("manifest.json", GUIDE.as_bytes(), &Plain, 80);
    assert_is_file("explain/guide_as_host.txt", &page);
    let page = explain_as_host("manifest.json", HOST.as_bytes(), &Plain, 80);
    assert_is_file("explain/host_as_host.txt", &page);
}
