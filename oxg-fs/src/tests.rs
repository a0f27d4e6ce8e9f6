use std::io::{Read as _, Write as _};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use crate::{Dir, EntryKind};

fn root() -> (tempfile::TempDir, Dir) {
    let root = tempfile::tempdir().unwrap();
    let dir = Dir::open(root.path()).unwrap();
    (root, dir)
}

#[test]
fn a_file_is_written_renamed_read_and_removed() {
    let (_root, dir) = root();
    dir.create_new("a").unwrap().write_all(b"text").unwrap();
    assert!(dir.create_new("a").is_err());
    dir.rename("a", "b").unwrap();
    let mut text = String::new();
    dir.open_file("b").unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "text");
    dir.remove_file("b").unwrap();
    assert!(dir.entries().unwrap().is_empty());
}

#[test]
fn a_name_is_one_component() {
    let (root, dir) = root();
    std::fs::create_dir(root.path().join("d")).unwrap();
    std::fs::write(root.path().join("d/a"), "").unwrap();
    for name in ["", ".", "..", "/", "d/a", "/etc/passwd", "a\0b"] {
        assert!(dir.open_file(name).is_err(), "{name:?}");
        assert!(dir.create_new(name).is_err(), "{name:?}");
        assert!(dir.directory(name).is_err(), "{name:?}");
    }
}

#[test]
fn nothing_but_regular_files_is_opened_and_no_link_is_followed() {
    let (root, dir) = root();
    let outside = tempfile::NamedTempFile::new().unwrap();
    symlink(outside.path(), root.path().join("link")).unwrap();
    symlink(root.path(), root.path().join("up")).unwrap();
    std::fs::create_dir(root.path().join("directory")).unwrap();
    let _socket = UnixListener::bind(root.path().join("socket")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        root.path().join("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    for name in ["link", "up", "directory", "socket", "pipe"] {
        assert!(dir.open_file(name).is_err(), "{name}");
        assert!(dir.append(name).is_err(), "{name}");
        assert!(dir.create_new(name).is_err(), "{name}");
    }
    assert!(dir.directory("up").is_err());
    let kinds = dir.entries().unwrap();
    assert_eq!(kinds.iter().filter(|entry| entry.kind == EntryKind::Other).count(), 4);
}

#[test]
fn a_handle_stays_where_it_was_when_its_path_is_swapped() {
    let (root, dir) = root();
    let inner = dir.make_directory("inner").unwrap();
    let outside = tempfile::tempdir().unwrap();
    std::fs::rename(root.path().join("inner"), root.path().join("moved")).unwrap();
    symlink(outside.path(), root.path().join("inner")).unwrap();
    inner.create_new("a").unwrap();
    assert!(root.path().join("moved/a").exists());
    assert!(dir.make_directory("inner").is_err());
}
