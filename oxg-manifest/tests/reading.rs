//! Manifests that are read, and what they become.

use oxg_manifest::{Capability, Manifest, Network, Outbound};
use proptest::prelude::*;

const GUIDE: &str = include_str!("data/guide.json");

const EVERYTHING: &str = r#"{
  "$schema": "../manifest.schema.json",
  "name": "everything",
  "version": "1.2.3-rc.1+build.5",
  "description": "Uses every key — once",
  "entry": "./start.sh",
  "capabilities": {
    "http": {
      "outbound": ["broker"],
      "hosts": ["example.com", "*.example.com:8443", "*", "192.0.2.0/24", "[::1]:8080,8081"],
      "methods": ["GET", "POST"],
      "websocket": true
    },
    "storage": { "workspace": false, "artifacts": "read-write" },
    "secrets": {
      "broker": true,
      "names": ["api-token", "db.password"],
      "hosts": { "api-token": ["api.example.com"], "db.password": [] }
    },
    "tasks": { "pull": false },
    "findings": { "emit": false }
  },
  "sandbox": {
    "user": "oxg",
    "mounts": ["workspace"],
    "network": "host",
    "limits": { "cpu_seconds": 60, "memory_bytes": 268435456, "wall_seconds": 120, "processes": 16 }
  },
  "config": { "depth": -1, "ratio": 0.5, "nothing": null, "list": [true, { "a": "\u00e9" }] }
}"#;

fn written(manifest: &Manifest) -> String {
    serde_json::to_string_pretty(manifest).unwrap_or_else(|error| error.to_string())
}

#[test]
fn the_guides_example_is_read_as_it_stands() {
    let manifest: Manifest = GUIDE.parse().unwrap();
    assert_eq!(manifest.schema.as_deref(), Some("../manifest.schema.json"));
    assert_eq!(manifest.name.as_str(), "oxg-example-plugin");
    assert_eq!(manifest.version.as_str(), "0.1.0");
    assert_eq!(
        manifest.description.as_deref(),
        Some("Demonstrates a minimal, sandbox-friendly plugin")
    );
    assert_eq!(manifest.entry.as_str(), "./cmd/start.sh");
    let http = manifest.capabilities.http.as_ref().unwrap();
    assert_eq!(http.outbound, [Outbound::Broker]);
    assert_eq!((&http.hosts, &http.methods, http.websocket), (&None, &None, false));
    assert!(manifest.capabilities.storage.unwrap().workspace);
    let sandbox = manifest.sandbox.as_ref().unwrap();
    assert_eq!(sandbox.user.as_deref(), Some("oxg"));
    assert_eq!(sandbox.mounts, ["workspace"]);
    assert_eq!(sandbox.network, Network::Isolated);
    assert_eq!(sandbox.limits, None);
    assert_eq!(manifest.config, None);
    for capability in Capability::ALL {
        let declared = *capability != Capability::Flows;
        assert_eq!(manifest.declares(*capability), declared, "{capability}");
    }
}

#[test]
fn the_guides_example_is_written_back_with_the_same_content() {
    let manifest: Manifest = GUIDE.parse().unwrap();
    let content: serde_json::Value = serde_json::from_str(GUIDE).unwrap();
    assert_eq!(serde_json::to_value(&manifest).unwrap(), content);
}

#[test]
fn every_key_survives_reading_and_writing() {
    let manifest: Manifest = EVERYTHING.parse().unwrap();
    let content: serde_json::Value = serde_json::from_str(EVERYTHING).unwrap();
    assert_eq!(serde_json::to_value(&manifest).unwrap(), content);
    assert_eq!(written(&manifest).parse::<Manifest>().unwrap(), manifest);
}

#[test]
fn a_new_manifest_declares_only_what_is_granted_to_all() {
    let manifest = Manifest::new(
        "a".parse().unwrap(),
        "1.0.0".parse().unwrap(),
        "./start.sh".parse().unwrap(),
    );
    assert!(!manifest.declares(Capability::Http));
    assert!(manifest.declares(Capability::Tasks));
    assert_eq!(written(&manifest).parse::<Manifest>().unwrap(), manifest);
}

#[test]
fn a_file_is_read_by_its_path() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/guide.json");
    assert_eq!(Manifest::read(path).unwrap(), GUIDE.parse().unwrap());
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused_without_a_panic(bytes in any::<Vec<u8>>()) {
        let _ = Manifest::from_slice(&bytes);
    }

    #[test]
    fn a_damaged_manifest_is_refused_or_read_back_equal(
        at: prop::sample::Index, byte: u8, cut: prop::sample::Index, remove in 0_usize..8,
    ) {
        let mut bytes = EVERYTHING.as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let cut = cut.index(bytes.len());
        bytes.drain(cut..(cut + remove).min(bytes.len()));
        match Manifest::from_slice(&bytes) {
            Ok(manifest) => prop_assert_eq!(&written(&manifest).parse::<Manifest>().unwrap(), &manifest),
            Err(error) => {
                prop_assert!(!error.diagnostics().is_empty());
                for diagnostic in error.diagnostics() {
                    prop_assert!(diagnostic.span().end <= bytes.len());
                }
                prop_assert!(!error.to_string().contains('\n'));
            }
        }
    }
}
