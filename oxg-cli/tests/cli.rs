//! The command as a person types it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

const MANIFEST: &str = r#"{
  "name": "sample", "version": "0.1.0", "entry": "./sample.sh",
  "capabilities": { "http": { "outbound": ["broker"] } }
}"#;

fn oxg(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_oxg")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn exit(output: &Output) -> i32 {
    output.status.code().unwrap()
}

/// A folder with a manifest and a shell script as its entry.
fn plugin(manifest: &str, script: &str) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("manifest.json"), manifest).unwrap();
    let entry = directory.path().join("sample.sh");
    std::fs::write(&entry, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&entry, std::fs::Permissions::from_mode(0o755)).unwrap();
    directory
}

/// Runs the folder on one task and keeps the files in it.
fn run(directory: &Path, more: &[&str]) -> (Output, PathBuf) {
    let keep = directory.join("kept");
    let mut arguments = vec!["run", directory.to_str().unwrap(), "--task", "{}", "--keep"];
    arguments.push(keep.to_str().unwrap());
    arguments.extend(more);
    (oxg(&arguments), keep)
}

#[test]
fn the_demo_shows_findings_and_one_denial_and_leaks_nothing() {
    let keep = tempfile::tempdir().unwrap();
    let output = oxg(&["demo", "--format", "json", "--keep", keep.path().to_str().unwrap()]);
    assert_eq!(exit(&output), 0, "{}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["ending"]["how"], "stopped");
    let states: Vec<_> = report["tasks"].as_array().unwrap().iter().map(|t| &t["state"]).collect();
    assert_eq!(states, ["completed", "completed", "failed"]);
    let denial = &report["tasks"][2]["denial"];
    assert_eq!(denial["capability"], "http");
    assert_eq!(denial["destination"], "https://billing.example:443");
    assert_eq!(denial["manifest_hint"], r#""hosts": ["shop.test", "billing.example"]"#);
    assert_eq!(report["artifacts"].as_array().unwrap().len(), 2);
    assert!(report["findings"].as_array().unwrap().len() >= 4);
    for file in ["findings", "audit", "run_log"] {
        let path = report["files"][file].as_str().unwrap();
        let content = std::fs::read_to_string(path).unwrap();
        assert!(!content.is_empty() && !content.contains("demo-token"), "{file}");
    }
}

#[test]
fn a_manifest_that_cannot_be_used_is_explained_in_one_line_with_exit_code_2() {
    for (manifest, expected) in [
        ("", "manifest.json:1:1"),
        ("{ \"name\": }", "manifest.json:1:11"),
        (&MANIFEST.replace("\"http\"", "\"htpp\""), "did you mean \"http\""),
        (
            &MANIFEST.replace("\"version\"", "\"colour\": 1, \"version\""),
            "unknown field \"colour\"",
        ),
        (&MANIFEST.replace("{\n", "{\n  \"name\": \"twice\",\n"), "\"name\""),
    ] {
        let directory = plugin(manifest, "exit 0");
        let (output, keep) = run(directory.path(), &[]);
        let stderr = text(&output.stderr);
        assert_eq!(exit(&output), 2, "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(stderr.starts_with("error: ") && stderr.contains(expected), "{expected}: {stderr}");
        assert!(!keep.exists());
    }
    let empty = tempfile::tempdir().unwrap();
    let (output, _) = run(empty.path(), &[]);
    assert_eq!(exit(&output), 2);
    assert!(text(&output.stderr).contains("manifest.json"));
}

#[test]
fn wrong_tasks_and_secrets_are_explained_with_exit_code_2() {
    let directory = plugin(MANIFEST, "exit 0");
    let path = directory.path().to_str().unwrap();
    for (arguments, expected) in [
        (vec!["--task", "{"], "--task: not JSON"),
        (vec!["--task", "missing.json"], "--task: cannot read missing.json"),
        (vec!["--task", "{}", "--secret", "hunter2-hunter2"], "expected NAME=VALUE or NAME=@FILE"),
        (vec!["--task", "{}", "--config", "[]"], "--config: settings are a JSON object"),
        (vec!["--task", "{}", "--allow-loopback", "0"], "0 is not in 1..=65535"),
        (vec![], "--task <FILE|JSON>"),
    ] {
        let output = oxg(&[&["run", path], arguments.as_slice()].concat());
        let stderr = text(&output.stderr);
        assert_eq!(exit(&output), 2, "{stderr}");
        assert!(stderr.contains(expected), "{expected}: {stderr}");
        assert!(!stderr.contains("hunter2"), "{stderr}");
    }
}

#[test]
fn a_plugin_that_cannot_be_started_is_exit_code_3() {
    let directory = plugin(&MANIFEST.replace("sample.sh", "missing.sh"), "");
    let (output, _) = run(directory.path(), &[]);
    assert_eq!(exit(&output), 3);
    assert!(text(&output.stderr).contains("missing.sh"), "{}", text(&output.stderr));

    let directory = plugin(MANIFEST, "");
    std::fs::set_permissions(
        directory.path().join("sample.sh"),
        std::fs::Permissions::from_mode(0o644),
    )
    .unwrap();
    let (output, _) = run(directory.path(), &[]);
    assert_eq!(exit(&output), 3);
    assert!(text(&output.stderr).contains("executable"), "{}", text(&output.stderr));
}

#[test]
fn how_a_plugin_failed_is_said_in_one_sentence_with_exit_code_4() {
    for (script, how, expected) in [
        (
            "echo broken >&2; exit 9",
            "exited",
            "the plugin exited with code 9; its last words: broken",
        ),
        ("exit 0", "left_early", "the plugin exited before its tasks were settled"),
        ("kill -KILL $$", "killed", "the plugin was killed by signal 9"),
    ] {
        let directory = plugin(MANIFEST, script);
        let (output, keep) = run(directory.path(), &[]);
        assert_eq!(exit(&output), 4, "{}", text(&output.stderr));
        assert!(text(&output.stdout).contains(expected), "{}", text(&output.stdout));
        assert!(keep.join("audit.jsonl").exists());

        let (output, _) = run(directory.path(), &["--format", "json"]);
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!((&report["ending"]["how"], &report["exit_code"]), (&how.into(), &4.into()));
    }
}

#[test]
fn a_plugin_that_hangs_is_stopped_with_all_that_it_started() {
    let directory = plugin(MANIFEST, "sleep 600 & echo $! > \"$OXG_WORKSPACE/child\"; wait");
    let (output, keep) = run(directory.path(), &["--timeout", "1"]);
    assert_eq!(exit(&output), 4);
    assert!(text(&output.stdout).contains("did not finish in 1 s"), "{}", text(&output.stdout));
    let child = std::fs::read_to_string(keep.join("workspace/child")).unwrap();
    assert!(!is_running(child.trim()), "the plugin's child lives on");
}

/// Whether a process is there and not just waiting to be reaped.
fn is_running(id: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    !status.is_empty() && !status.contains("State:\tZ")
}

#[test]
fn the_plugin_sees_nothing_of_the_environment() {
    let directory = plugin(MANIFEST, "");
    let output = Command::new(env!("CARGO_BIN_EXE_oxg"))
        .args(["run", directory.path().to_str().unwrap(), "--task", "{}"])
        .args(["--program", "/usr/bin/env", "--keep"])
        .arg(directory.path().join("kept"))
        .env("AWS_SECRET_ACCESS_KEY", "of-the-operator")
        .output()
        .unwrap();
    let stderr = text(&output.stderr);
    let printed = stderr.lines().filter_map(|line| line.split_once("│  ")?.1.split_once('='));
    let mut names: Vec<_> = printed.map(|(name, _)| name).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["0XGEN_WORKSPACE", "OXG_BROKER", "OXG_TOKEN_FILE", "OXG_WORKSPACE"],
        "{stderr}"
    );
}

#[test]
fn what_was_found_before_a_plugin_is_stopped_is_kept() {
    // The first page is answered; the second one never is.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let site = thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming().take(2) {
            let mut stream = stream.unwrap();
            let mut head = [0; 4096];
            let read = stream.read(&mut head).unwrap();
            if text(&head[..read]).starts_with("GET /first ") {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").unwrap();
            }
            open.push(stream);
        }
        // Holds the connection until the plugin's side is gone.
        for mut stream in open {
            let _ = stream.read_to_end(&mut Vec::new());
        }
    });
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/header-audit");
    let keep = tempfile::tempdir().unwrap();
    let url = |page: &str| format!(r#"{{ "url": "http://127.0.0.1:{port}/{page}" }}"#);
    let output = oxg(&[
        "run",
        example.to_str().unwrap(),
        "--task",
        &url("first"),
        "--task",
        &url("second"),
        "--secret",
        "api-token=correct-horse-battery",
        "--allow-loopback",
        &port.to_string(),
        "--timeout",
        "3",
        "--keep",
        keep.path().to_str().unwrap(),
    ]);
    site.join().unwrap();
    assert_eq!(exit(&output), 4, "{}", text(&output.stderr));
    let findings = std::fs::read_to_string(keep.path().join("findings.jsonl")).unwrap();
    assert!(findings.contains("/first"), "{findings}");
    let log = std::fs::read_to_string(keep.path().join("workspace/run.log")).unwrap();
    assert!(log.contains("/first"), "{log}");
}

#[test]
fn help_teaches_by_example_and_lists_the_exit_codes() {
    let help = text(&oxg(&["run", "--help"]).stdout);
    for expected in
        ["oxg run . --task", "--allow-loopback 8080", "Exit codes:", "4  the plugin failed"]
    {
        assert!(help.contains(expected), "{expected}");
    }
}

#[test]
fn redact_copies_standard_input_without_its_secrets() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_oxg"))
        .arg("redact")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"all is well\npassword=hunter22 x").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(exit(&output), 0);
    assert_eq!(text(&output.stdout), "all is well\npassword=[REDACTED_SECRET] x");
}

#[cfg(feature = "object-store")]
#[test]
fn a_place_for_artifacts_that_cannot_be_meant_is_exit_code_2() {
    let folder = plugin(MANIFEST, "exit 9");
    let (output, _) = run(folder.path(), &["--artifacts", "s3:/bucket"]);
    assert_eq!(exit(&output), 2);
    assert!(text(&output.stderr).contains("s3://BUCKET/PREFIX"), "{}", text(&output.stderr));
    let (output, _) = run(folder.path(), &["--artifacts", "memory://"]);
    assert_ne!(exit(&output), 2, "{}", text(&output.stderr));
}
