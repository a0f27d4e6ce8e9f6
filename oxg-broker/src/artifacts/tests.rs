use std::sync::Arc;

use http_body::Frame;
use http_body_util::BodyExt as _;
use oxg_protocol::{Digest, ErrorCode, Limits};

use super::conformance::{self, claiming, content, name};
use super::{Artifacts, Conditions, Uploads};
use crate::body::{BodyError, full};

fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    change(&mut limits);
    limits
}

fn both(directory: &tempfile::TempDir) -> [Artifacts; 2] {
    [
        Artifacts::in_memory(&Limits::default()),
        Artifacts::in_directory(directory.path(), &Limits::default()).unwrap(),
    ]
}

#[tokio::test]
async fn a_store_in_memory_keeps_the_rules() {
    conformance::holds(&|_: &str, limits: &Limits| Artifacts::in_memory(limits)).await;
}

#[tokio::test]
async fn a_store_in_a_directory_keeps_the_rules() {
    let directory = tempfile::tempdir().unwrap();
    conformance::holds(&|plugin: &str, limits: &Limits| {
        Artifacts::in_directory(&directory.path().join(plugin), limits).unwrap()
    })
    .await;
}

#[tokio::test]
async fn wrong_bytes_leave_the_old_artifact_and_no_file() {
    let directory = tempfile::tempdir().unwrap();
    for artifacts in both(&directory) {
        artifacts.put(name("a"), full("old"), Conditions::default()).await.unwrap();
        let claimed = Conditions { digest: Some(Digest::of(b"new")), ..Conditions::default() };
        let refusal = artifacts.put(name("a"), full("nwe"), claimed).await.unwrap_err();
        assert_eq!(refusal.code(), ErrorCode::DigestMismatch);
        assert_eq!(content(&artifacts, "a").await, b"old");
    }
    assert_eq!(std::fs::read_dir(directory.path().join("blobs")).unwrap().count(), 1);
}

#[tokio::test]
async fn an_artifact_at_the_limit_is_kept_and_one_byte_more_is_not() {
    let artifacts = Artifacts::in_memory(&limits(|l| l.artifact_bytes = 4));
    artifacts.put(name("a"), full("1234"), Conditions::default()).await.unwrap();
    let refusal = artifacts.put(name("a"), full("12345"), Conditions::default()).await.unwrap_err();
    assert_eq!(refusal.code(), ErrorCode::PayloadTooLarge);
}

#[tokio::test]
async fn shared_bytes_go_with_their_last_name() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = || std::fs::read_dir(directory.path().join("blobs")).unwrap().count();
    let artifacts = Artifacts::in_directory(directory.path(), &Limits::default()).unwrap();
    for text in ["a", "b"] {
        artifacts.put(name(text), full("same"), Conditions::default()).await.unwrap();
    }
    artifacts.delete(&name("a"), Conditions::default()).await.unwrap();
    assert_eq!((blobs(), content(&artifacts, "b").await.as_slice()), (1, &b"same"[..]));
    artifacts.delete(&name("b"), Conditions::default()).await.unwrap();
    assert_eq!(blobs(), 0);
}

#[tokio::test]
async fn a_directory_is_found_again_as_it_was_left() {
    let directory = tempfile::tempdir().unwrap();
    let open = || Artifacts::in_directory(directory.path(), &Limits::default()).unwrap();
    open().put(name("a"), full("1"), Conditions::default()).await.unwrap();
    open().put(name("b"), full("2"), Conditions::default()).await.unwrap();
    open().delete(&name("a"), Conditions::default()).await.unwrap();
    std::fs::write(directory.path().join("blobs/incoming-x"), "half").unwrap();
    let page = open().list("", None).await.unwrap();
    assert_eq!(page.artifacts.len(), 1);
    assert!(!directory.path().join("blobs/incoming-x").exists());
}

#[tokio::test]
async fn whoever_reads_an_artifact_reads_it_to_its_end_though_it_is_deleted() {
    let directory = tempfile::tempdir().unwrap();
    for artifacts in both(&directory) {
        let big = vec![7; 3 << 20];
        artifacts.put(name("a"), full(big.clone()), Conditions::default()).await.unwrap();
        let found = artifacts.get(&name("a"), None).await.unwrap();
        artifacts.delete(&name("a"), Conditions::default()).await.unwrap();
        assert!(found.body.collect().await.unwrap().to_bytes() == big);
    }
}

#[tokio::test]
async fn a_compacted_log_says_what_the_long_one_said() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("index.jsonl");
    let (one, two) = (Digest::of(b"1"), Digest::of(b"2"));
    let line =
        |digest| format!("{{\"put\":{{\"name\":\"a\",\"digest\":\"{digest}\",\"size\":1}}}}\n");
    std::fs::write(&log, (line(one) + &line(two)).repeat(2100)).unwrap();
    let open = || Artifacts::in_directory(directory.path(), &Limits::default()).unwrap();
    let artifacts = open();
    assert_eq!(artifacts.head(&name("a")).await.unwrap().digest, two);
    for text in ["b", "c"] {
        artifacts.put(name(text), full(text.to_owned()), Conditions::default()).await.unwrap();
        assert_eq!(content(&open(), text).await, text.as_bytes());
    }
    assert_eq!(std::fs::read_to_string(&log).unwrap().lines().count(), 3);
}

#[tokio::test]
async fn what_an_interrupted_compaction_left_is_not_read() {
    let directory = tempfile::tempdir().unwrap();
    let open = || Artifacts::in_directory(directory.path(), &Limits::default()).unwrap();
    open().put(name("a"), full("1"), Conditions::default()).await.unwrap();
    std::fs::write(directory.path().join("index.jsonl.next"), "{\"put\":{\"na").unwrap();
    assert_eq!(content(&open(), "a").await, b"1");
    assert!(!directory.path().join("index.jsonl.next").exists());
}

#[tokio::test]
async fn a_link_in_the_place_of_a_blob_is_not_followed() {
    let directory = tempfile::tempdir().unwrap();
    let artifacts = Artifacts::in_directory(directory.path(), &Limits::default()).unwrap();
    artifacts.put(name("a"), full("1"), Conditions::default()).await.unwrap();
    let blob = directory.path().join("blobs").join(Digest::of(b"1").to_string());
    std::fs::remove_file(&blob).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", &blob).unwrap();
    let refusal = artifacts.get(&name("a"), None).await.err().unwrap();
    assert_eq!(refusal.code(), ErrorCode::Unavailable);
}

fn uploads(directory: &tempfile::TempDir, bounds: &Limits) -> (Arc<Artifacts>, Uploads) {
    let artifacts = Arc::new(Artifacts::in_directory(directory.path(), bounds).unwrap());
    (artifacts.clone(), Uploads::new(artifacts, bounds))
}

#[tokio::test]
async fn what_came_before_a_broken_connection_counts() {
    let directory = tempfile::tempdir().unwrap();
    let (artifacts, uploads) = uploads(&directory, &Limits::default());
    let id = uploads.begin().await.unwrap().id;
    let body = Pieces(vec![
        Err(BodyError::Read(std::io::ErrorKind::ConnectionReset.into())),
        Ok(Frame::data("12".into())),
    ]);
    assert!(uploads.append(&id, 0, body.boxed_unsync()).await.is_err());
    assert_eq!(uploads.progress(&id).unwrap().offset, 2);
    uploads.append(&id, 2, full("3")).await.unwrap();
    uploads.close(&id, name("a"), claiming(b"123")).await.unwrap();
    assert_eq!(content(&artifacts, "a").await, b"123");
}

#[tokio::test]
async fn a_close_that_nobody_waits_for_any_more_is_done_and_can_be_asked_for_again() {
    let directory = tempfile::tempdir().unwrap();
    let (artifacts, uploads) = uploads(&directory, &Limits::default());
    for round in 0..20 {
        let id = uploads.begin().await.unwrap().id;
        uploads.append(&id, 0, full("123")).await.unwrap();
        let text = round.to_string();
        {
            let mut closing = std::pin::pin!(uploads.close(&id, name(&text), claiming(b"123")));
            // Into the middle of it, as far as the bytes are on their way to the disk.
            for _ in 0..=round % 3 {
                assert!(poll_once(closing.as_mut()).await.is_none(), "it was done at once");
            }
        }
        let info = uploads.close(&id, name(&text), claiming(b"123")).await.unwrap();
        assert_eq!(info.size, 3);
        assert_eq!(content(&artifacts, &text).await, b"123");
    }
}

/// Polls once.
async fn poll_once<F: Future>(mut future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    std::future::poll_fn(|cx| match future.as_mut().poll(cx) {
        std::task::Poll::Ready(output) => std::task::Poll::Ready(Some(output)),
        std::task::Poll::Pending => std::task::Poll::Ready(None),
    })
    .await
}

#[tokio::test]
async fn a_piece_that_is_sent_again_never_mixes_with_the_one_that_was_given_up() {
    let directory = tempfile::tempdir().unwrap();
    let (artifacts, uploads) = uploads(&directory, &Limits::default());
    for round in 0..20 {
        let id = uploads.begin().await.unwrap().id;
        let given_up = vec![b'x'; 300_000];
        {
            let mut first = std::pin::pin!(uploads.append(&id, 0, full(given_up.clone())));
            for _ in 0..=round % 4 {
                if poll_once(first.as_mut()).await.is_some() {
                    break;
                }
            }
        }
        let sent = vec![b'y'; 500_000];
        let at = match uploads.append(&id, 0, full(sent.clone())).await {
            Ok(upload) => {
                assert_eq!(upload.offset, 500_000);
                0
            }
            Err(refusal) => refusal.offset.expect("the offset to go on from"),
        };
        let mut whole = given_up[..at as usize].to_vec();
        whole.extend_from_slice(&sent[at as usize..]);
        if at > 0 {
            uploads.append(&id, at, full(sent[at as usize..].to_vec())).await.unwrap();
        }
        uploads.close(&id, name("a"), claiming(&whole)).await.unwrap();
        assert!(content(&artifacts, "a").await == whole, "what was hashed is what is stored");
    }
}

#[tokio::test]
async fn a_new_piece_takes_the_upload_from_one_that_waits_for_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let (_, uploads) = uploads(&directory, &Limits::default());
    let uploads = Arc::new(uploads);
    let id = uploads.begin().await.unwrap().id;
    let (waiting, theirs) = (uploads.clone(), id.clone());
    let stalled = tokio::spawn(async move {
        waiting.append(&theirs, 0, Stalled(Some("12".into())).boxed_unsync()).await
    });
    while uploads.progress(&id).is_ok() {
        tokio::task::yield_now().await;
    }
    let refusal = uploads.append(&id, 0, full("1")).await.unwrap_err();
    assert_eq!(refusal.offset, Some(2), "what came of the first counts");
    assert_eq!(stalled.await.unwrap().unwrap_err().code(), ErrorCode::Conflict);
    assert_eq!(uploads.append(&id, 2, full("3")).await.unwrap().offset, 3);
}

/// Some bytes, and then silence.
struct Stalled(Option<bytes::Bytes>);

impl http_body::Body for Stalled {
    type Data = bytes::Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<bytes::Bytes>, BodyError>>> {
        match self.0.take() {
            Some(bytes) => std::task::Poll::Ready(Some(Ok(Frame::data(bytes)))),
            None => std::task::Poll::Pending,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn uploads_are_few_and_those_that_nobody_feeds_expire() {
    let directory = tempfile::tempdir().unwrap();
    let bounds = limits(|l| l.open_uploads = 2);
    let (_, uploads) = uploads(&directory, &bounds);
    let first = uploads.begin().await.unwrap().id;
    uploads.begin().await.unwrap();
    assert_eq!(uploads.begin().await.unwrap_err().code(), ErrorCode::RateLimited);
    uploads.cancel(&first);
    uploads.begin().await.unwrap();
    tokio::time::advance(std::time::Duration::from_millis(bounds.upload_idle_ms)).await;
    uploads.begin().await.unwrap();
    assert_eq!(std::fs::read_dir(directory.path().join("blobs")).unwrap().count(), 1);
}

#[tokio::test(start_paused = true)]
async fn closed_uploads_leave_room_for_others_and_the_oldest_is_forgotten() {
    let directory = tempfile::tempdir().unwrap();
    let (_, uploads) = uploads(&directory, &limits(|l| l.open_uploads = 2));
    let mut ids = Vec::new();
    for _ in 0..3 {
        let id = uploads.begin().await.unwrap().id;
        uploads.append(&id, 0, full("1")).await.unwrap();
        uploads.close(&id, name("a"), claiming(b"1")).await.unwrap();
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
        ids.push(id);
    }
    assert_eq!(uploads.progress(&ids[0]).unwrap_err().code(), ErrorCode::NotFound);
    assert!(uploads.close(&ids[2], name("a"), claiming(b"1")).await.is_ok());
}

struct Pieces(Vec<Result<Frame<bytes::Bytes>, BodyError>>);

impl http_body::Body for Pieces {
    type Data = bytes::Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<bytes::Bytes>, BodyError>>> {
        std::task::Poll::Ready(self.0.pop())
    }
}
