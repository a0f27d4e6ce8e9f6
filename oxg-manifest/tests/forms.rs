//! The two forms of a manifest.

#![allow(clippy::unwrap_used, clippy::panic)]

use oxg_manifest::{
    Capability, FlowsCapability, Form, HostCapabilities, HostCapability, Manifest, SignatureFiles,
};
use proptest::prelude::*;

fn host(capabilities: &str) -> Manifest {
    let text = format!(
        r#"{{
            "name": "hydra", "version": "0.1.0", "entry": "hydra", "artifact": "main.go",
            "trusted": true, "capabilities": [{capabilities}], "config": {{ "a": 1 }},
            "signature": {{ "signature": "main.go.sig", "publicKey": "../keys/0xgen-plugin.pub" }}
        }}"#
    );
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn written(manifest: &Manifest) -> String {
    serde_json::to_string(manifest).unwrap()
}

#[test]
fn a_manifest_of_the_hosts_form_means_what_its_list_says() {
    let all = host(
        r#""CAP_EMIT_FINDINGS", "CAP_HTTP_ACTIVE", "CAP_WS", "CAP_STORAGE", "CAP_FLOW_INSPECT""#,
    );
    assert_eq!(all.form(), Form::Host);
    for capability in Capability::ALL {
        // The host's manifest has no name for secrets.
        assert_eq!(all.declares(*capability), *capability != Capability::Secrets, "{capability}");
    }
    assert!(all.capabilities.http.as_ref().is_some_and(|http| http.websocket));
    let none = host(r#""CAP_AI_ANALYSIS", "CAP_SPIDER", "CAP_REPORT", "CAP_HTTP_PASSIVE""#);
    let granted: Vec<_> = Capability::ALL.iter().filter(|c| none.declares(**c)).collect();
    assert_eq!(granted, [&Capability::Tasks]);
}

#[test]
fn websocket_alone_allows_no_other_request() {
    let http = host("\"CAP_WS\"").capabilities.http.unwrap();
    assert!(http.websocket && !http.allows_method("GET") && !http.allows_method("POST"));
}

#[test]
fn raw_traffic_alone_is_not_seen() {
    let raw = host("\"CAP_FLOW_INSPECT_RAW\"");
    assert!(!raw.declares(Capability::Flows));
    assert!(!raw.capabilities.flows.as_ref().is_some_and(FlowsCapability::allows_raw));
    let both = host("\"CAP_FLOW_INSPECT_RAW\", \"CAP_FLOW_INSPECT\"");
    assert!(both.capabilities.flows.as_ref().is_some_and(FlowsCapability::allows_raw));
}

#[test]
fn a_manifest_is_written_in_the_form_in_which_it_was_read() {
    let manifest = host("\"CAP_WS\", \"CAP_REPORT\"");
    let text = written(&manifest);
    assert!(text.contains(r#""capabilities":["CAP_WS","CAP_REPORT"]"#), "{text}");
    assert_eq!(text.parse::<Manifest>().unwrap(), manifest);
}

#[test]
fn whoever_changes_what_is_granted_leaves_the_hosts_form() {
    let mut manifest = host("\"CAP_HTTP_ACTIVE\", \"CAP_STORAGE\"");
    manifest.capabilities.http = None;
    assert_eq!(manifest.form(), Form::Guide);
    let again: Manifest = written(&manifest).parse().unwrap();
    assert!(!again.declares(Capability::Http) && again.declares(Capability::Storage));
    assert_eq!(again, manifest);

    let mut described = host("\"CAP_WS\"");
    described.description = Some("b".to_owned());
    assert_eq!(described.form(), Form::Guide);
    assert_eq!(written(&described).parse::<Manifest>().unwrap(), described);
}

#[test]
fn a_list_can_be_set_once_the_host_can_check_the_plugin() {
    let path = |text: &str| text.parse().unwrap();
    let mut manifest = Manifest::new("a".parse().unwrap(), "1.0.0".parse().unwrap(), path("a"));
    manifest.set_host_capabilities(HostCapabilities::new(vec![HostCapability::Storage]).unwrap());
    assert_eq!(manifest.form(), Form::Guide);
    manifest.artifact = Some(path("a"));
    manifest.signature = Some(SignatureFiles::with_certificate(path("a.sig"), path("a.pem")));
    assert_eq!(manifest.form(), Form::Host);
    assert_eq!(written(&manifest).parse::<Manifest>().unwrap(), manifest);
}

#[test]
fn the_guides_form_can_be_signed_too() {
    let text = include_str!("data/guide.json").replacen(
        '{',
        r#"{ "artifact": "a", "trusted": false, "signature": { "signature": "a.sig", "certificate": "a.pem" },"#,
        1,
    );
    let manifest: Manifest = text.parse().unwrap();
    assert_eq!(manifest.form(), Form::Guide);
    assert_eq!(manifest.signature.as_ref().unwrap().certificate().unwrap().as_str(), "a.pem");
    assert_eq!(written(&manifest).parse::<Manifest>().unwrap(), manifest);
}

proptest! {
    #[test]
    fn any_list_is_read_written_and_read_back_equal(
        list in proptest::sample::subsequence(HostCapability::ALL.to_vec(), 1..=10).prop_shuffle(),
    ) {
        let names: Vec<String> = list.iter().map(|capability| format!("\"{capability}\"")).collect();
        let manifest = host(&names.join(", "));
        prop_assert_eq!(manifest.host_capabilities().unwrap().as_slice(), list.as_slice());
        prop_assert_eq!(written(&manifest).parse::<Manifest>().unwrap(), manifest);
    }
}
