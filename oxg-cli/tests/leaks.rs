//! A plugin that tries to leak on every way, as a process under `oxg run`: no byte that leaves holds
//! a secret, in any form.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use oxg_redact::Redactor;
use serde_json::Value;

/// Full of characters that JSON, Rust, HTML, a URL or a shell escapes.
const ODD: &str = r#"c4nary "q" \ <é&> %7Q/z+=?"#;
/// Can stand in the name of a host or of an artifact.
const PLAIN: &str = "canary-7f3a9c2e51b8d064";

/// Each way, and whether its task is completed.
const WAYS: [(&str, bool); 19] = [
    ("message", true),
    ("field", true),
    ("debug", true),
    ("span", true),
    ("error chain", true),
    ("log crate", true),
    ("headers", true),
    ("print", true),
    ("progress", true),
    ("finding", true),
    ("output", true),
    ("artifact", false),
    ("userinfo", false),
    ("denied", false),
    ("panic", false),
    ("panic in a task", false),
    ("panic in a thread", true),
    ("failure", false),
    ("error", false),
];

/// Each file below `directory`, with its content.
fn files(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn no_byte_that_leaves_a_plugin_holds_a_secret_in_any_form() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/leaky");
    let directory = tempfile::tempdir().unwrap();
    let keep = directory.path().join("kept");
    let odd = directory.path().join("odd");
    std::fs::write(&odd, ODD).unwrap();
    let tasks: Vec<_> = WAYS.iter().map(|(way, _)| serde_json::json!({ "way": way })).collect();
    let output = Command::new(env!("CARGO_BIN_EXE_oxg"))
        .args(["run", "--format", "json", "--log", "trace", "--task"])
        .arg(Value::from(tasks).to_string())
        .arg("--secret")
        .arg(format!("odd=@{}", odd.display()))
        .arg("--secret")
        .arg(format!("plain={PLAIN}"))
        .arg("--keep")
        .arg(&keep)
        .arg(&folder)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {stderr}");
    });

    // Each way was gone, to its end.
    let tasks = report["tasks"].as_array().unwrap();
    assert_eq!(tasks.len(), WAYS.len());
    for (way, completed) in WAYS {
        let task = tasks.iter().find(|task| task["input"]["way"] == way).unwrap();
        let state = if completed { "completed" } else { "failed" };
        assert_eq!(task["state"], state, "{way}: {task}");
    }
    let mut streams = files(&keep);
    let text = |path: &str| String::from_utf8(streams[&keep.join(path)].clone()).unwrap();
    for (path, least) in [
        ("workspace/run.log", 40),
        ("workspace/traces.jsonl", 1),
        ("logs.jsonl", 40),
        ("findings.jsonl", 4),
        ("audit.jsonl", 2),
    ] {
        let markers = text(path).matches("[REDACTED_SECRET]").count();
        assert!(markers >= least, "{path} has {markers} markers:\n{}", text(path));
    }
    assert!(stderr.matches("[REDACTED_SECRET]").count() > 40, "{stderr}");

    // And nothing leaked.
    let redactor = Redactor::default();
    for value in [ODD, PLAIN] {
        redactor.register(value).unwrap();
    }
    streams.insert("stdout".into(), output.stdout);
    streams.insert("stderr".into(), output.stderr);
    for (path, bytes) in &streams {
        let text = String::from_utf8_lossy(bytes);
        for known in [ODD, PLAIN, "c4nary", "7f3a9c2e51b8d064", "hunter2", "abcdef0123456789"] {
            let line = text.lines().find(|line| line.contains(known));
            assert_eq!(line, None, "{known} in {}", path.display());
        }
        let line = text.lines().find(|line| redactor.contains_known(line.as_bytes()));
        assert_eq!(line, None, "in {}", path.display());
        assert!(!redactor.contains_known(bytes), "{}", path.display());
        assert!(!redactor.contains_known(path.to_string_lossy().as_bytes()));
    }
}

#[test]
fn an_error_of_the_command_does_not_repeat_a_secret() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/leaky");
    let output = Command::new(env!("CARGO_BIN_EXE_oxg"))
        .args(["run", "--task", "{}", "--program"])
        .arg(format!("/nowhere/{PLAIN}"))
        .arg("--secret")
        .arg(format!("plain={PLAIN}"))
        .arg(&folder)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("/nowhere/[REDACTED_SECRET]") && !stderr.contains(PLAIN), "{stderr}");
}
