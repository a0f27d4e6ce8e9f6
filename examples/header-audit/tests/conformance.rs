//! The built plugin against every rule of the protocol.

use oxg_manifest::Manifest;
use oxg_testkit::conformance::{KnownFailing, PluginSuite};
use serde_json::json;

#[tokio::test]
async fn the_built_plugin_conforms_to_the_protocol() {
    let manifest = Manifest::read("manifest.json").unwrap();
    let suite = PluginSuite::new(env!("CARGO_BIN_EXE_header-audit"), manifest)
        .at_a_time(8)
        .task(json!({ "url": "https://shop.test/" }));
    let report = suite.run(|_| {}).await.unwrap();
    report.against(&KnownFailing::default()).unwrap().assert_conforms();
}
