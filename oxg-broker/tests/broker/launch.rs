//! Plugins as processes.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use oxg_broker::launch::{Launch, LaunchError, OutputLine, PluginProcess};
use oxg_protocol::Endpoint;
use oxg_redact::Redactor;
use rustix::process::{Pid, test_kill_process};
use tokio::sync::mpsc::Receiver;

use crate::support::{until, within};

const SECRET: &str = "correct-horse-battery";

/// Held while a script is written and while any process is started: one that is forked in between
/// would inherit the open file, and the system starts no file that is open for writing.
static FORK: Mutex<()> = Mutex::new(());

fn spawn(launch: Launch) -> Result<PluginProcess, LaunchError> {
    let _alone = FORK.lock().unwrap_or_else(PoisonError::into_inner);
    launch.spawn()
}

fn launch(program: impl Into<PathBuf>, directory: &Path) -> Launch {
    let redactor = Redactor::default();
    redactor.register(SECRET).unwrap();
    Launch::new(
        program,
        directory,
        Endpoint::Unix("/run/oxg/broker.sock".into()),
        "the-token".into(),
        directory.join("token"),
        redactor,
    )
}

/// Starts a shell script as the plugin.
fn start(script: &str, directory: &Path) -> (PluginProcess, Receiver<OutputLine>) {
    let path = directory.join("plugin.sh");
    {
        let _alone = FORK.lock().unwrap_or_else(PoisonError::into_inner);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut process = spawn(launch(path, directory)).unwrap();
    let output = process.take_output();
    (process, output)
}

async fn rest(output: &mut Receiver<OutputLine>) -> Vec<String> {
    let mut lines = Vec::new();
    while let Some(line) = within(output.recv()).await {
        lines.push(line);
    }
    lines
}

async fn line(output: &mut Receiver<OutputLine>) -> String {
    within(output.recv()).await.expect("a line of output")
}

fn is_alive(pid: Pid) -> bool {
    // A process that ended but was not waited for by its parent yet counts as gone.
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    let zombie = stat.is_ok_and(|stat| stat.rsplit(')').next().unwrap().starts_with(" Z"));
    test_kill_process(pid).is_ok() && !zombie
}

fn pid(text: &str) -> Pid {
    Pid::from_raw(text.parse().unwrap()).unwrap()
}

#[tokio::test]
async fn the_environment_is_exactly_what_is_documented() {
    let directory = tempfile::tempdir().unwrap();
    let workspace = directory.path().to_str().unwrap();
    for log in [None, Some("debug")] {
        let mut launch = launch("/usr/bin/env", directory.path());
        if let Some(filter) = log {
            launch = launch.log(filter);
        }
        let mut process = spawn(launch).unwrap();
        let mut lines = rest(&mut process.take_output()).await;
        lines.sort();
        let mut expected = vec![
            format!("0XGEN_WORKSPACE={workspace}"),
            "OXG_BROKER=unix:/run/oxg/broker.sock".to_owned(),
            format!("OXG_TOKEN_FILE={workspace}/token"),
            format!("OXG_WORKSPACE={workspace}"),
        ];
        expected.extend(log.map(|filter| format!("OXG_LOG={filter}")));
        expected.sort();
        assert_eq!(lines, expected);
        assert!(within(process.wait()).await.unwrap().success());
    }
}

#[tokio::test]
async fn the_token_lies_in_a_file_that_only_this_user_reads() {
    let directory = tempfile::tempdir().unwrap();
    let elsewhere = directory.path().join("elsewhere");
    std::fs::write(&elsewhere, "untouched").unwrap();
    std::os::unix::fs::symlink(&elsewhere, directory.path().join("token.new")).unwrap();
    let (mut process, mut output) = start("cat \"$OXG_TOKEN_FILE\"; pwd", directory.path());
    let lines = rest(&mut output).await;
    let directory_text = directory.path().canonicalize().unwrap();
    assert_eq!(lines, [format!("the-token{}", directory_text.display())]);
    let token = directory.path().join("token");
    let metadata = std::fs::symlink_metadata(&token).unwrap();
    assert!(metadata.is_file());
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_to_string(&token).unwrap(), "the-token");
    assert_eq!(std::fs::read_to_string(&elsewhere).unwrap(), "untouched");
    within(process.wait()).await.unwrap();
}

#[tokio::test]
async fn each_line_of_output_is_redacted() {
    let directory = tempfile::tempdir().unwrap();
    let script = format!("echo out {SECRET}; echo err {SECRET} >&2; printf 'no end'");
    let (_process, mut output) = start(&script, directory.path());
    let mut lines = rest(&mut output).await;
    lines.sort();
    assert_eq!(lines, ["err [REDACTED_SECRET]", "no end", "out [REDACTED_SECRET]"]);
}

#[tokio::test]
async fn a_secret_of_several_lines_is_redacted_as_a_whole() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("secret");
    std::fs::write(&path, "first half of it\nsecond half of it").unwrap();
    let redactor = Redactor::default();
    redactor.register("first half of it\nsecond half of it").unwrap();
    let script = directory.path().join("plugin.sh");
    {
        let _alone = FORK.lock().unwrap_or_else(PoisonError::into_inner);
        std::fs::write(&script, "#!/bin/sh\necho a; /bin/cat secret; echo; echo b\n").unwrap();
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let launch = Launch::new(
        script,
        directory.path(),
        Endpoint::Unix("/run/oxg/broker.sock".into()),
        "the-token".into(),
        directory.path().join("token"),
        redactor,
    );
    let mut process = spawn(launch).unwrap();
    let lines = rest(&mut process.take_output()).await;
    assert_eq!(lines, ["a", "[REDACTED_SECRET]", "b"]);
}

#[tokio::test]
async fn a_line_that_is_too_long_is_cut_and_the_next_one_is_whole() {
    let directory = tempfile::tempdir().unwrap();
    let script =
        "i=0; while [ $i -lt 1000 ]; do printf '0123456789'; i=$((i+1)); done; echo; echo next";
    let (_process, mut output) = start(script, directory.path());
    let lines = rest(&mut output).await;
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0].len(), 8192);
    assert_eq!(lines[1], "next");
}

#[tokio::test]
async fn output_that_nobody_takes_does_not_keep_a_plugin_from_stopping() {
    let directory = tempfile::tempdir().unwrap();
    let script = "trap 'exit 7' TERM; while :; do echo line; done";
    let (mut process, mut output) = start(script, directory.path());
    line(&mut output).await;
    drop(output);
    let status = within(process.stop(Duration::from_secs(60))).await.unwrap();
    assert_eq!(status.code(), Some(7));
}

#[tokio::test]
async fn a_plugin_that_ignores_the_request_to_stop_is_killed_with_its_children() {
    let directory = tempfile::tempdir().unwrap();
    let script = "trap '' TERM; (trap '' TERM; while :; do /bin/sleep 60; done) & echo $!; \
                  while :; do /bin/sleep 60; done";
    let (mut process, mut output) = start(script, directory.path());
    let child = pid(&line(&mut output).await);
    let status = within(process.stop(Duration::from_millis(50))).await.unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9));
    until(|| !is_alive(child)).await;
}

#[tokio::test]
async fn what_a_plugin_leaves_running_ends_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let script = "/bin/sleep 600 & echo $!; exit 3";
    let (mut process, mut output) = start(script, directory.path());
    let child = pid(&line(&mut output).await);
    let status = within(process.wait()).await.unwrap();
    assert_eq!(status.code(), Some(3));
    until(|| !is_alive(child)).await;
    assert!(rest(&mut output).await.is_empty(), "its output ends as well");
    assert_eq!(within(process.wait()).await.unwrap().code(), Some(3));
}

#[tokio::test]
async fn dropping_a_plugin_kills_it_and_its_children() {
    let directory = tempfile::tempdir().unwrap();
    let script = "/bin/sleep 600 & echo $!; echo $$; wait";
    let (process, mut output) = start(script, directory.path());
    let pids = [pid(&line(&mut output).await), pid(&line(&mut output).await)];
    assert!(pids.iter().all(|pid| is_alive(*pid)));
    drop(process);
    until(|| pids.iter().all(|pid| !is_alive(*pid))).await;
}

#[tokio::test]
async fn a_program_that_is_not_there_cannot_be_started() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("missing");
    let error = spawn(launch(&missing, directory.path())).unwrap_err();
    assert!(matches!(&error, LaunchError::Start { program, .. } if *program == missing));
    assert!(error.to_string().contains("is it there, and executable?"), "{error}");
}

#[tokio::test]
async fn a_token_that_cannot_be_written_starts_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let launch = Launch::new(
        "/usr/bin/env",
        directory.path(),
        Endpoint::Unix("/run/oxg/broker.sock".into()),
        "the-token".into(),
        directory.path().join("missing/token"),
        Redactor::default(),
    );
    let error = spawn(launch).unwrap_err();
    assert!(matches!(error, LaunchError::TokenFile { .. }), "{error}");
}
