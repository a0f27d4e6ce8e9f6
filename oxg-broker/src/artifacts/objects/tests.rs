use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use object_store::aws::AmazonS3Builder;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutPayload};
use oxg_protocol::{Digest, ErrorCode, Limits};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::faulty::Faulty;
use super::garbage::{collect, stores_clock};
use super::{ObjectArtifacts, ObjectStoreError};
use crate::artifacts::conformance::{self, content, create, name, put, replacing};
use crate::artifacts::store::{ArtifactStore as _, Quota};
use crate::artifacts::{Artifacts, Conditions, Uploads};
use crate::body::full;

fn in_memory() -> ObjectArtifacts {
    ObjectArtifacts { store: Arc::new(InMemory::new()), root: Path::from("fleet") }
}

fn broker(objects: &ObjectArtifacts, plugin: &str) -> Artifacts {
    Artifacts::in_objects(objects, plugin, &Limits::default())
}

async fn keys(objects: &ObjectArtifacts, under: &str) -> Vec<String> {
    let prefix = Path::from(under);
    let found: Vec<_> = objects.store.list(Some(&prefix)).try_collect().await.unwrap();
    found.iter().map(|object| object.location.to_string()).collect()
}

#[tokio::test]
async fn a_store_of_objects_keeps_the_rules() {
    let objects = in_memory();
    objects.probe("memory").await.unwrap();
    conformance::holds(&|plugin: &str, limits: &Limits| {
        Artifacts::in_objects(&objects, plugin, limits)
    })
    .await;
}

#[tokio::test]
async fn a_fleet_on_one_store_keeps_the_rules() {
    fleet(&in_memory()).await;
}

/// What holds between brokers on one store.
async fn fleet(objects: &ObjectArtifacts) {
    of_brokers_that_create_a_name_one_gets_it(objects).await;
    no_change_of_a_broker_that_swaps_is_lost(objects).await;
    what_one_broker_changes_the_others_see(objects).await;
    bytes_without_a_name_go_and_no_others(objects).await;
}

async fn of_brokers_that_create_a_name_one_gets_it(objects: &ObjectArtifacts) {
    let mut creating = JoinSet::new();
    for number in 0..8 {
        let artifacts = broker(objects, "creators");
        creating.spawn(async move {
            let created = artifacts.put(name("a"), full(number.to_string()), create()).await;
            artifacts.settle().await;
            created.map_err(|refusal| refusal.code())
        });
    }
    let results = creating.join_all().await;
    let won: Vec<_> = results.iter().filter_map(|result| result.as_ref().ok()).collect();
    assert_eq!(won.len(), 1, "{results:?}");
    let lost = results.iter().filter(|r| **r == Err(ErrorCode::PreconditionFailed)).count();
    assert_eq!(lost, 7, "{results:?}");
    let kept = content(&broker(objects, "creators"), "a").await;
    assert_eq!(Digest::of(&kept), won[0].digest);
    assert_eq!(keys(objects, "fleet/creators/blobs").await.len(), 1, "the others' bytes are gone");
}

async fn no_change_of_a_broker_that_swaps_is_lost(objects: &ObjectArtifacts) {
    put(&broker(objects, "swappers"), "sum", "0").await.unwrap();
    let mut adding = JoinSet::new();
    for _ in 0..4 {
        let artifacts = broker(objects, "swappers");
        adding.spawn(async move {
            let mut done = 0;
            while done < 5 {
                let before = content(&artifacts, "sum").await;
                let sum: u32 = std::str::from_utf8(&before).unwrap().parse().unwrap();
                let next = full((sum + 1).to_string());
                match artifacts.put(name("sum"), next, replacing(&before)).await {
                    Ok(_) => done += 1,
                    Err(refusal) => assert_eq!(refusal.code(), ErrorCode::PreconditionFailed),
                }
            }
            artifacts.settle().await;
        });
    }
    adding.join_all().await;
    assert_eq!(content(&broker(objects, "swappers"), "sum").await, b"20");
    assert_eq!(keys(objects, "fleet/swappers/blobs").await.len(), 1);
}

async fn what_one_broker_changes_the_others_see(objects: &ObjectArtifacts) {
    let (one, two) = (broker(objects, "peers"), broker(objects, "peers"));
    put(&one, "a", "1").await.unwrap();
    assert_eq!(content(&two, "a").await, b"1");
    put(&two, "a", "2").await.unwrap();
    assert_eq!(content(&one, "a").await, b"2");
    one.delete(&name("a"), Conditions::default()).await.unwrap();
    assert!(two.list("", None).await.unwrap().artifacts.is_empty());
    two.put(name("a"), full("3"), create()).await.unwrap();
    assert_eq!(content(&one, "a").await, b"3");
}

async fn bytes_without_a_name_go_and_no_others(objects: &ObjectArtifacts) {
    let artifacts = broker(objects, "garbage");
    put(&artifacts, "kept", "1").await.unwrap();
    let left = Path::from("fleet/garbage/blobs/0123");
    objects.store.put(&left, PutPayload::from_static(b"left")).await.unwrap();
    let quota = Quota::of(&Limits::default());
    let plugin = objects.of_plugin("garbage", quota, TaskTracker::new());
    let now = stores_clock(plugin.shared()).await.unwrap();
    let hour = Duration::from_secs(3600);
    assert_eq!(collect(plugin.shared(), &now, hour).await.unwrap(), 0, "it may still get a name");
    assert_eq!(collect(plugin.shared(), &now, Duration::ZERO).await.unwrap(), 1);
    assert_eq!(keys(objects, "fleet/garbage/blobs").await.len(), 1);
    assert_eq!(content(&artifacts, "kept").await, b"1");
}

#[tokio::test]
async fn a_cancelled_upload_leaves_nothing_and_neither_does_a_replaced_artifact() {
    let objects = in_memory();
    let artifacts = Arc::new(broker(&objects, "p"));
    let uploads = Uploads::new(artifacts.clone(), &Limits::default());
    let id = uploads.begin().await.unwrap().id;
    uploads.append(&id, 0, full(vec![1; 9 << 20])).await.unwrap();
    uploads.cancel(&id);
    for text in ["1", "2"] {
        put(&artifacts, "a", text).await.unwrap();
    }
    artifacts.settle().await;
    assert_eq!(keys(&objects, "fleet/p/blobs").await.len(), 1);
}

#[tokio::test]
async fn another_broker_counts_what_is_stored_before_it_takes_more() {
    let objects = in_memory();
    let mut limits = Limits::default();
    limits.artifact_total_bytes = 10;
    let open = || Artifacts::in_objects(&objects, "p", &limits);
    put(&open(), "a", "12345678").await.unwrap();
    let other = open();
    let refusal = put(&other, "b", "123").await.unwrap_err();
    assert_eq!(refusal.code(), ErrorCode::PayloadTooLarge);
    put(&other, "b", "12").await.unwrap();
}

#[tokio::test]
async fn a_reference_without_its_bytes_is_an_error_and_no_endless_search() {
    let objects = in_memory();
    let artifacts = broker(&objects, "p");
    put(&artifacts, "a", "1").await.unwrap();
    for key in keys(&objects, "fleet/p/blobs").await {
        objects.store.delete(&Path::from(key)).await.unwrap();
    }
    let refusal = artifacts.get(&name("a"), None).await.err().unwrap();
    assert_eq!(refusal.code(), ErrorCode::Unavailable);
    let long = format!("{}/{}", "a".repeat(255), "b/".repeat(380) + "b");
    let refusal = put(&artifacts, &long, "1").await.unwrap_err();
    assert_eq!(refusal.code(), ErrorCode::InvalidRequest, "{}", refusal.detail);
    let stored = objects.of_plugin("p", Quota::of(&Limits::default()), TaskTracker::new());
    assert_eq!(stored.head(&name(&long)).await.unwrap_err().code(), ErrorCode::NotFound);
}

#[tokio::test]
async fn a_location_that_cannot_be_meant_is_refused_with_what_to_write() {
    for location in
        ["", "bucket", "/tmp/x", "file:///tmp", "http://x/y", "s3://", "s3:///a", "s3://b/a?x=1"]
    {
        let error = ObjectArtifacts::connect(location).await.unwrap_err();
        assert!(matches!(error, ObjectStoreError::Location { .. }), "{location}: {error}");
        assert!(error.to_string().contains("s3://BUCKET/PREFIX"), "{error}");
    }
    let error = ObjectArtifacts::connect("s3://id:hunter2@bucket/").await.unwrap_err();
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

fn faulty() -> (Arc<Faulty>, ObjectArtifacts) {
    let store = Arc::new(Faulty::default());
    let objects = ObjectArtifacts { store: store.clone(), root: Path::from("fleet") };
    (store, objects)
}

#[tokio::test]
async fn a_closing_whose_answer_the_store_lost_is_asked_for_again() {
    let (store, objects) = faulty();
    let artifacts = Arc::new(broker(&objects, "p"));
    let uploads = Uploads::new(artifacts.clone(), &Limits::default());
    let id = uploads.begin().await.unwrap().id;
    uploads.append(&id, 0, full("first")).await.unwrap();
    store.lose_answers(1);
    let lost = uploads.close(&id, name("a"), create()).await.unwrap_err();
    assert_eq!(lost.code(), ErrorCode::Unavailable);
    uploads.close(&id, name("a"), create()).await.unwrap();
    assert_eq!(content(&artifacts, "a").await, b"first");
    assert_eq!(keys(&objects, "fleet/p/blobs").await.len(), 1);
}

#[tokio::test]
async fn a_closing_that_is_asked_for_again_never_names_bytes_that_another_broker_removed() {
    let (store, objects) = faulty();
    let (one, two) = (Arc::new(broker(&objects, "p")), broker(&objects, "p"));
    let uploads = Uploads::new(one.clone(), &Limits::default());
    for gone in [false, true] {
        let id = uploads.begin().await.unwrap().id;
        uploads.append(&id, 0, full("first")).await.unwrap();
        store.lose_answers(1);
        uploads.close(&id, name("a"), Conditions::default()).await.unwrap_err();
        if gone {
            two.delete(&name("a"), Conditions::default()).await.unwrap();
        } else {
            put(&two, "a", "second").await.unwrap();
        }
        uploads.close(&id, name("a"), Conditions::default()).await.unwrap();
        one.settle().await;
        if gone {
            let refusal = two.get(&name("a"), None).await.err().unwrap();
            assert_eq!(refusal.code(), ErrorCode::NotFound, "{}", refusal.detail);
        } else {
            assert_eq!(content(&two, "a").await, b"second");
        }
    }
}

#[tokio::test]
async fn a_write_that_the_store_did_not_take_can_be_asked_for_again() {
    let (store, objects) = faulty();
    let artifacts = Arc::new(broker(&objects, "p"));
    let uploads = Uploads::new(artifacts.clone(), &Limits::default());
    let id = uploads.begin().await.unwrap().id;
    uploads.append(&id, 0, full("first")).await.unwrap();
    for _ in 0..2 {
        store.refuse_names(1);
        let refused = uploads.close(&id, name("a"), create()).await.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::Unavailable);
    }
    uploads.close(&id, name("a"), create()).await.unwrap();
    assert_eq!(content(&artifacts, "a").await, b"first");
}

#[tokio::test]
async fn an_upload_whose_part_fails_is_over_and_leaves_nothing() {
    let (store, objects) = faulty();
    let artifacts = broker(&objects, "p");
    let large = vec![7; 20 << 20];
    store.refuse_parts(1);
    let refusal = put(&artifacts, "a", large.clone()).await.unwrap_err();
    assert_eq!(refusal.code(), ErrorCode::Unavailable);
    artifacts.settle().await;
    for under in ["fleet/p/blobs", "fleet/p/names"] {
        assert_eq!(keys(&objects, under).await, Vec::<String>::new());
    }
    put(&artifacts, "a", large.clone()).await.unwrap();
    assert!(content(&artifacts, "a").await == large);
}

/// A server that speaks S3, and a bucket in it. It ends with the test.
struct S3 {
    objects: ObjectArtifacts,
    _server: Child,
}

impl S3 {
    /// `None` where there is no such server to start.
    async fn start() -> Option<Self> {
        let program = std::env::var_os("OXG_TEST_MOTO_SERVER").unwrap_or("moto_server".into());
        let spawned = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", "0"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        let mut server = match spawned {
            Ok(server) => server,
            Err(error) => {
                assert!(std::env::var_os("OXG_TEST_REQUIRE_MOTO").is_none(), "moto: {error}");
                eprintln!(
                    "SKIPPED: no moto_server ({error}); python3 -m pip install 'moto[server]', or \
                     set OXG_TEST_MOTO_SERVER"
                );
                return None;
            }
        };
        let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
        let address = timeout(Duration::from_secs(30), async {
            loop {
                let line = lines.next_line().await.unwrap().expect("the address");
                if let Some((_, address)) = line.split_once("Running on http://") {
                    return address.trim().parse::<SocketAddr>().unwrap();
                }
            }
        });
        let address = address.await.expect("moto starts");
        // A full pipe would stop it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        make_bucket(address).await;
        let store = AmazonS3Builder::new()
            .with_bucket_name("oxg-test")
            .with_region("us-east-1")
            .with_endpoint(format!("http://{address}"))
            .with_allow_http(true)
            .with_access_key_id("test")
            .with_secret_access_key("test")
            .build()
            .unwrap();
        let store: Arc<dyn ObjectStore> = Arc::new(store);
        Some(Self { objects: ObjectArtifacts { store, root: "fleet".into() }, _server: server })
    }
}

async fn make_bucket(address: SocketAddr) {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!(
        "PUT /oxg-test HTTP/1.1\r\nhost: {address}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn a_server_that_speaks_s3_keeps_the_rules() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let Some(S3 { objects, _server }) = S3::start().await else { return };
    objects.probe("moto").await.unwrap();
    conformance::holds_on_a_server(&|plugin: &str, limits: &Limits| {
        Artifacts::in_objects(&objects, plugin, limits)
    })
    .await;
}

#[tokio::test]
async fn a_fleet_on_a_server_that_speaks_s3_keeps_the_rules() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let Some(S3 { objects, _server }) = S3::start().await else { return };
    fleet(&objects).await;
}
