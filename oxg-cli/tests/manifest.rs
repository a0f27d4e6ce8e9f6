//! `oxg manifest …` as a person types it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const VALID: &str = r#"{
  "name": "sample",
  "version": "0.1.0",
  "entry": "./sample.sh",
  "capabilities": {
    "http": { "outbound": ["broker"], "hosts": ["shop.test"] }
  },
  "sandbox": {
    "mounts": ["workspace"],
    "network": "isolated",
    "limits": { "cpu_seconds": 60 }
  }
}
"#;

const HOST: &str = r#"{
  "name": "sample",
  "version": "0.1.0",
  "entry": "main.go",
  "artifact": "main.go",
  "capabilities": ["CAP_EMIT_FINDINGS", "CAP_HTTP_ACTIVE"],
  "signature": {
    "signature": "main.go.sig",
    "publicKey": "key.pub"
  }
}
"#;

fn oxg(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oxg"));
    command.arg("manifest").args(arguments).stdin(Stdio::null()).output().unwrap()
}

fn oxg_reading(arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oxg"));
    command.arg("manifest").args(arguments).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn exit(output: &Output) -> i32 {
    output.status.code().unwrap()
}

/// A folder with files.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

fn path(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).to_str().unwrap().to_owned()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_valid_manifest_a_folder_and_standard_input_exit_with_0() {
    let folder = folder(&[("manifest.json", VALID.as_bytes())]);
    for argument in [path(&folder, "manifest.json"), path(&folder, "")] {
        let output = oxg(&["validate", &argument]);
        assert_eq!(exit(&output), 0, "{}", stdout(&output));
        assert!(stdout(&output).ends_with(": valid\n"), "{}", stdout(&output));
    }
    let output = oxg_reading(&["validate", "-"], VALID);
    assert_eq!((exit(&output), stdout(&output).as_str()), (0, "standard input: valid\n"));
}

#[test]
fn an_invalid_manifest_shows_each_mistake_with_its_place_and_exits_with_1() {
    let text = VALID.replace("\"http\"", "\"htpp\"").replace("0.1.0", "0.1");
    let folder = folder(&[("manifest.json", text.as_bytes())]);
    let output = oxg(&["validate", &path(&folder, "manifest.json")]);
    assert_eq!(exit(&output), 1);
    let shown = stdout(&output);
    for expected in [
        "manifest.json:3:14",
        "manifest.json:6:5",
        "^^^^^^",
        "did you mean \"http\"?",
        "invalid (2 errors)",
    ] {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    assert!(!shown.contains('\u{1b}'), "no colours in a pipe");
}

#[test]
fn every_file_is_told_of_and_the_gravest_decides() {
    let folder = folder(&[
        ("good.json", VALID.as_bytes()),
        ("empty.json", b""),
        ("junk.json", b"\x00\xFF\xFE\x1b[2J"),
    ]);
    let names = ["good.json", "empty.json", "junk.json"].map(|name| path(&folder, name));
    let mut arguments = vec!["validate", "--format", "json"];
    arguments.extend(names.iter().map(String::as_str));
    let output = oxg(&arguments);
    assert_eq!(exit(&output), 1);
    let report = json(&output);
    let valid: Vec<_> =
        report["files"].as_array().unwrap().iter().map(|file| &file["valid"]).collect();
    assert_eq!(valid, [true, false, false]);

    let missing = path(&folder, "none.json");
    arguments.push(&missing);
    let output = oxg(&arguments);
    assert_eq!(exit(&output), 2);
    assert_eq!(json(&output)["files"][3]["unreadable"], "there is no such file");
}

#[test]
fn what_cannot_be_read_exits_with_2_and_says_why() {
    let folder = folder(&[("secret.json", VALID.as_bytes())]);
    let secret = folder.path().join("secret.json");
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o000)).unwrap();
    // Root may read everything.
    if std::fs::read(&secret).is_err() {
        let output = oxg(&["validate", secret.to_str().unwrap()]);
        assert_eq!(exit(&output), 2);
        assert!(stdout(&output).contains("permission to read it is denied"), "{}", stdout(&output));
    }
    for (argument, expected) in [
        (path(&folder, ""), "there is no such file"),
        ("/dev/zero".to_owned(), "not a regular file"),
    ] {
        let output = oxg(&["validate", &argument]);
        assert_eq!(exit(&output), 2, "{argument}");
        assert!(stdout(&output).contains(expected), "{}", stdout(&output));
        let output = oxg(&["explain", &argument]);
        assert_eq!(exit(&output), 2, "{argument}");
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    }
    assert_eq!(exit(&oxg(&["validate"])), 2);
    assert_eq!(exit(&oxg(&["validate", "--allow", "nothing", "x"])), 2);
}

#[test]
fn two_mebibytes_are_refused_and_a_link_is_followed() {
    let large = format!("{}{}", VALID, " ".repeat(2 * 1024 * 1024));
    let folder = folder(&[("large.json", large.as_bytes()), ("manifest.json", VALID.as_bytes())]);
    let output = oxg(&["validate", &path(&folder, "large.json")]);
    assert_eq!(exit(&output), 1);
    assert!(stdout(&output).contains("error[too-large]"), "{}", stdout(&output));
    let link = folder.path().join("link.json");
    std::os::unix::fs::symlink(folder.path().join("manifest.json"), &link).unwrap();
    assert_eq!(exit(&oxg(&["validate", link.to_str().unwrap()])), 0);
}

#[test]
fn warnings_are_told_allowed_and_denied() {
    let text = VALID.replace("shop.test", "*");
    let folder = folder(&[("manifest.json", text.as_bytes())]);
    let file = path(&folder, "manifest.json");
    let output = oxg(&["validate", &file]);
    assert_eq!(exit(&output), 0);
    assert!(stdout(&output).contains("warning[any-host]"), "{}", stdout(&output));
    let output = oxg(&["validate", "--deny-warnings", &file]);
    assert_eq!(exit(&output), 1);
    let output = oxg(&["validate", "--deny-warnings", "--allow", "any-host", &file]);
    assert_eq!(exit(&output), 0, "{}", stdout(&output));
}

#[test]
fn sarif_and_github_are_documents_of_their_kind() {
    let text = VALID.replace("\"http\"", "\"htpp\"");
    let folder = folder(&[("manifest.json", text.as_bytes())]);
    let file = path(&folder, "manifest.json");
    let sarif = json(&oxg(&["validate", "--format", "sarif", &file]));
    assert_eq!(sarif["version"], "2.1.0");
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "unknown-field");
    let github = stdout(&oxg(&["validate", "--format", "github", &file]));
    assert!(github.starts_with("::error file=") && github.contains("line=6,col=5"), "{github}");
}

#[test]
fn both_schemas_are_printed() {
    for (arguments, dialect) in [
        (&["schema"][..], "http://json-schema.org/draft-07/schema#"),
        (&["schema", "--draft", "2020-12"], "https://json-schema.org/draft/2020-12/schema"),
    ] {
        let output = oxg(arguments);
        assert_eq!((exit(&output), &json(&output)["$schema"]), (0, &Value::from(dialect)));
    }
}

#[test]
fn explain_speaks_of_what_the_plugin_may_do() {
    let output = oxg_reading(&["explain", "-"], VALID);
    assert_eq!(exit(&output), 0);
    let text = stdout(&output);
    assert!(
        text.starts_with("sample 0.1.0\n") && text.contains("through the broker, to shop.test."),
        "{text}"
    );
    assert_eq!(exit(&oxg_reading(&["explain", "-"], "{}")), 1);
}

#[test]
fn explain_as_host_tells_what_the_host_makes_of_the_same_bytes() {
    let text = HOST.replace("\"name\": \"sample\"", "\"name\": \"sample\", \"NAME\": \"other\"");
    let output = oxg_reading(&["explain", "--as-host", "-"], &text);
    assert_eq!(exit(&output), 0);
    let shown = stdout(&output);
    assert!(shown.starts_with("The host accepts this file.\noxg refuses it"), "{shown}");
    assert!(shown.contains("host-folds-key") && shown.contains("\"other\""), "{shown}");
    assert_eq!(exit(&oxg_reading(&["explain", "--as-host", "-"], VALID)), 1);
}

#[test]
fn diff_exits_with_1_only_when_more_is_asked_for() {
    let wider = VALID.replace("[\"shop.test\"]", "[\"shop.test\", \"cdn.test\"]");
    let folder = folder(&[
        ("old.json", VALID.as_bytes()),
        ("new.json", wider.as_bytes()),
        ("bad.json", b"{}"),
    ]);
    let (old, new, bad) =
        (path(&folder, "old.json"), path(&folder, "new.json"), path(&folder, "bad.json"));
    let output = oxg(&["diff", &old, &new]);
    assert_eq!(exit(&output), 1);
    assert!(stdout(&output).contains("+ may now reach cdn.test"), "{}", stdout(&output));
    let output = oxg(&["diff", &new, &old, "--format", "json"]);
    assert_eq!((exit(&output), &json(&output)["asksForMore"]), (0, &Value::Bool(false)));
    let output = oxg(&["diff", &old, &new, "--format", "sarif"]);
    let result = &json(&output)["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "asks-for-more");
    assert_eq!(result["locations"][0]["physicalLocation"]["region"]["startLine"], 6);
    let output = oxg(&["diff", &old, &bad]);
    assert_eq!(exit(&output), 1);
    assert!(stderr(&output).contains("error[missing-field]"), "{}", stderr(&output));
    assert_eq!(exit(&oxg(&["diff", &old, &path(&folder, "none.json")])), 2);
}

#[test]
fn fmt_writes_a_file_once_keeps_its_permissions_and_spares_an_invalid_one() {
    let crowded = VALID.replace("\n", " ");
    let folder = folder(&[("manifest.json", crowded.as_bytes()), ("bad.json", b"{ \"a\": 1, }")]);
    let file = folder.path().join("manifest.json");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let name = file.to_str().unwrap();
    let output = oxg(&["fmt", "--check", name]);
    assert_eq!((exit(&output), stdout(&output)), (1, format!("{name}\n")));
    assert_eq!(exit(&oxg(&["fmt", name])), 0);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), VALID);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(exit(&oxg(&["fmt", "--check", name])), 0);
    let bad = path(&folder, "bad.json");
    assert_eq!(exit(&oxg(&["fmt", &bad])), 1);
    assert_eq!(std::fs::read(bad).unwrap(), b"{ \"a\": 1, }");
    let output = oxg_reading(&["fmt", "-"], &crowded);
    assert_eq!((exit(&output), stdout(&output).as_str()), (0, VALID));
}

#[test]
fn fmt_writes_through_a_link() {
    let folder = folder(&[("real.json", VALID.replace("\n", " ").as_bytes())]);
    let link: PathBuf = folder.path().join("manifest.json");
    std::os::unix::fs::symlink(Path::new("real.json"), &link).unwrap();
    assert_eq!(exit(&oxg(&["fmt", folder.path().to_str().unwrap()])), 0);
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(std::fs::read_to_string(folder.path().join("real.json")).unwrap(), VALID);
}

#[test]
fn convert_names_what_is_lost_and_does_nothing_unless_it_may() {
    let files = ["--artifact", "main.go", "--signature", "main.go.sig", "--public-key", "key.pub"];
    let convert = |more: &[&str]| {
        let mut arguments = vec!["convert", "-", "--to", "host"];
        arguments.extend(more);
        oxg_reading(&arguments, VALID)
    };
    let output = convert(&files);
    assert_eq!((exit(&output), stdout(&output).as_str()), (1, ""));
    assert!(stderr(&output).contains("lost: capabilities.http.hosts: "), "{}", stderr(&output));
    let output = convert(&[&["--lossy"], &files[..]].concat());
    assert_eq!((exit(&output), stdout(&output)), (0, HOST.replacen("main.go", "./sample.sh", 1)));
    let output = convert(&["--lossy"]);
    assert_eq!(exit(&output), 1);
    assert!(stderr(&output).contains("--artifact"), "{}", stderr(&output));
    let output = oxg_reading(&["convert", "-", "--to", "guide"], HOST);
    assert_eq!(exit(&output), 0, "{}", stderr(&output));
    assert!(
        stdout(&output).contains("\"http\": { \"outbound\": [\"broker\"] }"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn hostile_names_and_content_do_not_reach_the_terminal() {
    let folder = folder(&[("\u{1b}[2J.json", b"{ \"\x1b[2J\": 1 }")]);
    let file = path(&folder, "\u{1b}[2J.json");
    for arguments in [
        vec!["validate", &file],
        vec!["explain", &file],
        vec!["fmt", &file],
        vec!["explain", "--as-host", &file],
    ] {
        let output = oxg(&arguments);
        assert!(exit(&output) > 0);
        assert!(
            !stdout(&output).contains('\u{1b}') && !stderr(&output).contains('\u{1b}'),
            "{arguments:?}"
        );
    }
}

#[test]
fn help_lists_the_exit_codes() {
    for command in ["validate", "explain", "diff", "fmt", "convert"] {
        assert!(stdout(&oxg(&[command, "--help"])).contains("Exit codes:"), "{command}");
    }
}
