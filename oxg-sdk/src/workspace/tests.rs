use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use super::{Workspace, WorkspaceError};

fn workspace() -> (tempfile::TempDir, Workspace) {
    let root = tempfile::tempdir().unwrap();
    let inner = root.path().join("workspace");
    std::fs::create_dir(&inner).unwrap();
    let workspace = Workspace::open(&inner).unwrap();
    (root, workspace)
}

#[test]
fn a_file_is_written_read_listed_and_removed() {
    let (_root, workspace) = workspace();
    workspace.write("a/b/c.txt", b"one").unwrap();
    workspace.write("a/b/c.txt", b"two").unwrap();
    workspace.write("d", b"").unwrap();
    assert_eq!(workspace.read("a/b/c.txt", 3).unwrap(), b"two");
    let error = workspace.read("a/b/c.txt", 2).unwrap_err();
    assert!(matches!(error, WorkspaceError::TooLarge { limit: 2, .. }));
    let names: Vec<_> = workspace.list().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["a/b/c.txt", "d"]);
    workspace.remove("d").unwrap();
    assert!(workspace.read("d", 1).is_err());
}

#[test]
fn a_temporary_file_is_seen_only_once_it_is_kept() {
    let (root, workspace) = workspace();
    let mut file = workspace.temp_file("a").unwrap();
    file.write_all(b"half").unwrap();
    assert!(workspace.list().unwrap().is_empty());
    drop(file);
    assert_eq!(std::fs::read_dir(root.path().join("workspace")).unwrap().count(), 0);
    let mut file = workspace.temp_file("a").unwrap();
    file.write_all(b"whole").unwrap();
    file.keep().unwrap();
    assert_eq!(workspace.read("a", 5).unwrap(), b"whole");
}

#[test]
fn nothing_leads_out_and_nothing_but_files_is_touched() {
    let (root, workspace) = workspace();
    let inner = root.path().join("workspace");
    std::fs::write(root.path().join("outside.json"), "outside").unwrap();
    symlink("../outside.json", inner.join("out.json")).unwrap();
    std::fs::create_dir(inner.join("a")).unwrap();
    symlink("..", inner.join("a/b")).unwrap();
    symlink("a", inner.join("same")).unwrap();
    let _socket = UnixListener::bind(inner.join("sock")).unwrap();
    std::fs::create_dir(inner.join("dir")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(inner.join("pipe")).status().unwrap();
    assert!(made.success());
    for name in [
        "out.json",
        "a/b/x",
        "a/b/outside.json",
        "same/x",
        "sock",
        "dir",
        "pipe",
        "..",
        "../outside.json",
        "/etc/passwd",
        "a\\b",
        "%2e%2e/outside.json",
        "",
    ] {
        assert!(workspace.read(name, 100).is_err(), "read {name:?}");
        assert!(workspace.write(name, b"x").is_err(), "write {name:?}");
    }
    let outside = std::fs::read_to_string(root.path().join("outside.json")).unwrap();
    assert_eq!(outside, "outside");
    assert!(workspace.list().unwrap().is_empty());
}
