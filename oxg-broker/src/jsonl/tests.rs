use super::*;

#[test]
fn both_kinds_read_back_what_was_appended() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.jsonl");
    for lines in [JsonLines::in_memory(), JsonLines::in_file(&path, Keep::FromPowerLoss).unwrap()] {
        lines.append(&"one").unwrap();
        lines.append(&"two").unwrap();
        assert_eq!(lines.read::<String>().unwrap(), ["one", "two"]);
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), "\"one\"\n\"two\"\n");
}

#[cfg(unix)]
#[test]
fn a_new_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.jsonl");
    JsonLines::in_file(&path, Keep::FromPowerLoss).unwrap();
    assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_torn_line_at_the_end_is_cut_off_however_long_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.jsonl");
    for torn in ["\"two", &"x".repeat(8192), &"x".repeat(20_000)] {
        for whole in ["", "\"one\"\n"] {
            std::fs::write(&path, format!("{whole}{torn}")).unwrap();
            let lines = JsonLines::in_file(&path, Keep::FromPowerLoss).unwrap();
            lines.append(&"three").unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            assert_eq!(text, format!("{whole}\"three\"\n"));
        }
    }
}

#[test]
fn a_file_is_continued_not_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.jsonl");
    for _ in 0..2 {
        JsonLines::in_file(&path, Keep::FromPowerLoss).unwrap().append(&1).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), "1\n1\n");
}

#[tokio::test]
async fn many_lines_share_a_sync_and_each_is_on_disk_when_it_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.jsonl");
    let lines = Arc::new(JsonLines::in_file(&path, Keep::FromPowerLoss).unwrap());
    let writing = (0..200).map(|n| {
        let lines = lines.clone();
        tokio::spawn(async move {
            lines.append(&n).unwrap();
            lines.on_disk().await.unwrap();
        })
    });
    for writer in writing.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    assert_eq!(lines.read::<u32>().unwrap().len(), 200);
    let syncs = lines.sync.as_ref().unwrap().count();
    assert!((1..=200).contains(&syncs), "{syncs}");
}

#[tokio::test]
async fn a_full_disk_is_said_and_leaves_whole_lines() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("full.jsonl");
    std::os::unix::fs::symlink("/dev/full", &path).unwrap();
    let file = Arc::new(OpenOptions::new().append(true).open(&path).unwrap());
    let sink = Mutex::new(Sink::File { file, lines: 0 });
    let lines = JsonLines { sink, path: Some(path), sync: None };
    let error = lines.append(&"one").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
}
