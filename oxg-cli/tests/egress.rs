//! `oxg egress check` as a person and as a program use it.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

const MANIFEST: &str = r#"{
    "name": "probe", "version": "0.1.0", "entry": "./probe",
    "capabilities": { "http": { "outbound": ["broker"], "hosts": ["shop.test", "0.0.0.0/0"] } }
}"#;

fn check(arguments: &[&str], input: &str) -> Output {
    let directory = tempfile::tempdir().unwrap();
    let manifest = directory.path().join("manifest.json");
    std::fs::write(&manifest, MANIFEST).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_oxg"))
        .args(["egress", "check", "--manifest"])
        .arg(&manifest)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn each_line_gets_its_verdict_in_order() {
    let lines = [
        (json!({"url": "https://shop.test/a"}), Value::Null),
        (json!({"url": "https://shop.test/", "resolve": ["93.184.215.14"]}), Value::Null),
        (
            json!({"url": "https://shop.test/", "resolve": ["93.184.215.14", "10.0.0.5"]}),
            json!("destination_denied"),
        ),
        (
            json!({"url": "https://shop.test/", "resolve": ["nonsense"]}),
            json!("destination_denied"),
        ),
        (json!({"url": "http://8.8.8.8/", "why": "ignored"}), Value::Null),
        (json!({"url": "http://127.0.0.1:8080/"}), json!("destination_denied")),
        (json!({"url": "http://127.1/"}), json!("invalid_request")),
        (json!({"url": "wss://shop.test/"}), json!("capability_denied")),
        (json!({"url": "/next", "redirect_from": "https://shop.test/a"}), Value::Null),
        (
            json!({"url": "//169.254.169.254/", "redirect_from": "https://shop.test/a"}),
            json!("destination_denied"),
        ),
    ];
    let input: String = lines.iter().map(|(line, _)| format!("{line}\n")).collect();
    let output = check(&["--jsonl", "--format", "json"], &input);
    assert_eq!(output.status.code(), Some(0));
    let answers: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), lines.len());
    for (answer, (line, code)) in answers.iter().zip(&lines) {
        let verdict = if code.is_null() { "allow" } else { "deny" };
        assert_eq!(
            (&answer["url"], &answer["verdict"], &answer["code"]),
            (&line["url"], &json!(verdict), code),
            "{answer}"
        );
        assert!(!answer["reason"].as_str().unwrap().is_empty());
    }
}

#[test]
fn plain_lines_are_urls_and_a_person_reads_the_reason() {
    let output =
        check(&["--allow-loopback", "8080"], "http://localhost:8080/\r\nhttp://evil.test/");
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        text,
        "allow  http://localhost:8080/  loopback port opened by the operator; its addresses are checked once they are known\n\
         deny   http://evil.test/  destination_denied: manifest.json does not allow http://evil.test:80\n"
    );
}

#[test]
fn a_line_that_is_no_json_is_named_and_ends_the_check() {
    let output = check(&["--jsonl"], "{\"url\": \"https://shop.test/\"}\nhttps://shop.test/\n");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("line 2"));
}
