//! `oxg conformance`, as a person types it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

fn oxg(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_oxg")).args(arguments).output().unwrap()
}

fn example(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(path);
    path.canonicalize().unwrap().to_str().unwrap().to_owned()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[track_caller]
fn assert_exit(output: &Output, code: i32) {
    let said = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{}\n{}", said.0, said.1);
}

/// The cases and what came of them.
fn verdicts(output: &Output) -> Vec<(String, String)> {
    let lines = text(&output.stdout);
    let parsed = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    parsed.map(|line| (word(&line["id"]), word(&line["verdict"]))).collect()
}

#[test]
fn the_skeleton_of_the_guide_conforms_but_for_what_it_does_without() {
    let output = oxg(&[
        "conformance",
        "--manifest",
        &example("shell-skeleton/manifest.json"),
        "--task",
        r#"{"url": "https://shop.test/", "set_cookie": ["sid=1"]}"#,
        "--known-failing",
        &example("shell-skeleton/known-failing.txt"),
        "--format",
        "json",
        "--",
        &example("shell-skeleton/cmd/start.sh"),
    ]);
    assert_exit(&output, 0);
    let verdicts = verdicts(&output);
    let count = |word: &str| verdicts.iter().filter(|(_, verdict)| verdict == word).count();
    assert_eq!((count("known-failing"), count("fails"), count("not-failing")), (2, 0, 0));
    assert!(count("holds") > 40, "{verdicts:?}");
}

#[test]
fn the_plugin_in_python_conforms() {
    let output = oxg(&[
        "conformance",
        "--manifest",
        &example("python-plugin/manifest.json"),
        "--task",
        r#"{"url": "https://shop.test/"}"#,
        "--",
        &example("python-plugin/main.py"),
    ]);
    assert_exit(&output, 0);
    assert!(!text(&output.stdout).contains('\u{1b}'), "there are colours, and no terminal");
}

/// `oxg broker serve` and the two lines that it prints.
struct Serving {
    child: Child,
    broker: String,
    token_file: String,
}

impl Serving {
    fn new(manifest: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_oxg"))
            .args(["broker", "serve", "--secret", "api-token=a-value-that-is-long-enough"])
            .arg("--manifest")
            .arg(manifest)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut value = || lines.next().unwrap().unwrap().split_once('=').unwrap().1.to_owned();
        let (broker, token_file) = (value(), value());
        Self { child, broker, token_file }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn the_broker_that_is_served_conforms_on_its_port() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("manifest.json");
    std::fs::write(
        &manifest,
        r#"{ "name": "conformance", "version": "1.0.0", "entry": "./none", "capabilities": {
            "http": { "outbound": ["broker"], "hosts": ["shop.test"] },
            "storage": { "workspace": true },
            "secrets": { "broker": true, "names": ["api-token"] },
            "tasks": { "pull": true }, "findings": { "emit": true } } }"#,
    )
    .unwrap();
    let serving = Serving::new(&manifest);
    let mut arguments = vec!["conformance", "--broker", &serving.broker, "--format", "json"];
    arguments.extend(["--token-file", &serving.token_file, "--secret", "api-token"]);
    let output = oxg(&arguments);
    assert_exit(&output, 0);
    let verdicts = verdicts(&output);
    assert!(verdicts.iter().all(|(_, verdict)| verdict == "holds"), "{verdicts:?}");

    std::fs::write(folder.path().join("wrong-token"), "oxg_none").unwrap();
    let wrong = folder.path().join("wrong-token");
    let output =
        oxg(&["conformance", "--broker", &serving.broker, "--token-file", wrong.to_str().unwrap()]);
    assert_exit(&output, 3);
    assert!(text(&output.stderr).contains("is the token the session's?"));
}

/// A plugin that does nothing, and its manifest.
struct Idle(tempfile::TempDir);

impl Idle {
    fn new() -> Self {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let idle = Self(folder);
        std::fs::write(
            idle.file("manifest.json"),
            r#"{ "name": "idle", "version": "1.0.0", "entry": "./idle.sh",
                 "capabilities": { "tasks": { "pull": true } } }"#,
        )
        .unwrap();
        std::fs::write(idle.file("idle.sh"), "#!/bin/sh\nexit 0\n").unwrap();
        std::fs::set_permissions(idle.file("idle.sh"), std::fs::Permissions::from_mode(0o755))
            .unwrap();
        idle
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn test(&self, more: &[&str]) -> Output {
        let manifest = self.file("manifest.json");
        let program = self.file("idle.sh");
        let mut arguments = vec!["conformance", "--manifest", manifest.to_str().unwrap()];
        arguments.extend(["--task", "{}"]);
        arguments.extend(more);
        arguments.extend(["--", program.to_str().unwrap()]);
        oxg(&arguments)
    }
}

#[test]
fn a_plugin_that_does_nothing_fails_with_what_was_expected_seen_and_where_the_rule_is() {
    let output = Idle::new().test(&["--only", "tasks/completed", "--only", "session/no-token"]);
    assert_exit(&output, 1);
    let report = text(&output.stdout);
    let lines: Vec<_> = report.lines().collect();
    assert_eq!(
        lines,
        [
            "session",
            "  FAIL  no-token   A plugin that is given no token ends, with an exit code that says so.",
            "        expected  the plugin exits with another code than 0",
            "        seen      exit status: 0",
            "        rule      Protocol: Environment",
            "tasks",
            "  FAIL  completed  A task that the plugin can do is completed, and the plugin exits with 0.",
            "        expected  the task is completed",
            "        seen      it waits again, after 0 attempts",
            "        rule      Protocol: Tasks",
            "",
            "does not conform  2 cases: 2 fail",
        ]
    );
}

#[test]
fn a_list_of_known_failures_is_exact() {
    let idle = Idle::new();
    let list = idle.file("known-failing.txt");
    let list = list.to_str().unwrap();
    let test = |known: &str| {
        std::fs::write(list, known).unwrap();
        idle.test(&[
            "--only",
            "session/bearer",
            "--only",
            "tasks/completed",
            "--known-failing",
            list,
        ])
    };
    assert_exit(&test("tasks/completed # it does nothing\n"), 0);
    assert_exit(&test(""), 1);
    let output = test("tasks/completed\nsession/bearer\n");
    assert_exit(&output, 1);
    assert!(text(&output.stdout).contains("remove it from the list"));
    let output = test("tasks/completed\nsession/none\n");
    assert_exit(&output, 2);
    assert!(text(&output.stderr).contains("session/none is listed"));
}

#[test]
fn cases_of_ones_own_are_run_and_a_mistake_in_one_is_named_with_its_line() {
    let idle = Idle::new();
    let cases = idle.file("cases");
    std::fs::create_dir(&cases).unwrap();
    let case = "kind = 'plugin'\n[[case]]\nid = 'mine/silent'\nmust = 'Say nothing.'\nsource = 'me'\n\
                tasks = []\nexpect.calls = [{ on = 'any', max = 0 }]\n";
    std::fs::write(cases.join("mine.toml"), case).unwrap();
    let cases_ = cases.to_str().unwrap();
    assert_exit(&idle.test(&["--cases", cases_, "--only", "mine/"]), 0);

    std::fs::write(cases.join("mine.toml"), case.replace("max", "most")).unwrap();
    let output = idle.test(&["--cases", cases_, "--only", "mine/"]);
    assert_exit(&output, 2);
    let said = text(&output.stderr);
    assert!(
        said.contains("mine.toml") && said.contains("line 7") && said.contains("most"),
        "{said}"
    );
}

#[test]
fn the_list_has_every_case_with_its_source() {
    let output = oxg(&["conformance", "--list", "--format", "json"]);
    assert_exit(&output, 0);
    let cases = text(&output.stdout);
    assert!(cases.lines().count() > 100);
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let must = case["must"].as_str().unwrap();
        assert!(must.ends_with('.') && !case["source"].as_str().unwrap().is_empty(), "{case}");
    }
}

#[test]
fn a_junit_document_counts_failures_and_skipped_cases() {
    let output = Idle::new().test(&["--only", "tasks/", "--format", "junit"]);
    assert_exit(&output, 1);
    let document = text(&output.stdout);
    assert!(document.starts_with("<?xml"), "{document}");
    assert!(document.contains("<testcase classname=\"tasks\" name=\"completed\""), "{document}");
    let count = |what: &str| document.matches(what).count();
    let stated = format!(
        "failures=\"{}\" errors=\"0\" skipped=\"{}\"",
        count("<failure"),
        count("<skipped")
    );
    assert!(document.contains(&stated), "{document}");
}

#[test]
fn wrong_usage_is_told_from_a_plugin_that_is_not_there() {
    assert_exit(&oxg(&["conformance"]), 2);
    assert_exit(&oxg(&["conformance", "--list", "--only", "no/such"]), 2);
    let idle = Idle::new();
    let manifest = idle.file("manifest.json");
    let manifest = manifest.to_str().unwrap();
    assert_exit(&oxg(&["conformance", "--manifest", manifest, "--", "/no/such/program"]), 3);
    assert_exit(&oxg(&["conformance", "--manifest", "/no/such.json", "--", "true"]), 2);
}
