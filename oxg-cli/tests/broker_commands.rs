//! `oxg broker …` against a real broker on a real socket.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use oxg_broker::{Broker, Listener, Session, TaskState};
use oxg_manifest::Manifest;
use oxg_protocol::task::NewTask;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// A script's place in the world: a broker, a session, a folder.
struct Script {
    broker: Broker,
    session: Session,
    listener: Listener,
    directory: TempDir,
}

impl Script {
    fn new() -> Self {
        Self::with(json!({
            "storage": { "workspace": true, "artifacts": "read-write" },
            "secrets": { "broker": true, "names": ["api-token"] },
        }))
    }

    fn with(capabilities: Value) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let broker = Broker::builder().build().unwrap();
        let manifest = json!({
            "name": "probe", "version": "0.1.0", "entry": "./probe", "capabilities": capabilities,
        });
        let manifest: Manifest = manifest.to_string().parse().unwrap();
        let session = broker
            .session(manifest)
            .secret("api-token".parse().unwrap(), "correct-horse-battery".into());
        let session = session.open().unwrap();
        let listener = broker.listen_unix(directory.path().join("broker.sock")).unwrap();
        std::fs::write(directory.path().join("token"), session.token().expose_secret()).unwrap();
        Self { broker, session, listener, directory }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Without the person's environment, as under a launcher.
    fn command(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env("OXG_BROKER", self.listener.endpoint().to_string())
            .env("OXG_TOKEN_FILE", self.file("token"))
            .current_dir(self.directory.path())
            .kill_on_drop(true)
            .stdin(Stdio::null());
        command
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        let arguments = [&["broker"], arguments].concat();
        let command = self.command(Path::new(env!("CARGO_BIN_EXE_oxg")), &arguments).output();
        tokio::time::timeout(Duration::from_secs(60), command).await.unwrap().unwrap()
    }

    #[track_caller]
    fn check(output: &Output, code: i32) -> String {
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        if code == 0 {
            assert_eq!(stderr, "");
        } else {
            assert_eq!(stderr.lines().count(), 1, "{stderr}");
        }
        match code {
            0 => String::from_utf8(output.stdout.clone()).unwrap(),
            _ => stderr.into_owned(),
        }
    }

    /// Runs it and expects this exit code; what it printed.
    async fn expect(&self, code: i32, arguments: &[&str]) -> String {
        Self::check(&self.run(arguments).await, code)
    }

    async fn pull(&self) {
        self.session.enqueue(NewTask::new(json!({ "n": 1 }))).await.unwrap();
        self.expect(0, &["task", "pull", "--out", "task.json", "--wait", "5"]).await;
    }
}

#[tokio::test]
async fn a_task_is_pulled_into_a_file_and_its_token_into_another() {
    let script = Script::new();
    script.pull().await;
    let task = std::fs::read_to_string(script.file("task.json")).unwrap();
    let lease = std::fs::read_to_string(script.file("task.json.lease")).unwrap();
    let task: Value = serde_json::from_str(&task).unwrap();
    assert_eq!((&task["input"], &task["attempt"]), (&json!({ "n": 1 }), &json!(1)));
    assert!(task.get("lease_token").is_none());
    assert!(lease.contains("lease_token"));
    let mode = std::fs::metadata(script.file("task.json.lease")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn no_task_within_the_wait_is_exit_code_3_and_leaves_no_file() {
    let script = Script::new();
    let text = script.expect(3, &["task", "pull", "--out", "task.json", "--wait", "0"]).await;
    assert!(text.contains("no task within 0 s"), "{text}");
    assert!(!script.file("task.json").exists());
    script.session.drain();
    let text = script.expect(3, &["task", "pull", "--out", "task.json"]).await;
    assert!(text.contains("the broker stops"), "{text}");
}

#[tokio::test]
async fn a_task_that_cannot_be_written_down_is_given_back() {
    let script = Script::new();
    script.session.enqueue(NewTask::new(json!(1))).await.unwrap();
    let text = script.expect(74, &["task", "pull", "--out", "missing/task.json"]).await;
    assert!(text.contains("missing/task.json"), "{text}");
    let task = script.session.tasks().remove(0);
    assert_eq!((task.state, task.attempts), (TaskState::Queued, 0));
}

#[tokio::test]
async fn a_task_is_extended_and_completed_once() {
    let script = Script::new();
    script.pull().await;
    let text = script.expect(0, &["task", "extend", "task.json", "--lease", "60"]).await;
    let extension: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(extension["lease_expires_in_ms"], 60_000);
    assert_eq!(extension["cancel_requested"], false);
    script.expect(0, &["task", "complete", "task.json", "--output", r#"{"pages":3}"#]).await;
    let state = script.session.tasks().remove(0).state;
    assert_eq!(state, TaskState::Completed(Some(json!({ "pages": 3 }))));
    let text = script.expect(2, &["task", "complete", "task.json"]).await;
    assert!(text.contains("task.json.lease is not there"), "{text}");
}

#[tokio::test]
async fn a_task_fails_for_good_or_for_now() {
    let script = Script::new();
    script.pull().await;
    script.expect(0, &["task", "fail", "task.json", "--reason", "not now", "--retry"]).await;
    assert_eq!(script.session.tasks()[0].state, TaskState::Queued);
    script.expect(0, &["task", "pull", "--out", "task.json"]).await;
    script.expect(0, &["task", "release", "task.json"]).await;
    script.expect(0, &["task", "pull", "--out", "task.json"]).await;
    script.expect(0, &["task", "fail", "task.json", "--reason", "never"]).await;
    let task = script.session.tasks().remove(0);
    assert_eq!(task.state, TaskState::DeadLettered { reason: "never".to_owned() });
    assert_eq!(task.history, ["not now", "never"]);
}

#[tokio::test]
async fn a_lost_lease_is_exit_code_4() {
    let script = Script::new();
    script.pull().await;
    let lease = script.file("task.json.lease");
    let text = std::fs::read_to_string(&lease).unwrap();
    script.expect(0, &["task", "release", "task.json"]).await;
    std::fs::write(&lease, text).unwrap();
    let text = script.expect(4, &["task", "complete", "task.json"]).await;
    assert!(text.contains("drop what was done"), "{text}");
}

#[tokio::test]
async fn a_secret_goes_to_a_pipe_or_a_private_file() {
    let script = Script::new();
    assert_eq!(script.expect(0, &["secret", "get", "api-token"]).await, "correct-horse-battery");
    script.expect(0, &["secret", "get", "api-token", "--out", "token.txt"]).await;
    let mode = std::fs::metadata(script.file("token.txt")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = script.expect(77, &["secret", "get", "other"]).await;
    assert!(text.contains("other"), "{text}");
}

#[tokio::test]
async fn an_artifact_goes_there_and_back() {
    let script = Script::new();
    let content: Vec<u8> = (0..300_000_u32).map(|n| n as u8).collect();
    std::fs::write(script.file("page"), &content).unwrap();
    let stored = script.expect(0, &["artifact", "put", "pages/a.html", "page"]).await;
    assert_eq!(script.expect(0, &["artifact", "list", "--prefix", "pages/"]).await, stored);
    script.expect(0, &["artifact", "get", "pages/a.html", "--out", "copy"]).await;
    assert_eq!(std::fs::read(script.file("copy")).unwrap(), content);
    script.expect(0, &["artifact", "rm", "pages/a.html"]).await;
    assert_eq!(script.expect(0, &["artifact", "list"]).await, "");
    script.expect(66, &["artifact", "get", "pages/a.html", "--out", "copy"]).await;
    assert_eq!(std::fs::read(script.file("copy")).unwrap(), content, "as it was");
    script.expect(2, &["artifact", "put", "../a", "page"]).await;
    script.expect(74, &["artifact", "put", "a", "missing"]).await;
    std::fs::write(script.file("empty"), "").unwrap();
    script.expect(0, &["artifact", "put", "empty", "empty"]).await;
    script.expect(0, &["artifact", "get", "empty", "--out", "nothing"]).await;
    assert_eq!(std::fs::read(script.file("nothing")).unwrap(), b"");
}

#[tokio::test]
async fn findings_are_emitted_once_by_task_and_log_lines_arrive() {
    let script = Script::new();
    script.pull().await;
    let emit = ["finding", "emit", "--type", "a.b", "--message", "m", "--severity", "high"];
    let emit = [&emit[..], &["--target", "https://shop.test/", "--task", "task.json"]].concat();
    let id = script.expect(0, &emit).await;
    assert_eq!(script.expect(0, &emit).await, id);
    let findings = script.broker.findings().unwrap();
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].id.to_string(), id.trim());

    script.expect(0, &["log", "--level", "warn", "--field", "page=3", "half", "done"]).await;
    let logs = script.broker.logs().unwrap();
    assert_eq!((logs[0].msg.as_str(), &logs[0].fields["page"]), ("half done", &json!("3")));
}

#[tokio::test]
async fn findings_come_from_standard_input_too() {
    let script = Script::new();
    let arguments = ["broker", "finding", "emit", "--from", "-"];
    let mut command = script.command(Path::new(env!("CARGO_BIN_EXE_oxg")), &arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let lines = "{\"type\":\"a\",\"message\":\"1\",\"severity\":\"low\"}\n\n{\"type\":\"b\",\"message\":\"2\",\"severity\":\"low\"}";
    input.write_all(lines.as_bytes()).await.unwrap();
    drop(input);
    let output = child.wait_with_output().await.unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 2);
    let rejected = script.expect(65, &["finding", "emit", "--type", " ", "--message", "m"]).await;
    assert!(rejected.contains("a finding has a type"), "{rejected}");
}

#[tokio::test]
async fn the_same_commands_are_there_under_the_name_that_the_guide_uses() {
    let script = Script::new();
    let ctl = script.file("0xgenctl");
    symlink(env!("CARGO_BIN_EXE_oxg"), &ctl).unwrap();
    let command = script.command(&ctl, &["broker", "artifact", "list"]).output().await.unwrap();
    Script::check(&command, 0);
    let command = script.command(&ctl, &["run", "."]).output().await.unwrap();
    assert_eq!(command.status.code(), Some(2), "only the part for plugins");
}

#[tokio::test]
async fn whoever_is_no_plugin_or_may_not_is_told_what_to_do() {
    let script = Script::with(json!({ "storage": { "workspace": true } }));
    let text = script.expect(77, &["secret", "get", "api-token"]).await;
    assert!(text.contains("manifest.json"), "{text}");
    let output = script
        .command(Path::new(env!("CARGO_BIN_EXE_oxg")), &["broker", "artifact", "list"])
        .env_remove("OXG_BROKER")
        .output();
    let text = Script::check(&output.await.unwrap(), 2);
    assert!(text.contains("OXG_BROKER") && text.contains("oxg run"), "{text}");
    script.broker.shutdown().await;
    let text = script.expect(69, &["artifact", "list"]).await;
    assert!(text.contains("is it running?"), "{text}");
    std::fs::write(script.file("token"), "not-the-token-at-all").unwrap();
}
