//! `oxg manifest config-schema`, and settings against the schema before a run.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

const MANIFEST: &str = r#"{
  "name": "sample", "version": "0.1.0",
  "entry": "./sample.sh",
  "capabilities": {},
  "config": {"depth":   "deep"}
}
"#;

/// A plugin whose program is a script.
fn plugin(script: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("manifest.json"), MANIFEST).unwrap();
    let program = folder.path().join("sample.sh");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

fn oxg(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oxg"));
    command.args(arguments).stdin(Stdio::null()).output().unwrap()
}

fn config_schema(folder: &TempDir, arguments: &[&str]) -> Output {
    let folder = folder.path();
    let command = ["manifest", "config-schema", "--manifest", folder.to_str().unwrap()];
    let program = folder.join("sample.sh");
    oxg(&[&command, arguments, &["--", program.to_str().unwrap(), "an argument"]].concat())
}

fn exit(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

const SCHEMA: &str = r#"[ "$OXG_DESCRIBE" = config-schema ] && [ "$1" = "an argument" ] &&
    echo '{"properties":{"depth":{"type":"integer"}}}'"#;

#[test]
fn a_schema_is_printed_written_checked_and_holds_before_a_run() {
    let folder = plugin(SCHEMA);
    let manifest = folder.path().join("manifest.json");
    let output = config_schema(&folder, &[]);
    assert_eq!(exit(&output), 0, "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains(r#""type": "integer""#), "{}", text(&output.stdout));
    assert_eq!(exit(&config_schema(&folder, &["--check"])), 1);
    assert_eq!(fs::read_to_string(&manifest).unwrap(), MANIFEST);

    assert_eq!(exit(&config_schema(&folder, &["--write"])), 0);
    let written = fs::read_to_string(&manifest).unwrap();
    let kept = MANIFEST.strip_suffix("\n}\n").unwrap();
    assert!(written.starts_with(&format!("{kept},\n  \"configSchema\": {{\n")), "{written}");
    assert_eq!(exit(&config_schema(&folder, &["--check"])), 0);
    assert_eq!(exit(&config_schema(&folder, &["--write"])), 0);
    assert_eq!(fs::read_to_string(&manifest).unwrap(), written);

    let folder = folder.path().to_str().unwrap();
    let output = oxg(&["run", folder, "--task", "{}"]);
    assert_eq!(exit(&output), 2);
    let stderr = text(&output.stderr);
    assert!(stderr.contains(r#"config.depth: "deep" is not of type "integer""#), "{stderr}");
}

#[test]
fn a_program_that_does_not_answer_as_it_should_is_explained() {
    for (script, code, expected) in [
        ("echo null", 1, "derive JsonSchema"),
        ("echo 3", 2, "not a JSON Schema"),
        ("echo hello", 2, "not a JSON Schema"),
        ("exit 64", 2, "without the feature `schema`"),
        ("exit 9", 2, "exit status: 9"),
        ("exec yes", 2, "more than 1048576 bytes"),
        ("exec sleep 600", 2, "did not answer in 1 s"),
    ] {
        let folder = plugin(script);
        let limit = if script.contains("sleep") { "1" } else { "60" };
        let output = config_schema(&folder, &["--timeout", limit]);
        let stderr = text(&output.stderr);
        assert_eq!(exit(&output), code, "{script}: {stderr}");
        assert!(stderr.contains(expected), "{script}: {stderr}");
    }
    let folder = plugin("");
    let manifest = folder.path().join("manifest.json");
    let command = ["manifest", "config-schema", "--manifest", manifest.to_str().unwrap()];
    let output = oxg(&[&command[..], &["--", "/nowhere/plugin"]].concat());
    assert_eq!(exit(&output), 2);
    assert!(text(&output.stderr).contains("cannot start /nowhere/plugin"));
}

#[test]
fn the_example_plugin_has_its_schema_in_its_manifest() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/header-audit");
    let example = example.to_str().unwrap();
    let output = oxg(&["manifest", "config-schema", "--check", "--manifest", example]);
    assert_eq!(exit(&output), 0, "{}", text(&output.stderr));
}
