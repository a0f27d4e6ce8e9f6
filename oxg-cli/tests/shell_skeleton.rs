//! The guide's skeleton, as it is in `examples/`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn run(task: &str, keep: &Path) -> (Output, Value) {
    run_with(&[], task, keep)
}

fn run_with(arguments: &[&str], task: &str, keep: &Path) -> (Output, Value) {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/shell-skeleton");
    let output = Command::new(env!("CARGO_BIN_EXE_oxg"))
        .arg("run")
        .arg(example)
        .args(["--task", task, "--format", "json", "--keep"])
        .arg(keep)
        .args(arguments)
        .output()
        .unwrap();
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    (output, report)
}

#[test]
fn the_skeleton_pulls_a_task_reports_findings_keeps_an_artifact_and_completes() {
    let keep = tempfile::tempdir().unwrap();
    let task = r#"{"url": "https://shop.test/",
        "set_cookie": ["sid=1; Path=/; HttpOnly", "theme=dark; Secure; HttpOnly; SameSite=Lax"]}"#;
    let (output, report) = run(task, keep.path());
    assert_eq!(output.status.code(), Some(0), "{report:#}");
    assert_eq!(report["tasks"][0]["state"], "completed");
    let found: Vec<_> =
        report["findings"].as_array().unwrap().iter().map(|found| &found["type"]).collect();
    assert_eq!(found, ["web.cookie.secure", "web.cookie.samesite"]);
    assert_eq!(report["findings"][0]["meta"]["cookie"], "sid");
    assert_eq!(report["artifacts"][0]["name"], "cookies.json");
    let log = std::fs::read_to_string(keep.path().join("workspace/run.log")).unwrap();
    assert!(log.contains("\tstarting example plugin\n"), "{log}");
    assert!(!keep.path().join("workspace/task.json.lease").exists());
}

#[test]
fn a_task_that_the_skeleton_cannot_read_fails_with_the_reason() {
    let keep = tempfile::tempdir().unwrap();
    let (output, report) = run(r#"{"url": "https://shop.test/"}"#, keep.path());
    assert_eq!(output.status.code(), Some(1), "{report:#}");
    assert_eq!(report["tasks"][0]["state"], "failed");
    assert!(report["tasks"][0]["reason"].as_str().unwrap().contains("set_cookie"));
}

#[cfg(feature = "object-store")]
#[test]
fn the_report_says_in_which_store_the_artifacts_are() {
    let keep = tempfile::tempdir().unwrap();
    let task = r#"{"url": "https://shop.test/", "set_cookie": ["sid=1"]}"#;
    let (output, report) = run_with(&["--artifacts", "memory://"], task, keep.path());
    assert_eq!(output.status.code(), Some(0), "{report:#}");
    assert_eq!(report["artifacts"][0]["name"], "cookies.json");
    assert_eq!(report["files"]["artifacts"], "memory://");
    assert!(!keep.path().join("artifacts").exists());
}
