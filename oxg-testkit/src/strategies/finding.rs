use oxg_protocol::{Finding, Severity};
use proptest::collection::btree_map;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::{AlmostValid, Flaw, spoiled, texts};

/// Findings that a broker takes. They have no id: it follows from their content.
pub fn findings() -> impl Strategy<Value = Finding> {
    let target = option::of("https://[a-z]{1,8}\\.test/[a-z]{0,8}");
    let metadata = btree_map("[a-z][a-z_]{0,8}", texts(), 0..3);
    let severity = select(Severity::ALL.to_vec());
    (severity, "[a-z]{1,8}(\\.[a-z]{1,8}){0,2}", texts(), target, option::of(texts()), metadata)
        .prop_map(|(severity, kind, message, target, evidence, metadata)| {
            let mut finding = Finding::new(severity, kind, message);
            finding.target = target;
            finding.evidence = evidence;
            finding.metadata = metadata;
            finding
        })
}

/// Findings as JSON with one thing wrong: no broker takes one.
pub fn almost_valid_findings() -> impl Strategy<Value = AlmostValid> {
    const FLAWS: &[Flaw] = &[
        ("the type is missing", |finding| {
            finding.as_object_mut().map(|members| members.remove("type"));
        }),
        ("the message is a number", |finding| finding["message"] = json!(1)),
        ("the severity is unknown", |finding| finding["severity"] = json!("medium-high")),
        ("a member is unknown", |finding| finding["tagret"] = json!("https://a.test/")),
        ("the id is none", |finding| finding["id"] = json!("7")),
        ("a value of the metadata is a number", |finding| {
            finding["metadata"] = json!({ "port": 443 });
        }),
    ];
    let findings = findings().prop_map(|finding| serde_json::to_value(finding).unwrap_or_default());
    spoiled(findings.prop_filter("an object", Value::is_object), FLAWS)
}
