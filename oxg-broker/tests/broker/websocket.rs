//! WebSocket through the broker, byte by byte.

use oxg_broker::Broker;
use oxg_protocol::audit::Decision;
use oxg_protocol::{ErrorCode, Limits};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio_util::task::AbortOnDropHandle;

use crate::support::{Plugin, converse, limits, manifest_of, read_head, target, until, within};

/// The key and the accept value of RFC 6455, section 1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

fn plugin(port: u16, limits: Limits, websocket: bool) -> Plugin {
    let broker = Broker::builder().limits(limits).build().unwrap();
    let http = json!({ "outbound": ["broker"], "websocket": websocket });
    let manifest = manifest_of("probe", json!({ "http": http }));
    let session = broker.session(manifest).allow_loopback(port).open().unwrap();
    Plugin { broker, session }
}

fn handshake(plugin: &Plugin, port: u16, more: &str) -> String {
    format!(
        "GET http://127.0.0.1:{port}/chat HTTP/1.1\r\nhost: b\r\nproxy-authorization: {}\r\n\
         connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-key: {KEY}\r\n\
         sec-websocket-version: 13\r\n{more}\r\n",
        plugin.bearer()
    )
}

/// The value of a field in a head.
fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = head.lines().filter_map(|line| line.split_once(": "));
    fields.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// A target that accepts the handshake and sends back what it gets; it returns the head.
async fn echo() -> (u16, AbortOnDropHandle<String>) {
    target(async |mut stream| {
        let head = read_head(&mut stream).await;
        let accept = accept(field(&head, "sec-websocket-key").unwrap());
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Accept: {accept}\r\noxg-error: internal\r\n{}\r\nhi",
            match field(&head, "sec-websocket-protocol") {
                Some(_) => "Sec-WebSocket-Protocol: chat\r\n",
                None => "",
            }
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
        let (mut reader, mut writer) = stream.split();
        let _ = tokio::io::copy(&mut reader, &mut writer).await;
        head
    })
    .await
}

fn accept(key: &str) -> String {
    use base64::Engine as _;
    use sha1::Digest as _;
    let text = format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    base64::engine::general_purpose::STANDARD.encode(sha1::Sha1::digest(text.as_bytes()))
}

/// A connection that has switched, and the head of the broker's answer.
async fn switched(plugin: &Plugin, port: u16, more: &str) -> (DuplexStream, String) {
    let mut stream = plugin.broker.connect();
    stream.write_all(handshake(plugin, port, more).as_bytes()).await.unwrap();
    let head = within(read_head(&mut stream)).await.to_ascii_lowercase();
    (stream, head)
}

async fn hear(stream: &mut DuplexStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    within(stream.read_exact(&mut bytes)).await.unwrap();
    bytes
}

/// The record that the audit has of the end.
async fn end_of(plugin: &Plugin) -> Value {
    let is_end = |record: &oxg_protocol::audit::AuditRecord| record.decision == Decision::Info;
    until(|| plugin.broker.audit().unwrap().iter().any(is_end)).await;
    let record = plugin.broker.audit().unwrap().into_iter().find(is_end).unwrap();
    let mut metadata = Value::Object(record.metadata);
    metadata["reason"] = record.reason.into();
    metadata
}

#[tokio::test]
async fn bytes_that_are_no_http_pass_both_ways_after_the_handshake() {
    let (port, served) = echo().await;
    let plugin = plugin(port, Limits::default(), true);
    let more =
        "sec-websocket-protocol: soap, chat\r\nsec-websocket-extensions: permessage-deflate\r\n";
    let (mut stream, head) = switched(&plugin, port, more).await;
    assert!(head.starts_with("http/1.1 101 "), "{head}");
    assert!(head.contains(&ACCEPT.to_ascii_lowercase()), "{head}");
    assert_eq!(field(&head, "sec-websocket-protocol"), Some("chat"));
    assert!(!head.contains("oxg-error"), "{head}");
    assert_eq!(hear(&mut stream, 2).await, b"hi", "what came with the answer");
    for bytes in [&b"\x81\x85\0\r\n\x01\xff"[..], b"POST / HTTP/1.1\nbad : head\n\n"] {
        stream.write_all(bytes).await.unwrap();
        assert_eq!(hear(&mut stream, bytes.len()).await, bytes);
    }
    drop(stream);
    let head = within(served).await.unwrap();
    assert_ne!(field(&head, "sec-websocket-key"), Some(KEY), "the broker's own key");
    assert_eq!(field(&head, "sec-websocket-extensions"), None);
    assert_eq!(field(&head, "proxy-authorization"), None);
    let end = end_of(&plugin).await;
    assert_eq!((&end["bytes_to_target"], &end["bytes_to_plugin"]), (&json!(35), &json!(37)));
    assert_eq!(end["reason"], "WebSocket closed: the plugin ended it");
    assert_eq!(end["url"], format!("ws://127.0.0.1:{port}/chat"));
}

#[tokio::test]
async fn a_manifest_without_websocket_opens_none() {
    let plugin = plugin(9, Limits::default(), false);
    let bytes = handshake(&plugin, 9, "");
    let answer = converse(
        plugin.broker.connect(),
        bytes.replace("Upgrade\r\n", "Upgrade, close\r\n").as_bytes(),
    )
    .await;
    assert!(answer.contains("oxg-error: capability_denied"), "{answer}");
    assert!(answer.contains(r#""manifest_hint":"\"websocket\": true""#), "{answer}");
}

#[tokio::test]
async fn a_broken_handshake_is_refused_before_anything_is_sent() {
    let plugin = plugin(9, Limits::default(), true);
    for (from, to) in [
        ("GET ", "POST "),
        ("upgrade: websocket", "upgrade: h2c"),
        ("connection: Upgrade", "connection: keep-alive"),
        ("version: 13", "version: 8"),
        (KEY, "c2hvcnQ="),
        ("sec-websocket-version", "content-length: 1\r\nsec-websocket-version"),
    ] {
        let bytes = handshake(&plugin, 9, "connection: close\r\n").replace(from, to) + "x";
        let answer = converse(plugin.broker.connect(), bytes.as_bytes()).await;
        assert!(answer.contains("oxg-error: invalid_request"), "{to}: {answer}");
    }
}

#[tokio::test]
async fn a_target_that_declines_answers_as_usual_and_the_connection_goes_on() {
    let (port, _served) = target(async |mut stream| {
        read_head(&mut stream).await;
        let answer = "HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno";
        stream.write_all(answer.as_bytes()).await.unwrap();
    })
    .await;
    let plugin = plugin(port, Limits::default(), true);
    let next = "GET /healthz HTTP/1.1\r\nhost: b\r\nconnection: close\r\n\r\n";
    let bytes = handshake(&plugin, port, "") + next;
    let answer = converse(plugin.broker.connect(), bytes.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    assert!(answer.ends_with("ok\n"), "{answer}");
}

#[tokio::test]
async fn a_target_with_the_wrong_accept_broke_the_protocol() {
    let (port, _served) = target(async |mut stream| {
        read_head(&mut stream).await;
        let answer = format!(
            "HTTP/1.1 101 x\r\nconnection: upgrade\r\nupgrade: websocket\r\n{ACCEPT}\r\n\r\n"
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
    })
    .await;
    let plugin = plugin(port, Limits::default(), true);
    let mut stream = plugin.broker.connect();
    stream.write_all(handshake(&plugin, port, "").as_bytes()).await.unwrap();
    let head = within(read_head(&mut stream)).await;
    assert!(head.contains(&format!("oxg-error: {}", ErrorCode::UpstreamProtocol)), "{head}");
}

#[tokio::test]
async fn silence_and_too_many_bytes_end_it() {
    for (limits, reason) in [
        (limits(|limits| limits.idle_ms = 100), "nothing passed for too long"),
        (limits(|limits| limits.egress_request_bytes = 4), "too many bytes"),
        (limits(|limits| limits.egress_response_bytes = 6), "too many bytes"),
    ] {
        let (port, _served) = echo().await;
        let plugin = plugin(port, limits, true);
        let (mut stream, _) = switched(&plugin, port, "").await;
        assert_eq!(hear(&mut stream, 2).await, b"hi");
        if reason == "too many bytes" {
            // At the limit all of it passes, and comes back; past it nothing does.
            stream.write_all(b"1234").await.unwrap();
            assert_eq!(hear(&mut stream, 4).await, b"1234");
            stream.write_all(b"5").await.unwrap();
        }
        let mut rest = Vec::new();
        within(stream.read_to_end(&mut rest)).await.unwrap();
        assert_eq!(rest, b"");
        assert_eq!(end_of(&plugin).await["reason"], format!("WebSocket closed: {reason}"));
    }
}

#[tokio::test]
async fn an_open_websocket_takes_a_place_and_shutdown_ends_it() {
    let (port, _served) = echo().await;
    let plugin = plugin(port, limits(|limits| limits.concurrent_requests = 1), true);
    let (mut stream, _) = switched(&plugin, port, "").await;
    let reply = plugin.call("GET", "/v1/session", "").await;
    assert_eq!(reply.code(), ErrorCode::RateLimited);
    within(plugin.broker.shutdown()).await;
    let mut rest = Vec::new();
    within(stream.read_to_end(&mut rest)).await.unwrap();
    assert_eq!(end_of(&plugin).await["reason"], "WebSocket closed: the broker is stopping");
}

#[tokio::test]
async fn the_end_of_the_session_ends_its_websockets() {
    let (port, _served) = echo().await;
    let plugin = plugin(port, Limits::default(), true);
    let (mut stream, _) = switched(&plugin, port, "").await;
    let Plugin { broker, session } = plugin;
    drop(session);
    let mut rest = Vec::new();
    within(stream.read_to_end(&mut rest)).await.unwrap();
    let ended = "WebSocket closed: the session has ended";
    until(|| broker.audit().unwrap().iter().any(|record| record.reason == ended)).await;
}

#[tokio::test]
async fn websockets_that_are_open_together_share_the_budget_of_the_run() {
    let (first_port, _first) = echo().await;
    let (second_port, _second) = echo().await;
    let limits = limits(|limits| limits.egress_total_request_bytes = Some(6));
    let broker = Broker::builder().limits(limits).build().unwrap();
    let http = json!({ "outbound": ["broker"], "websocket": true });
    let session = broker.session(manifest_of("probe", json!({ "http": http })));
    let session = session.allow_loopback(first_port).allow_loopback(second_port).open().unwrap();
    let plugin = Plugin { broker, session };
    let (mut first, _) = switched(&plugin, first_port, "").await;
    let (mut second, _) = switched(&plugin, second_port, "").await;
    first.write_all(b"1234").await.unwrap();
    assert_eq!(hear(&mut first, 6).await, b"hi1234");
    second.write_all(b"1234").await.unwrap();
    let mut rest = Vec::new();
    within(second.read_to_end(&mut rest)).await.unwrap();
    assert_eq!(rest, b"hi");
    assert_eq!(end_of(&plugin).await["reason"], "WebSocket closed: too many bytes");
}

#[tokio::test]
async fn a_plugin_that_does_not_take_the_answer_leaves_nothing_behind() {
    let (port, _served) = echo().await;
    let plugin = plugin(port, Limits::default(), true);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("broker.sock");
    let _listener = plugin.broker.listen_unix(&path).unwrap();
    let mut stream = std::os::unix::net::UnixStream::connect(&path).unwrap();
    // The broker's 101 meets a broken pipe.
    stream.shutdown(std::net::Shutdown::Read).unwrap();
    std::io::Write::write_all(&mut stream, handshake(&plugin, port, "").as_bytes()).unwrap();
    assert_eq!(end_of(&plugin).await["reason"], "WebSocket closed: the plugin went away");
    within(plugin.broker.shutdown()).await;
}
