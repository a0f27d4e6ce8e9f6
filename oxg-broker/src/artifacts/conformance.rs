//! The rules that every store of artifacts keeps, and whoever holds them to it.

use std::pin::Pin;
use std::sync::Arc;

use http_body_util::BodyExt as _;
use oxg_protocol::artifact::ArtifactInfo;
use oxg_protocol::{ArtifactName, Digest, ErrorCode, Limits};

use super::{Artifacts, ByteRange, Conditions, Uploads};
use crate::body::full;
use crate::error::Refusal;

/// Where stores are opened, one for each plugin.
pub(super) trait Place: Sync {
    fn open(&self, plugin: &str, limits: &Limits) -> Artifacts;
}

impl<F: Fn(&str, &Limits) -> Artifacts + Sync> Place for F {
    fn open(&self, plugin: &str, limits: &Limits) -> Artifacts {
        self(plugin, limits)
    }
}

type Rule = fn(&dyn Place) -> Pin<Box<dyn Future<Output = ()> + '_>>;

macro_rules! rules {
    ($($rule:ident),* $(,)?) => {
        &[$((stringify!($rule), |place| Box::pin($rule(place)))),*]
    };
}

const RULES: &[(&str, Rule)] = rules![
    content_of_any_size_comes_back_with_its_digest,
    names_that_look_alike_are_kept_apart,
    of_two_writers_with_a_condition_one_is_told,
    wrong_bytes_change_nothing,
    a_range_has_the_bytes_that_were_asked_for,
    a_list_is_in_order_and_knows_its_prefix,
    what_is_deleted_is_gone_and_its_name_is_free,
    a_delete_can_be_bound_to_what_was_seen,
    the_quota_refuses_what_is_new_and_lets_what_is_there_be_replaced,
    what_is_on_its_way_takes_room_until_it_is_cancelled,
    pieces_in_order_become_the_artifact,
    an_upload_outlives_a_refused_closing,
    plugins_do_not_see_each_others_artifacts,
];

/// Rules that need many artifacts: too much for a slow server.
const LONG_RULES: &[(&str, Rule)] = rules![a_list_goes_on_behind_its_cursor];

/// Holds a store to all rules.
pub(super) async fn holds(place: &dyn Place) {
    for (name, rule) in RULES.iter().chain(LONG_RULES) {
        println!("{name}");
        rule(place).await;
    }
}

/// Holds a store behind a slow server to the rules, all at a time.
#[cfg(feature = "object-store")]
pub(super) async fn holds_on_a_server(place: &dyn Place) {
    let rules = RULES.iter().map(|(name, rule)| async move {
        rule(place).await;
        println!("{name}");
    });
    futures_util::future::join_all(rules).await;
}

pub(super) fn name(text: &str) -> ArtifactName {
    text.parse().unwrap()
}

pub(super) async fn put(
    artifacts: &Artifacts,
    text: &str,
    content: impl Into<bytes::Bytes>,
) -> Result<ArtifactInfo, Refusal> {
    artifacts.put(name(text), full(content), Conditions::default()).await
}

pub(super) async fn content(artifacts: &Artifacts, text: &str) -> Vec<u8> {
    part(artifacts, text, None).await.unwrap()
}

async fn part(
    artifacts: &Artifacts,
    text: &str,
    range: Option<ByteRange>,
) -> Result<Vec<u8>, Refusal> {
    let found = artifacts.get(&name(text), range).await?;
    Ok(found.body.collect().await.unwrap().to_bytes().to_vec())
}

pub(super) fn create() -> Conditions {
    Conditions { create_only: true, ..Conditions::default() }
}

pub(super) fn replacing(content: &[u8]) -> Conditions {
    Conditions { replaces: Some(Digest::of(content)), ..Conditions::default() }
}

pub(super) fn claiming(content: &[u8]) -> Conditions {
    Conditions { digest: Some(Digest::of(content)), ..Conditions::default() }
}

fn code<T>(result: Result<T, Refusal>) -> Option<ErrorCode> {
    result.err().map(|refusal| refusal.code())
}

fn limits(total: u64, count: u64) -> Limits {
    let mut limits = Limits::default();
    (limits.artifact_total_bytes, limits.artifact_count) = (total, count);
    limits
}

async fn content_of_any_size_comes_back_with_its_digest(place: &dyn Place) {
    let artifacts = place.open("sizes", &Limits::default());
    for size in [0, 1, 100_000, (8 << 20) - 1, 8 << 20, (8 << 20) + 1, 20_000_001] {
        let bytes: Vec<u8> = (0..size).map(|n: u32| (n % 251) as u8).collect();
        let info = put(&artifacts, "a", bytes.clone()).await.unwrap();
        assert_eq!((info.digest, info.size), (Digest::of(&bytes), u64::from(size)));
        assert_eq!(artifacts.head(&name("a")).await.unwrap(), info);
        assert!(content(&artifacts, "a").await == bytes, "{size} bytes");
    }
    assert_eq!(code(artifacts.head(&name("b")).await), Some(ErrorCode::NotFound));
}

async fn names_that_look_alike_are_kept_apart(place: &dyn Place) {
    let artifacts = place.open("names", &Limits::default());
    let long = format!("{}/{}", "d".repeat(250), "e".repeat(250));
    let names = [
        "a",
        "a/b",
        "a/b/c",
        "A",
        "a b",
        "a+b",
        "a%b",
        "a&b=c",
        "a#b",
        "a?b",
        "a*b",
        "a'b",
        "a~b",
        "a[b]",
        "a{b}",
        "a|b",
        "a\"b",
        "a<b>",
        "a^b",
        "a`b",
        "a;b",
        "a,b",
        "a@b",
        "a!b",
        "a$b",
        "\u{e9}",
        "e\u{301}",
        "\u{6f22}/\u{1f980}",
        ".hidden",
        "index.jsonl",
        &long,
    ];
    for name in names {
        put(&artifacts, name, name.to_owned()).await.unwrap();
    }
    for name in names {
        assert_eq!(content(&artifacts, name).await, name.as_bytes());
    }
    let mut sorted = names.to_vec();
    sorted.sort_unstable();
    let page = artifacts.list("", None).await.unwrap();
    let listed: Vec<_> = page.artifacts.iter().map(|info| info.name.as_str()).collect();
    assert_eq!(listed, sorted);
}

async fn of_two_writers_with_a_condition_one_is_told(place: &dyn Place) {
    let artifacts = place.open("conditions", &Limits::default());
    let put = |text: &'static str, conditions| artifacts.put(name("a"), full(text), conditions);
    put("1", create()).await.unwrap();
    assert_eq!(code(put("2", create()).await), Some(ErrorCode::PreconditionFailed));
    put("2", replacing(b"1")).await.unwrap();
    assert_eq!(code(put("3", replacing(b"1")).await), Some(ErrorCode::PreconditionFailed));
    assert_eq!(content(&artifacts, "a").await, b"2");
}

async fn wrong_bytes_change_nothing(place: &dyn Place) {
    let artifacts = place.open("digests", &Limits::default());
    put(&artifacts, "a", "old").await.unwrap();
    let wrong = artifacts.put(name("a"), full("nwe"), claiming(b"new")).await;
    assert_eq!(code(wrong), Some(ErrorCode::DigestMismatch));
    assert_eq!(content(&artifacts, "a").await, b"old");
}

async fn a_range_has_the_bytes_that_were_asked_for(place: &dyn Place) {
    let artifacts = place.open("ranges", &Limits::default());
    put(&artifacts, "a", "0123456789").await.unwrap();
    put(&artifacts, "empty", "").await.unwrap();
    for (range, expected) in
        [("2-4", "234"), ("8-", "89"), ("-3", "789"), ("9-9", "9"), ("5-100", "56789")]
    {
        let range = ByteRange::parse(&format!("bytes={range}"));
        assert_eq!(part(&artifacts, "a", range).await.unwrap(), expected.as_bytes());
    }
    for (name, range) in [("a", ByteRange::From(10)), ("empty", ByteRange::From(0))] {
        let refusal = part(&artifacts, name, Some(range)).await.unwrap_err();
        assert_eq!(refusal.code(), ErrorCode::RangeNotSatisfiable);
        assert_eq!(refusal.size, Some(if name == "a" { 10 } else { 0 }));
    }
}

async fn a_list_is_in_order_and_knows_its_prefix(place: &dyn Place) {
    let artifacts = place.open("lists", &Limits::default());
    for text in ["q/1", "p/3", "p.x", "p/2", "p", "p/20", "p-"] {
        put(&artifacts, text, "x").await.unwrap();
    }
    let names = async |prefix: &str, cursor: Option<&str>| -> Vec<String> {
        let page = artifacts.list(prefix, cursor).await.unwrap();
        assert_eq!(page.cursor, None);
        page.artifacts.iter().map(|info| info.name.to_string()).collect()
    };
    assert_eq!(names("", None).await, ["p", "p-", "p.x", "p/2", "p/20", "p/3", "q/1"]);
    assert_eq!(names("p/", None).await, ["p/2", "p/20", "p/3"]);
    assert_eq!(names("p/2", None).await, ["p/2", "p/20"], "the prefix may be all of a name");
    assert_eq!(names("p/", Some("p/2")).await, ["p/20", "p/3"]);
    assert_eq!(names("p/2", Some("p/2")).await, ["p/20"]);
    assert_eq!(names("q", Some("q/1")).await, [""; 0]);
    for nothing in ["r", "p/9", "..", "//", "p//", "\u{0}"] {
        assert_eq!(names(nothing, None).await, [""; 0], "{nothing:?}");
    }
}

async fn a_list_goes_on_behind_its_cursor(place: &dyn Place) {
    let artifacts = place.open("long-lists", &Limits::default());
    let names: Vec<_> = (0..501).map(|number| format!("p/{number:04}")).collect();
    for text in names.iter().rev() {
        put(&artifacts, text, "x").await.unwrap();
    }
    put(&artifacts, "q", "x").await.unwrap();
    let first = artifacts.list("p/", None).await.unwrap();
    let listed: Vec<_> = first.artifacts.iter().map(|info| info.name.to_string()).collect();
    assert_eq!((&listed[..], first.cursor.as_deref()), (&names[..500], Some("p/0499")));
    let second = artifacts.list("p/", first.cursor.as_deref()).await.unwrap();
    assert_eq!((second.artifacts.len(), second.cursor), (1, None));
}

async fn what_is_deleted_is_gone_and_its_name_is_free(place: &dyn Place) {
    let artifacts = place.open("deletes", &Limits::default());
    for text in ["a", "b"] {
        put(&artifacts, text, "same").await.unwrap();
    }
    artifacts.delete(&name("a"), Conditions::default()).await.unwrap();
    let again = artifacts.delete(&name("a"), Conditions::default()).await;
    assert_eq!(code(again), Some(ErrorCode::NotFound));
    assert_eq!(code(part(&artifacts, "a", None).await), Some(ErrorCode::NotFound));
    assert_eq!(content(&artifacts, "b").await, b"same", "equal bytes of another name stay");
    artifacts.put(name("a"), full("new"), create()).await.unwrap();
    assert_eq!(content(&artifacts, "a").await, b"new");
}

async fn a_delete_can_be_bound_to_what_was_seen(place: &dyn Place) {
    let artifacts = place.open("bound-deletes", &Limits::default());
    for _ in 0..2 {
        artifacts.put(name("a"), full("1"), create()).await.unwrap();
        let other = artifacts.delete(&name("a"), replacing(b"2")).await;
        assert_eq!(code(other), Some(ErrorCode::PreconditionFailed));
        artifacts.delete(&name("a"), replacing(b"1")).await.unwrap();
        assert_eq!(code(artifacts.head(&name("a")).await), Some(ErrorCode::NotFound));
        assert!(artifacts.list("", None).await.unwrap().artifacts.is_empty());
        let again = artifacts.delete(&name("a"), replacing(b"1")).await;
        assert_eq!(code(again), Some(ErrorCode::NotFound));
        let swap = artifacts.put(name("a"), full("2"), replacing(b"1")).await;
        assert_eq!(code(swap), Some(ErrorCode::PreconditionFailed));
    }
}

async fn the_quota_refuses_what_is_new_and_lets_what_is_there_be_replaced(place: &dyn Place) {
    let artifacts = place.open("quota", &limits(10, 2));
    put(&artifacts, "a", "12345").await.unwrap();
    put(&artifacts, "b", "12345").await.unwrap();
    assert_eq!(code(put(&artifacts, "b", "123456").await), Some(ErrorCode::PayloadTooLarge));
    put(&artifacts, "b", "54321").await.unwrap();
    put(&artifacts, "a", "").await.unwrap();
    assert_eq!(code(put(&artifacts, "c", "").await), Some(ErrorCode::PayloadTooLarge));
    artifacts.delete(&name("a"), Conditions::default()).await.unwrap();
    put(&artifacts, "c", "").await.unwrap();
}

async fn what_is_on_its_way_takes_room_until_it_is_cancelled(place: &dyn Place) {
    let mut limits = limits(10, 10);
    limits.artifact_bytes = 4;
    let artifacts = Arc::new(place.open("room", &limits));
    let uploads = Uploads::new(artifacts.clone(), &limits);
    put(&artifacts, "a", "1234").await.unwrap();
    let mut open = Vec::new();
    for _ in 0..2 {
        let id = uploads.begin().await.unwrap().id;
        uploads.append(&id, 0, full("1234")).await.unwrap();
        open.push(id);
    }
    let id = uploads.begin().await.unwrap().id;
    // 4 are stored and 8 on their way, of 14 in all.
    let refused = uploads.append(&id, 0, full("123")).await;
    assert_eq!(code(refused), Some(ErrorCode::PayloadTooLarge));
    assert_eq!(code(put(&artifacts, "b", "123").await), Some(ErrorCode::PayloadTooLarge));
    uploads.append(&id, 0, full("12")).await.unwrap();
    uploads.cancel(&open[0]);
    uploads.append(&id, 2, full("34")).await.unwrap();
}

async fn pieces_in_order_become_the_artifact(place: &dyn Place) {
    let artifacts = Arc::new(place.open("pieces", &Limits::default()));
    let uploads = Uploads::new(artifacts.clone(), &Limits::default());
    let bytes: Vec<u8> = (0..18_000_000_u32).map(|n| (n % 253) as u8).collect();
    let id = uploads.begin().await.unwrap().id;
    let mut at = 0;
    for piece in bytes.chunks(5_000_000) {
        let wrong = uploads.append(&id, at + 1, full(piece.to_vec())).await.unwrap_err();
        assert_eq!((wrong.code(), wrong.offset), (ErrorCode::RangeNotSatisfiable, Some(at)));
        at = uploads.append(&id, at, full(piece.to_vec())).await.unwrap().offset;
        assert_eq!(uploads.progress(&id).unwrap().offset, at);
    }
    for _ in 0..2 {
        // The second time as a client does that did not get the answer.
        let info = uploads.close(&id, name("a"), claiming(&bytes)).await.unwrap();
        assert_eq!((info.digest, info.size), (Digest::of(&bytes), 18_000_000));
    }
    assert!(content(&artifacts, "a").await == bytes);
    let other = uploads.close(&id, name("b"), claiming(&bytes)).await;
    assert_eq!(code(other), Some(ErrorCode::Conflict));
    assert_eq!(code(uploads.append(&id, at, full("x")).await), Some(ErrorCode::Conflict));
}

async fn an_upload_outlives_a_refused_closing(place: &dyn Place) {
    let one = limits(1 << 30, 1);
    let artifacts = Arc::new(place.open("closings", &one));
    let uploads = Uploads::new(artifacts.clone(), &one);
    put(&artifacts, "a", "old").await.unwrap();
    for size in [10, 9_000_000] {
        let bytes = vec![b'n'; size];
        let id = uploads.begin().await.unwrap().id;
        uploads.append(&id, 0, full(bytes[..size - 1].to_vec())).await.unwrap();
        let close = async |text: &str, conditions| uploads.close(&id, name(text), conditions).await;
        let only_new = Conditions { create_only: true, ..claiming(&bytes) };
        assert_eq!(code(close("a", only_new).await), Some(ErrorCode::DigestMismatch));
        uploads.append(&id, size as u64 - 1, full("n")).await.unwrap();
        assert_eq!(code(close("a", only_new).await), Some(ErrorCode::PreconditionFailed));
        assert_eq!(code(close("b", only_new).await), Some(ErrorCode::PayloadTooLarge));
        close("a", claiming(&bytes)).await.unwrap();
        assert!(content(&artifacts, "a").await == bytes);
    }
}

async fn plugins_do_not_see_each_others_artifacts(place: &dyn Place) {
    let (one, two) =
        (place.open("one", &Limits::default()), place.open("one-more", &Limits::default()));
    put(&one, "a", "mine").await.unwrap();
    assert_eq!(code(two.head(&name("a")).await), Some(ErrorCode::NotFound));
    assert!(two.list("", None).await.unwrap().artifacts.is_empty());
    two.put(name("a"), full("theirs"), create()).await.unwrap();
    assert_eq!(content(&one, "a").await, b"mine");
}
