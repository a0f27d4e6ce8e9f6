use proptest::prelude::*;

use super::*;
use crate::diff::{ChangeKind, diff};
use crate::testing::manifests;
use crate::{Form, HostCapability, SignatureFiles};

const GUIDE: &str = include_str!("../../tests/data/guide.json");

fn files() -> HostFiles {
    let path = |text: &str| text.parse().unwrap();
    HostFiles {
        artifact: Some(path("main.go")),
        signature: Some(SignatureFiles::with_public_key(path("main.go.sig"), path("key.pub"))),
    }
}

#[test]
fn what_the_hosts_form_cannot_say_of_the_guides_example_is_named() {
    let conversion = to_host(&GUIDE.parse().unwrap(), files()).unwrap();
    let paths: Vec<&str> = conversion.losses.iter().map(|loss| loss.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "$schema",
            "description",
            "capabilities.secrets",
            "sandbox.user",
            "sandbox.mounts",
            "sandbox.network"
        ]
    );
    let list = conversion.manifest.host_capabilities().unwrap();
    use HostCapability::{EmitFindings, HttpActive, Storage};
    assert_eq!(list.as_slice(), [EmitFindings, HttpActive, Storage]);
}

#[test]
fn what_the_hosts_form_requires_must_be_given() {
    let manifest: Manifest = GUIDE.parse().unwrap();
    assert_eq!(to_host(&manifest, HostFiles::default()), Err(ConvertError::NoArtifact));
    let no_signature = HostFiles { signature: None, ..files() };
    assert_eq!(to_host(&manifest, no_signature), Err(ConvertError::NoSignature));
    let nothing = r#"{ "name": "a", "version": "1.0.0", "entry": "a", "capabilities": { "findings": { "emit": false } } }"#;
    assert_eq!(to_host(&nothing.parse().unwrap(), files()), Err(ConvertError::NoCapability));
}

#[test]
fn a_capability_that_only_the_host_knows_is_lost_in_the_guides_form() {
    let text = r#"{ "name": "a", "version": "1.0.0", "entry": "a", "artifact": "a",
        "capabilities": ["CAP_HTTP_PASSIVE", "CAP_WS", "CAP_SPIDER"],
        "signature": { "signature": "a.sig", "certificate": "a.pem" } }"#;
    let conversion = to_guide(&text.parse().unwrap());
    let paths: Vec<&str> = conversion.losses.iter().map(|loss| loss.path.as_str()).collect();
    assert_eq!(paths, ["capabilities[0]", "capabilities[2]"]);
    assert!(conversion.manifest.capabilities.http.unwrap().websocket);
}

proptest! {
    #[test]
    fn what_is_converted_without_loss_grants_the_same(manifest in manifests()) {
        let host = to_host(&manifest, HostFiles::default());
        for conversion in [Some(to_guide(&manifest)), host.ok()].into_iter().flatten() {
            let diff = diff(&manifest, &conversion.manifest);
            let changed = [ChangeKind::More, ChangeKind::Less].map(|kind| diff.of_kind(kind).count());
            if conversion.losses.is_empty() {
                prop_assert_eq!(changed, [0, 0], "{:?}", diff);
            }
        }
    }

    #[test]
    fn the_result_is_of_the_form_that_was_asked_for_and_valid(manifest in manifests()) {
        let guide = to_guide(&manifest).manifest;
        prop_assert_eq!(guide.form(), Form::Guide);
        let mut all = vec![guide];
        if let Ok(host) = to_host(&manifest, HostFiles::default()) {
            prop_assert_eq!(host.manifest.form(), Form::Host);
            all.push(host.manifest);
        }
        for manifest in all {
            let text = serde_json::to_string(&manifest).unwrap();
            prop_assert_eq!(text.parse::<Manifest>().unwrap(), manifest);
        }
    }
}
