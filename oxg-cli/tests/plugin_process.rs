//! A built plugin as a process: what it says and with which code it ends.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::time::Duration;

use oxg_broker::Broker;
use oxg_broker::launch::Launch;
use oxg_manifest::Manifest;

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/header-audit")
}

/// The example, built beside the command.
fn plugin() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let build = || {
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--locked", "--manifest-path"])
            .arg(example().join("Cargo.toml"))
            .status()
            .unwrap();
        assert!(status.success());
        Path::new(env!("CARGO_BIN_EXE_oxg")).with_file_name("header-audit")
    };
    BUILT.get_or_init(build).clone()
}

/// Starts the plugin with these variables and nothing else.
fn start(variables: &[(&str, &str)]) -> Output {
    Command::new(plugin()).env_clear().envs(variables.iter().copied()).output().unwrap()
}

/// The exit code and the last line on standard error.
fn ending(output: &Output) -> (i32, String) {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap(), stderr.lines().last().unwrap_or_default().to_owned())
}

#[test]
fn a_plugin_that_was_not_started_as_one_says_how_to_start_it() {
    let (code, line) = ending(&start(&[]));
    assert_eq!(code, 64, "{line}");
    assert!(line.contains("OXG_BROKER") && line.contains("oxg run"), "{line}");
}

#[test]
fn a_broker_that_is_not_there_is_named_with_exit_code_69() {
    let workspace = tempfile::tempdir().unwrap();
    let (code, line) = ending(&start(&[
        ("OXG_BROKER", "unix:/nowhere/broker.sock"),
        ("OXG_TOKEN", "some-token-or-other"),
        ("OXG_WORKSPACE", workspace.path().to_str().unwrap()),
    ]));
    assert_eq!(code, 69, "{line}");
    assert!(line.contains("unix:/nowhere/broker.sock"), "{line}");
    let log = std::fs::read_to_string(workspace.path().join("run.log")).unwrap();
    assert!(!log.contains("some-token-or-other"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_exit_code_77_and_is_not_shown() {
    let directory = tempfile::tempdir().unwrap();
    let broker = Broker::builder().build().unwrap();
    let listener = broker.listen_unix(directory.path().join("broker.sock")).unwrap();
    let endpoint = listener.endpoint().to_string();
    let workspace = directory.path().to_str().unwrap().to_owned();
    let output = tokio::task::spawn_blocking(move || {
        start(&[
            ("OXG_BROKER", &endpoint),
            ("OXG_TOKEN", "not-the-token-at-all"),
            ("OXG_WORKSPACE", &workspace),
        ])
    });
    let (code, line) = ending(&output.await.unwrap());
    assert_eq!(code, 77, "{line}");
    assert!(line.contains("token") && !line.contains("not-the-token-at-all"), "{line}");
    broker.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_is_asked_to_stop_exits_with_0() {
    let directory = tempfile::tempdir().unwrap();
    let manifest = Manifest::read(example().join("manifest.json")).unwrap();
    let broker = Broker::builder().build().unwrap();
    let session = broker.session(manifest).open().unwrap();
    let listener = broker.listen_unix(directory.path().join("broker.sock")).unwrap();
    let program = tokio::task::spawn_blocking(plugin).await.unwrap();
    let mut process = Launch::new(
        program,
        directory.path(),
        listener.endpoint().clone(),
        session.token().clone(),
        directory.path().join("token"),
        broker.redactor().clone(),
    )
    .spawn()
    .unwrap();

    let mut lines = process.take_output();
    while !lines.recv().await.unwrap().contains("run started") {}
    let status = process.stop(Duration::from_secs(30)).await.unwrap();
    assert_eq!(status.code(), Some(0));
    broker.shutdown().await;
}

#[test]
fn levels_that_cannot_be_read_are_told_and_do_not_keep_the_plugin_from_running() {
    let workspace = tempfile::tempdir().unwrap();
    let output = start(&[
        ("OXG_BROKER", "unix:/nowhere/broker.sock"),
        ("OXG_TOKEN", "some-token-or-other"),
        ("OXG_WORKSPACE", workspace.path().to_str().unwrap()),
        ("OXG_LOG", "inof"),
    ]);
    assert_eq!(ending(&output).0, 69);
    let log = std::fs::read_to_string(workspace.path().join("run.log")).unwrap();
    let told = log.lines().next().unwrap();
    assert!(told.contains("OXG_LOG") && told.contains("target=level"), "{told}");
}
