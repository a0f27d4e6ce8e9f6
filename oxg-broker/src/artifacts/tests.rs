use http_body_util::BodyExt as _;
use oxg_protocol::{ArtifactName, Digest, ErrorCode};

use super::{Artifacts, Conditions};
use crate::body::full;

fn name(text: &str) -> ArtifactName {
    text.parse().unwrap()
}

async fn content(artifacts: &Artifacts, text: &str) -> Vec<u8> {
    let (_, body) = artifacts.get(&name(text)).await.unwrap();
    body.collect().await.unwrap().to_bytes().to_vec()
}

fn both(directory: &tempfile::TempDir) -> [Artifacts; 2] {
    [Artifacts::in_memory(1 << 20), Artifacts::in_directory(directory.path(), 1 << 20).unwrap()]
}

#[tokio::test]
async fn what_was_put_is_got_with_its_digest() {
    let directory = tempfile::tempdir().unwrap();
    for artifacts in both(&directory) {
        let big = vec![7; 200_000];
        let info =
            artifacts.put(name("a/b"), full(big.clone()), Conditions::default()).await.unwrap();
        assert_eq!((info.digest, info.size), (Digest::of(&big), 200_000));
        assert_eq!(content(&artifacts, "a/b").await, big);
        assert_eq!(artifacts.head(&name("a")).unwrap_err().code(), ErrorCode::NotFound);
    }
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
async fn conditions_decide_between_two_writers() {
    let directory = tempfile::tempdir().unwrap();
    for artifacts in both(&directory) {
        let create = Conditions { create_only: true, ..Conditions::default() };
        artifacts.put(name("a"), full("1"), create).await.unwrap();
        let refusal = artifacts.put(name("a"), full("2"), create).await.unwrap_err();
        assert_eq!(refusal.code(), ErrorCode::PreconditionFailed);

        let swap = Conditions { replaces: Some(Digest::of(b"1")), ..Conditions::default() };
        artifacts.put(name("a"), full("2"), swap).await.unwrap();
        let refusal = artifacts.put(name("a"), full("3"), swap).await.unwrap_err();
        assert_eq!(refusal.code(), ErrorCode::PreconditionFailed);
        assert_eq!(content(&artifacts, "a").await, b"2");
    }
}

#[tokio::test]
async fn an_artifact_at_the_limit_is_kept_and_one_byte_more_is_not() {
    let artifacts = Artifacts::in_memory(4);
    artifacts.put(name("a"), full("1234"), Conditions::default()).await.unwrap();
    let refusal = artifacts.put(name("a"), full("12345"), Conditions::default()).await.unwrap_err();
    assert_eq!(refusal.code(), ErrorCode::PayloadTooLarge);
}

#[tokio::test]
async fn shared_bytes_go_with_their_last_name() {
    let directory = tempfile::tempdir().unwrap();
    let blobs = || std::fs::read_dir(directory.path().join("blobs")).unwrap().count();
    let artifacts = Artifacts::in_directory(directory.path(), 1 << 20).unwrap();
    for text in ["a", "b"] {
        artifacts.put(name(text), full("same"), Conditions::default()).await.unwrap();
    }
    artifacts.delete(&name("a")).unwrap();
    assert_eq!((blobs(), content(&artifacts, "b").await.as_slice()), (1, &b"same"[..]));
    artifacts.delete(&name("b")).unwrap();
    assert_eq!(blobs(), 0);
}

#[tokio::test]
async fn a_directory_is_found_again_as_it_was_left() {
    let directory = tempfile::tempdir().unwrap();
    let open = || Artifacts::in_directory(directory.path(), 1 << 20).unwrap();
    open().put(name("a"), full("1"), Conditions::default()).await.unwrap();
    open().put(name("b"), full("2"), Conditions::default()).await.unwrap();
    open().delete(&name("a")).unwrap();
    std::fs::write(directory.path().join("blobs/incoming-x"), "half").unwrap();
    let page = open().list("", None);
    assert_eq!(page.artifacts.len(), 1);
    assert!(!directory.path().join("blobs/incoming-x").exists());
}

#[tokio::test]
async fn a_list_goes_on_behind_its_cursor() {
    let artifacts = Artifacts::in_memory(10);
    for number in 0..501 {
        let text = format!("p/{number:04}");
        artifacts.put(name(&text), full("x"), Conditions::default()).await.unwrap();
    }
    artifacts.put(name("q"), full("x"), Conditions::default()).await.unwrap();
    let first = artifacts.list("p/", None);
    assert_eq!((first.artifacts.len(), first.cursor.as_deref()), (500, Some("p/0499")));
    let second = artifacts.list("p/", first.cursor.as_deref());
    assert_eq!((second.artifacts.len(), second.cursor), (1, None));
}
