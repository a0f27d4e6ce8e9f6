//! The suites against what is right, and against what is wrong on purpose.
#![cfg(feature = "conformance")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod wrong_broker;
mod wrong_plugin;

use oxg_broker::Broker;
use oxg_manifest::Manifest;
use oxg_testkit::conformance::{BrokerSuite, KnownFailing, infos};

const MANIFEST: &str = r#"{
    "name": "conformance", "version": "1.0.0", "entry": "./none",
    "capabilities": {
        "http": { "outbound": ["broker"], "hosts": ["shop.test"] },
        "storage": { "workspace": true },
        "secrets": { "broker": true, "names": ["api-token"] },
        "tasks": { "pull": true },
        "findings": { "emit": true }
    }
}"#;

#[tokio::test]
async fn the_broker_of_this_workspace_conforms() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::builder().build().unwrap();
    let session = broker
        .session(MANIFEST.parse::<Manifest>().unwrap())
        .secret("api-token".parse().unwrap(), "a-value-that-is-long-enough".into())
        .open()
        .unwrap();
    let listener = broker.listen_unix(folder.path().join("broker.sock")).unwrap();
    let suite = BrokerSuite::new(listener.endpoint().clone(), session.token().clone())
        .secret("api-token".parse().unwrap());
    let report = suite.run(|_| {}).await.unwrap();
    let report = report.against(&KnownFailing::default()).unwrap();
    report.assert_conforms();
    let skipped = report.outcomes.iter().filter(|outcome| outcome.took_ms == 0).count();
    assert!(skipped < report.outcomes.len() / 2, "{report:#?}");
}

/// The book's chapters, by what cases call them.
const CHAPTERS: &[(&str, &str)] =
    &[("Protocol: ", "../docs/src/protocol.md"), ("Author's guide: ", "../docs/src/plugin.md")];

#[test]
fn every_rule_names_a_section_of_the_book_that_is_there() {
    for case in infos(&[]).unwrap() {
        for (prefix, file) in CHAPTERS {
            let Some(section) = case.source.strip_prefix(prefix) else { continue };
            let chapter = std::fs::read_to_string(file).unwrap();
            let plain = |line: &str| line.trim_start_matches('#').trim().replace('`', "");
            let mut headings = chapter.lines().filter(|line| line.starts_with('#')).map(plain);
            let found = headings.any(|heading| heading.starts_with(section));
            assert!(found, "{}: there is no section {section:?} in {file}", case.id);
        }
    }
}
