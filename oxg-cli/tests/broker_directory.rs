//! `oxg broker serve` on directories and servers that it cannot use.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

const MANIFEST: &str = r#"{
  "name": "sample", "version": "0.1.0", "entry": "./sample.sh",
  "capabilities": { "tasks": { "pull": true }, "findings": { "emit": true } }
}"#;

fn serve(directory: &Path) -> Command {
    let manifest = directory.join("manifest.json");
    std::fs::write(&manifest, MANIFEST).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_oxg"));
    command.args(["broker", "serve", "--manifest"]).arg(manifest).stdin(Stdio::null());
    command
}

/// What the command says when it cannot start.
#[track_caller]
fn refused(output: &Output, status: i32) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(status), "{said}");
    assert_eq!(output.stdout, b"", "nothing is promised to the shell");
    said
}

/// A broker that serves until it is dropped.
struct Serving(Child);

impl Serving {
    fn start(command: &mut Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("OXG_BROKER="), "{line}");
        Self(process)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_second_broker_on_a_directory_says_so_and_a_killed_one_leaves_it_free() {
    let directory = tempfile::tempdir().unwrap();
    let keep = directory.path().join("kept");
    let first = Serving::start(serve(directory.path()).arg("--keep").arg(&keep));
    let second = serve(directory.path()).arg("--keep").arg(&keep).output().unwrap();
    let said = refused(&second, 5);
    assert!(said.contains(&format!("another broker uses {}", keep.display())), "{said}");
    assert!(said.contains("stop it, or choose another directory"), "{said}");
    drop(first);
    Serving::start(serve(directory.path()).arg("--keep").arg(&keep));
}

/// A place where nobody can make a directory, be it the superuser.
fn read_only(directory: &Path) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;

    let place = directory.join("read-only");
    std::fs::create_dir(&place).unwrap();
    std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o555)).unwrap();
    match std::fs::create_dir(place.join("probe")) {
        Err(_) => place.join("kept"),
        Ok(()) => PathBuf::from("/sys/oxg-kept"),
    }
}

#[test]
fn a_directory_that_cannot_be_written_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let keep = read_only(directory.path());
    let output = serve(directory.path()).arg("--keep").arg(&keep).output().unwrap();
    let said = refused(&output, 5);
    assert!(said.contains(&format!("cannot use {}", keep.display())), "{said}");
    assert!(said.contains("choose a directory that this user may write"), "{said}");
}

#[test]
fn a_disk_without_room_for_the_tasks_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let keep = directory.path().join("kept");
    let serve = serve(directory.path());
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\" --keep \"$KEEP\""])
        .arg(serve.get_program())
        .args(serve.get_args())
        .env("KEEP", &keep)
        .output()
        .unwrap();
    let said = refused(&output, 5);
    let file = keep.join("tasks.redb");
    assert!(said.contains(&format!("cannot use the tasks in {}", file.display())), "{said}");
    assert!(said.contains("File too large"), "{said}");
}

#[cfg(feature = "nats")]
#[test]
fn a_task_server_that_is_not_there_is_named_and_its_password_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let address = directory.path().join("address");
    std::fs::write(&address, format!("nats://user:hidden@{unused}\n")).unwrap();
    let tasks = format!("@{}", address.display());
    let output = serve(directory.path()).args(["--tasks", &tasks]).output().unwrap();
    let said = refused(&output, 5);
    assert!(said.contains(&format!("cannot use the tasks at nats://{unused}")), "{said}");
    assert!(!said.contains("hidden"), "{said}");
}
