//! `oxg manifest verify` and `oxg manifest sign` as a person types them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const MANIFEST: &str = r#"{
  "name": "sample",
  "version": "0.1.0",
  "entry": "main.go",
  "artifact": "main.go",
  "capabilities": ["CAP_EMIT_FINDINGS"],
  "signature": {
    "signature": "main.go.sig",
    "publicKey": "../keys/sample.pub"
  }
}
"#;

const TESTDATA: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../oxg-manifest/src/signature/testdata");

/// A repository whose plugin in `sample` is not signed yet.
fn repository() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("go.mod", "module sample\n");
    write("sample/manifest.json", MANIFEST);
    write("sample/main.go", "package main\n");
    write("keys/sample.pub", &fs::read_to_string(testdata("p256.pub")).unwrap());
    root
}

fn testdata(name: &str) -> PathBuf {
    Path::new(TESTDATA).join(name)
}

fn oxg(command: &str, root: &TempDir, arguments: &[&str]) -> Output {
    let plugin = root.path().join("sample");
    Command::new(env!("CARGO_BIN_EXE_oxg"))
        .args(["manifest", command, plugin.to_str().unwrap()])
        .args(arguments)
        .env("SAMPLE_PASSPHRASE", "correct-horse")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn sign(root: &TempDir, arguments: &[&str]) -> Output {
    let key = testdata("p256.key");
    oxg("sign", root, &[&["--key", key.to_str().unwrap()], arguments].concat())
}

fn exit(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn what_is_signed_is_verified_until_it_is_changed() {
    let root = repository();
    assert_eq!(exit(&oxg("verify", &root, &[])), 2);

    let signed = sign(&root, &[]);
    assert_eq!(exit(&signed), 0, "{}", stderr(&signed));
    let signature = root.path().join("sample/main.go.sig");
    assert_eq!(fs::metadata(&signature).unwrap().permissions().mode() & 0o133, 0);
    let verified = oxg("verify", &root, &[]);
    assert_eq!(exit(&verified), 0, "{}", stderr(&verified));
    let text = stdout(&verified);
    for expected in ["verified  ", "(P-256)", "(no-escape)", "note: there is no ALLOWLIST"] {
        assert!(text.contains(expected), "{expected}: {text}");
    }

    fs::write(root.path().join("sample/main.go"), "package evil\n").unwrap();
    let output = oxg("verify", &root, &[]);
    assert_eq!(exit(&output), 1);
    assert!(stdout(&output).contains("the artifact was changed"), "{}", stdout(&output));
}

#[test]
fn the_host_wants_an_allowlist_and_a_repository() {
    let root = repository();
    sign(&root, &[]);
    let output = oxg("verify", &root, &["--as-host"]);
    assert_eq!(exit(&output), 2);
    assert!(stderr(&output).contains("there is no ALLOWLIST"), "{}", stderr(&output));

    let list = root.path().join("list");
    fs::write(&list, format!("{} sample/main.go\n", "0".repeat(64))).unwrap();
    let list = list.to_str().unwrap();
    let output = oxg("verify", &root, &["--as-host", "--allowlist", list]);
    assert_eq!(exit(&output), 1, "{}", stderr(&output));

    let json = oxg("verify", &root, &["--format", "json"]);
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    fs::write(list, format!("{} sample/main.go\n", json["sha256"].as_str().unwrap())).unwrap();
    let output = oxg("verify", &root, &["--as-host", "--allowlist", list, "--format", "json"]);
    assert_eq!(exit(&output), 0, "{}", stdout(&output));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["verdict"], "verified");
    assert_eq!(json["stricter_rules"], Value::Array(vec![]));
    assert_eq!(json["allowlist"], list);
    assert_eq!(json["key"]["curve"], "P-256");
}

#[test]
fn a_signature_that_is_there_is_replaced_only_by_force() {
    let root = repository();
    let signature = root.path().join("sample/main.go.sig");
    fs::write(&signature, "of somebody").unwrap();
    let output = sign(&root, &[]);
    assert_eq!(exit(&output), 2);
    assert!(stderr(&output).contains("--force"), "{}", stderr(&output));
    assert_eq!(fs::read_to_string(&signature).unwrap(), "of somebody");
    assert_eq!(exit(&sign(&root, &["--force"])), 0);
    assert_eq!(exit(&oxg("verify", &root, &[])), 0);
    let elsewhere = root.path().join("elsewhere.sig");
    assert_eq!(exit(&sign(&root, &["--output", elsewhere.to_str().unwrap()])), 0);
    assert_eq!(fs::read(elsewhere).unwrap(), fs::read(signature).unwrap());
}

#[test]
fn a_passphrase_comes_from_a_file_or_a_variable_and_is_never_told() {
    let root = repository();
    let key = testdata("p256-encrypted.key");
    let key = key.to_str().unwrap();
    let sign =
        |arguments: &[&str]| oxg("sign", &root, &[&["--key", key, "--force"], arguments].concat());
    let file = root.path().join("passphrase");
    fs::write(&file, "correct-horse\n").unwrap();
    assert_eq!(exit(&sign(&["--passphrase-file", file.to_str().unwrap()])), 0);
    assert_eq!(exit(&sign(&["--passphrase-env", "SAMPLE_PASSPHRASE"])), 0);
    assert_eq!(exit(&oxg("verify", &root, &[])), 0);

    let output = sign(&[]);
    assert_eq!(exit(&output), 2);
    assert!(stderr(&output).contains("--passphrase-file"), "{}", stderr(&output));
    fs::write(&file, "battery-staple\n").unwrap();
    let output = sign(&["--passphrase-file", file.to_str().unwrap()]);
    assert_eq!(exit(&output), 2);
    assert!(stderr(&output).contains("cannot be decrypted"), "{}", stderr(&output));
    assert!(!stderr(&output).contains("battery"), "{}", stderr(&output));
}

#[test]
fn a_key_that_the_manifest_does_not_name_signs_nothing() {
    let root = repository();
    fs::copy(testdata("p384.pub"), root.path().join("keys/sample.pub")).unwrap();
    let output = sign(&root, &[]);
    assert_eq!(exit(&output), 1);
    assert!(stderr(&output).contains("does not belong to the public key"), "{}", stderr(&output));
    assert!(!root.path().join("sample/main.go.sig").exists());
}

#[test]
fn openssl_verifies_the_signature_file() {
    let root = repository();
    sign(&root, &[]);
    let script = "openssl base64 -d -A -in sample/main.go.sig -out der &&
        openssl dgst -sha256 -verify keys/sample.pub -signature der sample/main.go";
    let found = Command::new("openssl").arg("version").output();
    if found.is_err() {
        eprintln!("SKIPPED: there is no openssl on this machine");
        return;
    }
    let output = Command::new("sh").args(["-c", script]).current_dir(root.path()).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
}
