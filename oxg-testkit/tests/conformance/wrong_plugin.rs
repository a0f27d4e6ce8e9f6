//! A plugin with one thing wrong at a time fails the case that is about it.

use std::path::Path;
use std::time::Duration;

use oxg_manifest::Manifest;
use oxg_testkit::conformance::{PluginSuite, Verdict};
use serde_json::json;
use tokio::task::JoinSet;

/// What is wrong, and which cases it fails.
const WRONG: &[(&str, &[&str])] = &[
    ("no-token", &["session/bearer", "tasks/completed", "session/well-formed"]),
    ("tells-its-token", &["reports/no-leak"]),
    ("tells-its-token-in-a-finding", &["reports/no-leak"]),
    ("keeps-its-token-in-a-file", &["reports/no-leak"]),
    ("tells-the-token-of-a-lease", &["reports/no-leak"]),
    ("other-version", &["session/version"]),
    ("odd-deadline", &["session/deadline"]),
    ("tunnels", &["session/well-formed"]),
    ("forgets-the-file", &["session/token-file-first"]),
    ("reads-its-token-once", &["session/token-read-again"]),
    ("takes-any-version", &["session/other-version"]),
    ("asks-for-nothing", &["tasks/lease-request"]),
    ("says-it-twice", &["tasks/one-word"]),
    ("insists", &["leases/lost-at-the-end"]),
    ("changes-its-mind", &["leases/answer-lost"]),
    ("has-no-heart", &["leases/extended-in-time"]),
    ("completes-anything", &["tasks/unusable"]),
    ("fails-for-now", &["tasks/unusable"]),
    ("gives-no-reason", &["tasks/unusable"]),
    ("asks-again", &["denials/destination", "denials/findings", "faults/unavailable-once"]),
    ("drops-its-task", &["shutdown/terminated-busy"]),
    ("odd-finding", &["reports/findings"]),
    ("takes-half-for-the-whole", &["faults/cut-short"]),
    ("crashes", &["tasks/completed", "session/no-token", "faults/no-broker"]),
];

/// What does not end by itself, and which cases it fails.
const ENDLESS: &[(&str, &[&str])] = &[
    ("floods", &["session/refused", "denials/tasks"]),
    ("is-deaf", &["shutdown/terminated-idle"]),
    ("goes-on-leasing", &["shutdown/draining-answer"]),
];

/// More than any of them takes that ends by itself.
const LIMIT: Duration = Duration::from_secs(8);

fn suite(wrong: &str) -> PluginSuite {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    let manifest = tests.join("../../../examples/python-plugin/manifest.json");
    PluginSuite::new(tests.join("wrong_plugin.py"), Manifest::read(manifest).unwrap())
        .arguments([wrong])
        .path("/usr/local/bin:/usr/bin:/bin")
        .task(json!({ "url": "https://shop.test/" }))
}

/// Each of `wrong` fails each of its cases.
async fn assert_fails(wrong: &'static [(&str, &[&str])]) {
    let mut running = JoinSet::new();
    for (wrong, cases) in wrong {
        running.spawn(async move {
            let suite =
                suite(wrong).limit(LIMIT).only(cases.iter().map(|case| case.parse().unwrap()));
            let report = suite.run(|_| {}).await.unwrap();
            assert_eq!(report.outcomes.len(), cases.len(), "{wrong}");
            for outcome in report.outcomes {
                let fails = matches!(outcome.verdict, Verdict::Fails { .. });
                assert!(fails, "{wrong} does not fail {outcome:#?}");
            }
        });
        if running.len() >= 6 {
            running.join_next().await.unwrap().unwrap();
        }
    }
    while let Some(ended) = running.join_next().await {
        ended.unwrap();
    }
}

#[tokio::test]
async fn whatever_is_wrong_with_a_plugin_fails_the_case_that_is_about_it() {
    assert_fails(WRONG).await;
}

#[tokio::test]
async fn a_plugin_that_does_not_end_is_ended_and_fails_the_case_that_is_about_it() {
    assert_fails(ENDLESS).await;
}

#[tokio::test]
async fn the_same_plugin_with_nothing_wrong_passes_these_cases() {
    let mut cases: Vec<_> =
        [WRONG, ENDLESS].concat().iter().flat_map(|(_, cases)| *cases).collect();
    cases.sort_unstable();
    cases.dedup();
    let suite = suite("right").only(cases.iter().map(|case| case.parse().unwrap()));
    let report = suite.run(|_| {}).await.unwrap();
    assert_eq!(report.outcomes.len(), cases.len());
    for outcome in report.outcomes {
        assert_eq!(outcome.verdict, Verdict::Holds, "{outcome:#?}");
    }
}
