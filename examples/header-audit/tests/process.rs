//! The built plugin as it runs in production: a process of its own.

use oxg_testkit::PluginProcess;
use oxg_testkit::prelude::*;

fn plugin() -> PluginProcess {
    PluginProcess::new(env!("CARGO_BIN_EXE_header-audit"), "manifest.json")
}

#[tokio::test]
async fn the_built_plugin_reports_a_bare_page() {
    let plugin = plugin();
    plugin.http().on(get("https://shop.test/")).reply(200).body("<html>");
    let run = plugin.task(json!({ "url": "https://shop.test/" })).await;
    run.assert_completed();
    run.assert_findings([finding("web.header.missing").at_least(Low)]);
    run.assert_no_leaks(); // nor in its standard output, standard error and workspace
    run.assert_logs()
        .no_env_beyond([])
        .only_destinations(["shop.test"])
        .only_paths_under_workspace();
}

#[tokio::test]
async fn it_runs_the_same_behind_a_launcher() {
    let plugin = plugin().launcher(["env", "--unset=OXG_NOTHING"]);
    plugin.http().on(get("https://shop.test/")).reply(200).body("<html>");
    plugin.task(json!({ "url": "https://shop.test/" })).await.assert_completed();
}
