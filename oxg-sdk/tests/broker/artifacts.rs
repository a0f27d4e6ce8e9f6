use oxg_protocol::{Digest, ErrorCode};
use oxg_sdk::channel::{Body, BodyError};
use oxg_sdk::clients::ArtifactError;
use oxg_sdk::http::Method;
use oxg_sdk::prelude::*;

use crate::fake::{Call, FakeBroker, Reply, json as answer, refuse, reply, with_header};
use crate::probe::{probe, run};

fn stored(call: &Call, digest: Digest) -> Reply {
    let name = call.target.trim_start_matches("/v1/artifacts/");
    answer(json!({ "name": name, "digest": digest, "size": call.body.len() }))
}

/// A broker with a target whose page is `page`, that stores artifacts.
fn storing(page: &'static [u8]) -> FakeBroker {
    FakeBroker::new(move |call| match call.method {
        Method::PUT => Some(stored(call, Digest::of(&call.body))),
        _ if call.target.starts_with("http://") => Some(reply(200, page)),
        _ => None,
    })
    .task("t-1", json!({}))
}

#[tokio::test(start_paused = true)]
async fn a_page_streams_into_an_artifact() {
    static PAGE: [u8; 300_000] = [b'p'; 300_000];
    let broker = storing(&PAGE);
    let plugin = probe(|ctx, task| async move {
        let page = ctx.http().get("http://shop.test/").send().await?;
        let name = format!("{}/page.html", task.id());
        let info = ctx.artifacts().put(name, page.into_body()).await?;
        assert_eq!((info.digest, info.size), (Digest::of(&PAGE), 300_000));
        Ok(TaskOutcome::done())
    });
    assert_eq!(run(&broker, plugin).await.unwrap().completed, 1);
    let put = &broker.calls_to("/v1/artifacts/t-1/page.html")[0];
    assert_eq!(put.body.len(), 300_000);
    assert_eq!(put.header("oxg-task-id"), Some("t-1"));
}

#[tokio::test(start_paused = true)]
async fn bytes_announce_their_digest_up_front() {
    let broker = storing(b"");
    let plugin = probe(|ctx, _| async move {
        ctx.artifacts().put("a.txt", "hello").await?;
        Ok(TaskOutcome::done())
    });
    assert_eq!(run(&broker, plugin).await.unwrap().completed, 1);
    let put = &broker.calls_to("/a.txt")[0];
    let digest = Digest::of(b"hello").to_repr_digest();
    assert_eq!(put.header("repr-digest"), Some(digest.as_str()));
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_stored_something_else_is_found_out() {
    let broker = FakeBroker::new(|call| match call.method {
        Method::PUT => Some(stored(call, Digest::of(b"something else"))),
        _ => call.target.starts_with("http://").then(|| reply(200, "page")),
    })
    .task("t-1", json!({}));
    let plugin = probe(|ctx, _| async move {
        let page = ctx.http().get("http://shop.test/").send().await?;
        let streamed = ctx.artifacts().put("a", page.into_body()).await;
        let bytes = ctx.artifacts().put("a", "page").await;
        for result in [streamed, bytes] {
            assert!(matches!(result, Err(ArtifactError::DigestMismatch { .. })));
        }
        Ok(TaskOutcome::done())
    });
    assert_eq!(run(&broker, plugin).await.unwrap().completed, 1);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_breaks_off_stores_nothing() {
    let broker = storing(b"");
    let plugin = probe(|ctx, _| async move {
        let error = ctx.artifacts().put("a", Body::wrap(Broken)).await.unwrap_err();
        let failure = Failure::from(error);
        assert!(failure.to_string().contains("the disk is gone"), "{failure}");
        Ok(TaskOutcome::done())
    });
    assert_eq!(run(&broker, plugin).await.unwrap().completed, 1);
    assert!(broker.calls_to("/v1/artifacts/a").is_empty());
}

struct Broken;

impl http_body::Body for Broken {
    type Data = bytes::Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<std::result::Result<http_body::Frame<bytes::Bytes>, std::io::Error>>>
    {
        std::task::Poll::Ready(Some(Err(std::io::Error::other("the disk is gone"))))
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_read_is_checked() {
    let broker = FakeBroker::new(|call| {
        let digest = Digest::of(b"as stored");
        let body = match call.target.as_str() {
            "/v1/artifacts/good" => "as stored",
            "/v1/artifacts/bad" => "tampered!",
            "/v1/artifacts/bare" => return Some(reply(200, "as stored")),
            _ => return None,
        };
        Some(with_header(reply(200, body), "etag", &digest.to_etag()))
    })
    .task("t-1", json!({}));
    let plugin = probe(|ctx, _| async move {
        let good = ctx.artifacts().get("good").await?;
        assert_eq!(good.info().size, 9);
        assert_eq!(good.bytes(1 << 10).await?, "as stored");
        let bad = ctx.artifacts().get("bad").await?;
        let error = bad.bytes(1 << 10).await.unwrap_err();
        assert!(matches!(error, BodyError::DigestMismatch { .. }));
        let bare = ctx.artifacts().get("bare").await;
        assert!(matches!(bare, Err(ArtifactError::Unverifiable(_))));
        let outside = ctx.artifacts().get("../etc/passwd").await;
        assert!(matches!(outside, Err(ArtifactError::Name(_))));
        Ok(TaskOutcome::done())
    });
    assert_eq!(run(&broker, plugin).await.unwrap().completed, 1);
}

#[tokio::test(start_paused = true)]
async fn an_upload_goes_on_where_the_lost_connection_left_it() {
    use std::sync::{Arc, Mutex};

    let content: Vec<u8> = (0..20_000_000_u32).map(|n| (n % 251) as u8).collect();
    let kept = Arc::new(Mutex::new(Vec::new()));
    let (bytes, breaks) = (kept.clone(), Mutex::new(1));
    let broker = FakeBroker::new(move |call| {
        let mut kept = bytes.lock().unwrap();
        let upload =
            |offset: usize| answer(json!({ "id": "u-1", "offset": offset, "expires_in_ms": 1000 }));
        match (call.method.as_str(), call.target.as_str()) {
            ("POST", "/v1/uploads") | ("GET", "/v1/uploads/u-1") => Some(upload(kept.len())),
            ("PATCH", _) => {
                assert_eq!(call.header("upload-offset"), Some(kept.len().to_string().as_str()));
                let mut breaks = breaks.lock().unwrap();
                if !kept.is_empty() && *breaks > 0 {
                    *breaks -= 1;
                    kept.extend_from_slice(&call.body[..1000]);
                    return Some(Reply::HangUp);
                }
                kept.extend_from_slice(&call.body);
                Some(upload(kept.len()))
            }
            ("PUT", target) => {
                let digest = Digest::of(&kept);
                assert_eq!(target, format!("/v1/uploads/u-1?name=big%2Ea&digest={digest}"));
                assert_eq!(call.header("if-none-match"), Some("*"));
                Some(answer(json!({ "name": "big.a", "digest": digest, "size": kept.len() })))
            }
            _ => None,
        }
    })
    .task("t-1", json!({}));
    let sent = content.clone();
    let plugin = probe(move |ctx, _| {
        let sent = sent.clone();
        async move {
            let told = Arc::new(Mutex::new(Vec::new()));
            let tell = told.clone();
            let info = ctx
                .artifacts()
                .put("big.a", Body::wrap(http_body_util::Full::new(bytes::Bytes::from(sent))))
                .if_absent()
                .progress(move |progress| tell.lock().unwrap().push(progress.done))
                .await?;
            assert_eq!(info.size, 20_000_000);
            assert_eq!(*told.lock().unwrap(), [8 << 20, 16 << 20, 20_000_000]);
            Ok(TaskOutcome::done())
        }
    });
    assert_eq!(run(&broker, plugin).await.unwrap().completed, 1);
    assert!(*kept.lock().unwrap() == content);
    assert_eq!(broker.calls_to("/u-1").iter().filter(|call| call.method == Method::GET).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn conditions_and_files_go_both_ways() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().to_owned();
    std::fs::write(root.join("in"), "from a file").unwrap();
    let broker = FakeBroker::new(|call| match call.method {
        Method::PUT => Some(stored(call, Digest::of(&call.body))),
        Method::GET if call.target.contains("?prefix=") => {
            let page = |name: &str, cursor: Option<&str>| {
                let info = json!({ "name": name, "digest": Digest::of(b""), "size": 0 });
                answer(json!({ "artifacts": [info], "cursor": cursor }))
            };
            let more = call.target.contains("cursor=");
            Some(if more { page("b", None) } else { page("a", Some("a")) })
        }
        Method::GET if call.target.starts_with("/v1/artifacts/") => {
            let tag = Digest::of(b"from a file").to_etag();
            Some(with_header(reply(200, "from a file"), "etag", &tag))
        }
        _ => None,
    })
    .task("t-1", json!({}));
    let plugin = probe(move |ctx, _| {
        let root = root.clone();
        async move {
            let artifacts = ctx.artifacts();
            let info =
                artifacts.put_file("a", root.join("in")).if_match(Digest::of(b"old")).await?;
            assert_eq!(info.digest, Digest::of(b"from a file"));
            artifacts.get("a").await?.to_file(root.join("out")).await?;
            assert_eq!(std::fs::read_to_string(root.join("out")).unwrap(), "from a file");
            assert_eq!(std::fs::read_dir(&root).unwrap().count(), 2);
            let missing = artifacts.put_file("a", root.join("missing")).await;
            assert!(matches!(missing, Err(ArtifactError::File { .. })));
            let mut list = artifacts.list("");
            let mut names = Vec::new();
            while let Some(info) = list.next().await? {
                names.push(info.name.to_string());
            }
            assert_eq!(names, ["a", "b"]);
            Ok(TaskOutcome::done())
        }
    });
    assert_eq!(run(&broker, plugin).await.unwrap().completed, 1);
    let put = broker.calls().into_iter().find(|call| call.method == Method::PUT).unwrap();
    assert_eq!(put.header("if-match"), Some(Digest::of(b"old").to_etag().as_str()));
}

#[tokio::test(start_paused = true)]
async fn a_name_that_holds_a_secret_does_not_leave_the_plugin() {
    const VALUE: &str = "s3cr3t-of-the-shop";
    let redactor = oxg_sdk::redact::Redactor::default();
    redactor.register(VALUE).unwrap();
    let broker = FakeBroker::well_behaved().task("t-1", json!({}));
    let plugin = probe(|ctx, _| async move {
        let put = ctx.artifacts().put(format!("pages/{VALUE}.html"), "x").await;
        let Err(ArtifactError::SecretName { name }) = put else { panic!("{put:?}") };
        assert_eq!(name, "pages/[REDACTED_SECRET].html");
        Ok(TaskOutcome::done())
    });
    let run = crate::probe::runtime(&broker, plugin).redactor(redactor);
    assert_eq!(run.run(std::future::pending()).await.unwrap().completed, 1);
    assert!(broker.calls().iter().all(|call| call.method != Method::PUT));
}

#[tokio::test(start_paused = true)]
async fn a_closing_that_fails_for_now_is_asked_for_again_and_nothing_is_sent_twice() {
    use std::sync::Mutex;

    let (kept, refusals) = (Mutex::new(Vec::new()), Mutex::new(6));
    let broker = FakeBroker::new(move |call| {
        let mut kept = kept.lock().unwrap();
        match (call.method.as_str(), call.target.as_str()) {
            ("POST", "/v1/uploads") | ("PATCH", _) => {
                kept.extend_from_slice(&call.body);
                if call.method == Method::POST {
                    kept.clear();
                }
                Some(answer(json!({ "id": "u-1", "offset": kept.len(), "expires_in_ms": 1000 })))
            }
            ("PUT", _) => {
                let mut refusals = refusals.lock().unwrap();
                if *refusals > 0 {
                    *refusals -= 1;
                    return Some(refuse(ErrorCode::Unavailable));
                }
                let digest = Digest::of(&kept);
                Some(answer(json!({ "name": "a", "digest": digest, "size": kept.len() })))
            }
            _ => None,
        }
    })
    .task("t-1", json!({}));
    let plugin = probe(|ctx, _| async move {
        let content = bytes::Bytes::from(vec![7; 9 << 20]);
        let info = ctx.artifacts().put("a", content).await?;
        assert_eq!(info.size, 9 << 20);
        Ok(TaskOutcome::done())
    });
    assert_eq!(run(&broker, plugin).await.unwrap().completed, 1);
    let pieces = broker.calls().iter().filter(|call| call.method == Method::PATCH).count();
    assert_eq!(pieces, 2);
    assert!(broker.calls().iter().all(|call| call.method != Method::DELETE));
}
