//! Artifacts over the wire.

use std::path::Path;

use bytes::Bytes;
use http_body_util::Full;
use oxg_broker::Broker;
use oxg_protocol::artifact::{ArtifactInfo, ArtifactPage};
use oxg_protocol::{Digest, ErrorCode};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use crate::support::{Plugin, Reply, converse, limits, manifest_of, until};

fn on_disk(directory: &Path) -> Plugin {
    Plugin::of(Broker::builder().directory(directory).build().unwrap())
}

/// Ends the broker; another may have its directory then.
async fn end(plugin: Plugin) {
    plugin.broker.shutdown().await;
}

async fn put(plugin: &Plugin, name: &str, body: &str, fields: &[(&str, &str)]) -> Reply {
    let mut request = plugin.request("PUT", &format!("/v1/artifacts/{name}"));
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let body = Full::new(Bytes::from(body.to_owned()));
    plugin.send(request.body(body).unwrap()).await
}

#[tokio::test]
async fn an_artifact_is_put_got_listed_and_deleted() {
    let directory = tempfile::tempdir().unwrap();
    let plugin = on_disk(directory.path());
    let digest = Digest::of(b"hello");
    let reply =
        put(&plugin, "pages/a%20b.html", "hello", &[("repr-digest", &digest.to_repr_digest())])
            .await;
    assert_eq!(reply.status, 201);
    let info: ArtifactInfo = reply.json();
    assert_eq!((info.name.as_str(), info.digest, info.size), ("pages/a b.html", digest, 5));

    for method in ["GET", "HEAD"] {
        let reply = plugin.call(method, "/v1/artifacts/pages/a%20b.html", "").await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("etag"), digest.to_etag());
        assert_eq!(reply.header("repr-digest"), digest.to_repr_digest());
        assert_eq!(reply.header("content-length"), "5");
        assert_eq!(reply.header("content-type"), "application/octet-stream");
        let expected = if method == "GET" { "hello" } else { "" };
        assert_eq!(reply.body, expected);
    }

    put(&plugin, "other", "x", &[]).await;
    let page: ArtifactPage = plugin.call("GET", "/v1/artifacts?prefix=pages%2F", "").await.json();
    assert_eq!(page, ArtifactPage::last(vec![info]));

    let reply = plugin.call("DELETE", "/v1/artifacts/pages/a%20b.html", "").await;
    assert_eq!(reply.status, 204);
    for method in ["GET", "DELETE"] {
        let reply = plugin.call(method, "/v1/artifacts/pages/a%20b.html", "").await;
        assert_eq!(plugin.refusal(&reply).code(), ErrorCode::NotFound);
    }
}

#[tokio::test]
async fn conditions_of_a_put_hold_or_it_does_not_happen() {
    let plugin = Plugin::new();
    let create = [("if-none-match", "*")];
    assert_eq!(put(&plugin, "a", "1", &create).await.status, 201);
    let reply = put(&plugin, "a", "2", &create).await;
    assert_eq!(plugin.refusal(&reply).code(), ErrorCode::PreconditionFailed);

    let (one, two) = (Digest::of(b"1").to_etag(), Digest::of(b"2").to_etag());
    let reply = put(&plugin, "a", "2", &[("if-match", &two)]).await;
    assert_eq!(plugin.refusal(&reply).code(), ErrorCode::PreconditionFailed);
    assert_eq!(put(&plugin, "a", "2", &[("if-match", &one)]).await.status, 201);
    let reply = put(&plugin, "b", "2", &[("if-match", &one)]).await;
    assert_eq!(plugin.refusal(&reply).code(), ErrorCode::PreconditionFailed);
    assert_eq!(plugin.call("GET", "/v1/artifacts/a", "").await.body, "2");
}

#[tokio::test]
async fn conditions_and_digests_that_cannot_be_read_are_refused_not_ignored() {
    let plugin = Plugin::new();
    let tag = Digest::of(b"1").to_etag();
    for field in [
        ("if-none-match", tag.as_str()),
        ("if-match", "*"),
        ("if-match", "1"),
        ("if-match", &format!("{tag}, {tag}")),
        ("repr-digest", "sha-512=:AAAA:"),
        ("repr-digest", "sha-256=:AAAA:"),
        ("repr-digest", ""),
    ] {
        let reply = put(&plugin, "a", "1", &[field]).await;
        assert_eq!(plugin.refusal(&reply).code(), ErrorCode::InvalidRequest, "{field:?}");
    }
    let twice = [("if-match", tag.as_str()), ("if-match", tag.as_str())];
    let reply = put(&plugin, "a", "1", &twice).await;
    assert_eq!(plugin.refusal(&reply).code(), ErrorCode::InvalidRequest);
    assert!(plugin.session.artifacts().await.unwrap().is_empty());
}

#[tokio::test]
async fn bytes_with_another_digest_are_not_kept() {
    let plugin = Plugin::new();
    let claimed = Digest::of(b"right").to_repr_digest();
    let reply = put(&plugin, "a", "wrong", &[("repr-digest", &claimed)]).await;
    assert_eq!(plugin.refusal(&reply).code(), ErrorCode::DigestMismatch);
    assert!(plugin.session.artifacts().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_body_that_is_known_to_be_too_large_is_refused_before_it_comes() {
    let broker = Broker::builder().limits(limits(|limits| limits.artifact_bytes = 4));
    let plugin = Plugin::of(broker.build().unwrap());
    let head = format!(
        "PUT /v1/artifacts/a HTTP/1.1\r\nhost: broker\r\nauthorization: {}\r\n\
         content-length: 5\r\n\r\n",
        plugin.bearer()
    );
    let answer = converse(plugin.broker.connect(), head.as_bytes()).await;
    assert!(answer.contains("oxg-error: payload_too_large"), "{answer}");
}

#[tokio::test]
async fn a_name_that_leads_elsewhere_is_refused_and_touches_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let plugin = on_disk(directory.path());
    for name in [
        "..",
        "../x",
        "a/../../x",
        "%2e%2e/x",
        "%2e%2e%2fx",
        "..%2fx",
        "%252e%252e/x",
        "..%5cx",
        "%2fetc/passwd",
        "/etc/passwd",
        "a%00b",
        "a//b",
        "a/",
        "C:x",
        "nul",
        "%ef%bc%8e%ef%bc%8e/x",
        "%c0%ae%c0%ae/x",
        "%ff",
    ] {
        for method in ["PUT", "GET", "HEAD", "DELETE"] {
            let reply = plugin.call(method, &format!("/v1/artifacts/{name}"), "x").await;
            assert_eq!(reply.status, 400, "{method} {name}");
            assert_eq!(reply.header("oxg-error"), "invalid_request", "{method} {name}");
        }
    }
    let blobs = directory.path().join("artifacts/probe/blobs");
    assert_eq!(std::fs::read_dir(blobs).unwrap().count(), 0);
    let mut names: Vec<_> = std::fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    let expected = ["artifacts", "audit.jsonl", "broker.lock", "findings.jsonl", "logs.jsonl"];
    assert_eq!(names, [&expected[..], &["tasks.redb"]].concat());
}

#[tokio::test]
async fn plugins_do_not_see_each_others_artifacts_and_runs_of_one_do() {
    let directory = tempfile::tempdir().unwrap();
    let plugin = on_disk(directory.path());
    put(&plugin, "a", "mine", &[]).await;
    let open = |name: &str| {
        let storage = json!({ "storage": { "workspace": true, "artifacts": "read-write" } });
        let session = plugin.broker.session(manifest_of(name, storage)).open();
        Plugin { broker: plugin.broker.clone(), session: session.unwrap() }
    };
    let other = open("other");
    for method in ["GET", "DELETE"] {
        let reply = other.call(method, "/v1/artifacts/a", "").await;
        assert_eq!(reply.code(), ErrorCode::NotFound);
    }
    let page: ArtifactPage = other.call("GET", "/v1/artifacts", "").await.json();
    assert!(page.artifacts.is_empty());
    assert_eq!(put(&other, "a", "theirs", &[("if-none-match", "*")]).await.status, 201);
    let next_run = open("probe");
    assert_eq!(next_run.call("GET", "/v1/artifacts/a", "").await.body, "mine");
}

#[tokio::test]
async fn reading_and_writing_are_granted_apart() {
    let broker = Broker::builder().build().unwrap();
    for (access, put_status, list_status) in
        [("read", 403, 200), ("write", 201, 403), ("read-write", 201, 200)]
    {
        let storage = json!({ "storage": { "workspace": true, "artifacts": access } });
        let session = broker.session(manifest_of("probe", storage)).open().unwrap();
        let plugin = Plugin { broker: broker.clone(), session };
        assert_eq!(put(&plugin, "a", "1", &[]).await.status, put_status, "{access}");
        let reply = plugin.call("GET", "/v1/artifacts", "").await;
        assert_eq!(reply.status, list_status, "{access}");
        if access != "read-write" {
            let denied = if put_status == 403 { put(&plugin, "a", "1", &[]).await } else { reply };
            let hint = plugin.refusal(&denied).manifest_hint.unwrap();
            assert_eq!(hint, r#""artifacts": "read-write""#);
        }
    }
}

#[tokio::test]
async fn bytes_on_disk_outlive_the_broker() {
    let directory = tempfile::tempdir().unwrap();
    let plugin = on_disk(directory.path());
    put(&plugin, "a", "kept", &[]).await;
    put(&plugin, "b", "gone", &[]).await;
    plugin.call("DELETE", "/v1/artifacts/b", "").await;
    plugin.broker.shutdown().await;
    end(plugin).await;
    let plugin = on_disk(directory.path());
    assert_eq!(plugin.call("GET", "/v1/artifacts/a", "").await.body, "kept");
    assert_eq!(plugin.session.artifacts().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_line_that_was_torn_by_a_crash_does_not_take_the_store_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let plugin = on_disk(directory.path());
    put(&plugin, "a", "kept", &[]).await;
    end(plugin).await;
    let index = directory.path().join("artifacts/probe/index.jsonl");
    let mut text = std::fs::read_to_string(&index).unwrap();
    text.push_str(r#"{"put":{"name":"b","#);
    std::fs::write(&index, text).unwrap();
    for name in ["b", "c"] {
        let plugin = on_disk(directory.path());
        assert_eq!(plugin.call("GET", "/v1/artifacts/a", "").await.body, "kept");
        assert_eq!(put(&plugin, name, "new", &[]).await.status, 201);
        end(plugin).await;
    }
    assert_eq!(on_disk(directory.path()).session.artifacts().await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_put_whose_connection_is_lost_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let plugin = on_disk(directory.path());
    let blobs = directory.path().join("artifacts/probe/blobs");
    let files = || std::fs::read_dir(&blobs).unwrap().count();
    let mut stream = plugin.broker.connect();
    let head = format!(
        "PUT /v1/artifacts/a HTTP/1.1\r\nhost: broker\r\nauthorization: {}\r\n\
         content-length: 100\r\n\r\nonly a part",
        plugin.bearer()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    until(|| files() == 1).await;
    drop(stream);
    until(|| files() == 0).await;
    assert!(plugin.session.artifacts().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_artifact_that_grows_larger_than_any_buffer_arrives_whole() {
    let directory = tempfile::tempdir().unwrap();
    let plugin = on_disk(directory.path());
    let bytes: Vec<u8> = (0..3_000_001_u32).map(|n| (n % 251) as u8).collect();
    let reply = plugin.call("PUT", "/v1/artifacts/big", bytes.clone()).await;
    assert_eq!(reply.status, 201);
    let reply = plugin.call("GET", "/v1/artifacts/big", "").await;
    assert!(reply.body == bytes, "{} bytes came back", reply.body.len());
    let info = plugin.session.artifacts().await.unwrap().remove(0);
    assert_eq!(info.digest, Digest::of(&bytes));
}

#[tokio::test]
async fn a_part_is_read_only_from_the_artifact_that_was_meant() {
    let plugin = Plugin::new();
    put(&plugin, "a", "0123456789", &[]).await;
    let (tag, other) = (Digest::of(b"0123456789").to_etag(), Digest::of(b"x").to_etag());
    let get = async |fields: &[(&str, &str)]| {
        let mut request = plugin.request("GET", "/v1/artifacts/a");
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        plugin.send(request.body(Full::<Bytes>::default()).unwrap()).await
    };
    let reply = get(&[("range", "bytes=4-6"), ("if-match", &tag)]).await;
    assert_eq!((reply.status, &reply.body[..]), (206, &b"456"[..]));
    assert_eq!(reply.header("content-range"), "bytes 4-6/10");
    assert_eq!(reply.header("content-length"), "3");
    let reply = get(&[("range", "bytes=4-6"), ("if-range", &other)]).await;
    assert_eq!((reply.status, reply.body.len()), (200, 10));
    let reply = get(&[("range", "bytes=10-")]).await;
    assert_eq!(plugin.refusal(&reply).code(), ErrorCode::RangeNotSatisfiable);
    assert_eq!(reply.header("content-range"), "bytes */10");
    assert_eq!(reply.problem().size, Some(10));
    let reply = get(&[("if-match", &other)]).await;
    assert_eq!(plugin.refusal(&reply).code(), ErrorCode::PreconditionFailed);
    let reply = get(&[("if-none-match", &tag)]).await;
    assert_eq!((reply.status, reply.body.len()), (304, 0));
}

#[tokio::test]
async fn a_delete_can_be_bound_to_what_was_seen() {
    let plugin = Plugin::new();
    put(&plugin, "a", "1", &[]).await;
    for (seen, status) in [("2", 412), ("1", 204)] {
        let request = plugin
            .request("DELETE", "/v1/artifacts/a")
            .header("if-match", Digest::of(seen.as_bytes()).to_etag());
        let reply = plugin.send(request.body(Full::<Bytes>::default()).unwrap()).await;
        assert_eq!(reply.status, status);
    }
}

#[tokio::test]
async fn an_upload_is_begun_fed_closed_and_cancelled_over_the_wire() {
    let directory = tempfile::tempdir().unwrap();
    let plugin = on_disk(directory.path());
    let begin = async || {
        let reply = plugin.call("POST", "/v1/uploads", "").await;
        assert_eq!((reply.status, reply.header("upload-offset")), (202, "0"));
        reply.header("location").to_owned()
    };
    let patch = async |place: &str, offset: &str, body: &'static str| {
        let request = plugin.request("PATCH", place).header("upload-offset", offset);
        plugin.send(request.body(Full::<Bytes>::from(body)).unwrap()).await
    };
    let place = begin().await;
    assert_eq!(patch(&place, "0", "12").await.header("upload-offset"), "2");
    let reply = patch(&place, "0", "12").await;
    assert_eq!((reply.code(), reply.problem().offset), (ErrorCode::RangeNotSatisfiable, Some(2)));
    assert_eq!(patch(&place, "+2", "3").await.code(), ErrorCode::InvalidRequest);
    assert_eq!(patch(&place, "2", "3").await.status, 200);
    assert_eq!(plugin.call("GET", &place, "").await.header("upload-offset"), "3");

    let digest = Digest::of(b"123");
    for query in ["name=a", "digest=00", "name=a&name=b", "name=..%2fa&digest=00", ""] {
        let reply = plugin.call("PUT", &format!("{place}?{query}"), "").await;
        assert_eq!(reply.code(), ErrorCode::InvalidRequest, "{query}");
    }
    let close = format!("{place}?name=pages%2Fa&digest={digest}");
    assert_eq!(plugin.call("PUT", &close, "").await.status, 201);
    assert_eq!(plugin.call("GET", "/v1/artifacts/pages/a", "").await.body, "123");

    let place = begin().await;
    assert_eq!(plugin.call("DELETE", &place, "").await.status, 204);
    assert_eq!(patch(&place, "0", "1").await.code(), ErrorCode::NotFound);
    let place = begin().await;
    let other = Plugin::of(plugin.broker.clone());
    assert_eq!(other.call("GET", &place, "").await.code(), ErrorCode::NotFound);
}

#[tokio::test]
async fn a_name_that_holds_a_secret_is_refused_in_one_call_and_as_an_upload() {
    const IN_A_NAME: &str = "canary-7f3a9c2e51b8d064";
    let broker = Broker::builder().build().unwrap();
    let session = broker.session(crate::support::manifest());
    let session = session.secret("api-token".parse().unwrap(), IN_A_NAME.into()).open().unwrap();
    let plugin = Plugin { broker, session };
    let name = format!("pages/{IN_A_NAME}.html");
    let upload = plugin.call("POST", "/v1/uploads", "").await;
    let upload = upload.header("location");
    let digest = Digest::of(b"");
    let close = format!("{upload}?name={}&digest={digest}", name.replace('/', "%2F"));
    for reply in [put(&plugin, &name, "x", &[]).await, plugin.call("PUT", &close, "").await] {
        assert_eq!(reply.code(), ErrorCode::InvalidRequest);
        assert!(!String::from_utf8_lossy(&reply.body).contains(IN_A_NAME), "{reply:?}");
    }
    // Personal data is no reason to refuse.
    assert_eq!(put(&plugin, "jo@example.org.html", "x", &[]).await.status, 201);
}
