//! Every limit of the protocol, at the limit and one past it.
//!
//! Sizes are set small, times are virtual; that the defaults are those of the document is a test of
//! its own.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use oxg_broker::egress::{CheckedRequest, Resolve, Resolving};
use oxg_broker::{Body, Broker, full};
use oxg_protocol::artifact::Upload;
use oxg_protocol::host::HostName;
use oxg_protocol::session::SessionInfo;
use oxg_protocol::{ErrorCode, Limits, header};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::watch;
use tokio::time::{Instant, advance, sleep};

use crate::egress::tls_target;
use crate::support::{
    Plugin, Reply, answering, converse, limits, open, piped, read_head, scripted, target, within,
};

const URL: &str = "http://shop.test/";

fn limited(change: impl FnOnce(&mut Limits)) -> Plugin {
    Plugin::of(Broker::builder().limits(limits(change)).build().unwrap())
}

/// One that may reach a port of this machine.
fn reaching(port: u16, change: impl FnOnce(&mut Limits)) -> Plugin {
    Plugin::reaching(Broker::builder().limits(limits(change)).build().unwrap(), &[port])
}

/// Answers with the request's body.
async fn echo(
    checked: CheckedRequest,
) -> Result<Response<Body>, oxg_broker::egress::UpstreamError> {
    let body = checked.request.into_body().collect().await.unwrap().to_bytes();
    Ok(Response::new(full(body)))
}

/// The numbers of the document's table, by the name of the limit.
fn documented() -> BTreeMap<String, u64> {
    let text = include_str!("../../../docs/src/protocol.md");
    let (_, limits) = text.split_once("\n## Limits\n").unwrap();
    let (limits, _) = limits.split_once("\n## ").unwrap();
    let rows = limits.lines().filter_map(|line| {
        let (what, value) = line.strip_prefix("| `")?.strip_suffix(" |")?.rsplit_once(" | ")?;
        let (name, _) = what.split_once('`')?;
        let (number, unit) = value.split_once(' ').unwrap_or((value, ""));
        let factor = match unit {
            "" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            "s" => 1_000,
            "min" => 60_000,
            _ => panic!("{line}"),
        };
        let number: u64 = number.replace(',', "").parse().unwrap();
        Some((name.to_owned(), number * factor))
    });
    rows.collect()
}

#[test]
fn the_defaults_are_those_of_the_document_and_of_the_protocol() {
    let defaults = serde_json::to_value(Limits::default()).unwrap();
    let defaults: BTreeMap<String, u64> = serde_json::from_value(defaults).unwrap();
    assert_eq!(documented(), defaults);
    for (name, value) in [
        ("header_block_bytes", 64 << 10),
        ("json_body_bytes", 1 << 20),
        ("egress_request_bytes", 64 << 20),
        ("egress_response_bytes", 256 << 20),
        ("artifact_bytes", 4 << 30),
        ("concurrent_requests", 256),
        ("dns_ms", 5_000),
        ("connect_ms", 10_000),
        ("header_ms", 30_000),
        ("idle_ms", 60_000),
        ("deadline_ms", 30_000),
        ("max_deadline_ms", 600_000),
    ] {
        assert_eq!(defaults[name], value, "{name}");
    }
}

#[tokio::test]
async fn every_limit_can_be_set_and_the_session_tells_it() {
    let mut limits = serde_json::to_value(Limits::default()).unwrap();
    let numbers = limits.as_object_mut().unwrap();
    for name in ["egress_calls", "egress_calls_per_second"] {
        numbers.insert(name.to_owned(), json!(0));
    }
    for name in ["egress_total_request_bytes", "egress_total_response_bytes"] {
        numbers.insert(name.to_owned(), json!(0));
    }
    for (n, value) in numbers.values_mut().enumerate() {
        *value = json!(100_000 + n);
    }
    let limits: Limits = serde_json::from_value(limits).unwrap();
    let plugin = Plugin::of(Broker::builder().limits(limits.clone()).build().unwrap());
    let session: SessionInfo = plugin.call("GET", "/v1/session", "").await.json();
    assert_eq!(session.limits, limits);
    assert_ne!(limits, Limits::default());
}

/// A request of the session whose head has so many bytes.
fn head_of(plugin: &Plugin, bytes: usize) -> String {
    let head = format!(
        "GET /v1/session HTTP/1.1\r\nhost: b\r\nconnection: close\r\nauthorization: {}\r\nx: ",
        plugin.bearer()
    );
    format!("{head:a<0$}\r\n\r\n", bytes - 4)
}

#[tokio::test]
async fn a_head_of_a_request_at_the_limit_is_read_and_one_byte_more_is_too_large() {
    for limit in [64 << 10, 1 << 10] {
        let plugin = limited(|limits| limits.header_block_bytes = limit as u64);
        let answer = converse(plugin.broker.connect(), head_of(&plugin, limit).as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        let past = head_of(&plugin, limit + 1);
        let answer = converse(plugin.broker.connect(), past.as_bytes()).await;
        assert!(answer.contains("oxg-error: payload_too_large"), "{answer}");
    }
}

#[tokio::test]
async fn a_request_may_have_128_header_lines_and_not_129() {
    let plugin = Plugin::new();
    for (more, status) in [(128 - 3, "200"), (129 - 3, "400")] {
        let head = format!(
            "GET /v1/session HTTP/1.1\r\nhost: b\r\nconnection: close\r\nauthorization: {}\r\n{}\r\n",
            plugin.bearer(),
            "x: y\r\n".repeat(more),
        );
        let answer = converse(plugin.broker.connect(), head.as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
}

/// What comes of a target's answer.
async fn answered(answer: String, change: impl FnOnce(&mut Limits)) -> Reply {
    let (port, _served) = answering(answer.leak()).await;
    reaching(port, change).call("GET", &format!("http://127.0.0.1:{port}/"), "").await
}

#[tokio::test]
async fn a_head_of_a_response_at_the_limit_passes_and_one_byte_more_breaks_the_protocol() {
    let head = |bytes: usize| {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx: ";
        format!("{head:a<0$}\r\n\r\n", bytes - 4)
    };
    for limit in [64 << 10, 1 << 10] {
        let set = |limits: &mut Limits| limits.header_block_bytes = limit as u64;
        assert_eq!(answered(head(limit), set).await.status, 200);
        let reply = answered(head(limit + 1), set).await;
        assert_eq!(reply.code(), ErrorCode::UpstreamProtocol);
    }
}

#[tokio::test]
async fn a_response_may_have_256_header_lines_and_not_257() {
    for (lines, expected) in [(256, "HTTP/1.1 200 "), (257, "HTTP/1.1 502 ")] {
        let more = "x: y\r\n".repeat(lines - 1);
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n{more}\r\n");
        let (port, _served) = answering(answer.leak()).await;
        let plugin = reaching(port, |_| {});
        let request = format!(
            "GET http://127.0.0.1:{port}/ HTTP/1.1\r\nhost: b\r\nconnection: close\r\n\
             proxy-authorization: {}\r\n\r\n",
            plugin.bearer()
        );
        let answer = converse(plugin.broker.connect(), request.as_bytes()).await;
        assert!(answer.starts_with(expected), "{lines}: {answer:.200}");
    }
}

#[tokio::test]
async fn a_target_may_send_16_interim_responses_and_not_17() {
    let interim = |count: usize| {
        "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(count)
            + "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
    };
    assert_eq!(answered(interim(16), |_| {}).await.status, 200);
    assert_eq!(answered(interim(17), |_| {}).await.code(), ErrorCode::UpstreamProtocol);
}

#[tokio::test]
async fn a_json_body_at_the_limit_is_read_and_one_byte_more_is_too_large() {
    let body = json!({ "max": 1, "wait_ms": 0, "lease_ms": 1000 }).to_string();
    for limit in [1 << 20, 64] {
        let plugin = limited(|limits| limits.json_body_bytes = limit as u64);
        let padded = |size: usize| body.clone() + &" ".repeat(size - body.len());
        let reply = plugin.call("POST", "/v1/tasks/lease", padded(limit)).await;
        assert_eq!(reply.status, 200);
        let reply = plugin.call("POST", "/v1/tasks/lease", padded(limit + 1)).await;
        assert_eq!(plugin.refusal(&reply).code(), ErrorCode::PayloadTooLarge);
    }
}

#[tokio::test]
async fn a_task_at_the_limit_of_a_body_is_enqueued_and_one_byte_more_is_too_large() {
    let plugin = limited(|limits| limits.json_body_bytes = 1000);
    let frame = json!({ "input": "" }).to_string().len();
    for (size, status) in [(1000, 200), (1001, 413)] {
        let task = json!({ "input": "x".repeat(size - frame) });
        assert_eq!(plugin.post("/v1/tasks", &task).await.status, status, "{size}");
    }
}

#[tokio::test]
async fn a_key_of_256_bytes_is_a_key_and_one_of_257_is_none() {
    let plugin = Plugin::new();
    for (size, status) in [(256, 200), (257, 400)] {
        let task = json!({ "input": 1, "idempotency_key": "k".repeat(size) });
        assert_eq!(plugin.post("/v1/tasks", &task).await.status, status, "{size}");
    }
}

#[tokio::test]
async fn one_to_64_tasks_are_leased_at_a_time() {
    let plugin = Plugin::new();
    for (max, status) in [(0, 400), (1, 200), (64, 200), (65, 400)] {
        let wanted = json!({ "max": max, "wait_ms": 0, "lease_ms": 1000 });
        assert_eq!(plugin.post("/v1/tasks/lease", &wanted).await.status, status, "{max}");
    }
}

#[tokio::test]
async fn a_call_may_have_8192_lines_and_not_8193() {
    let plugin = Plugin::new();
    for (count, status) in [(8192, 200), (8193, 413)] {
        let reply = plugin.call("POST", "/v1/logs", "x\n".repeat(count)).await;
        assert_eq!(reply.status, status, "{count}");
    }
}

#[tokio::test]
async fn a_request_body_at_the_limit_is_sent_and_one_byte_more_is_not() {
    for (size, status) in [(100, 200), (101, 413)] {
        let (port, served) = target(async |mut stream| {
            read_head(&mut stream).await;
            let mut body = Vec::new();
            while body.len() < 100 && stream.read_buf(&mut body).await.is_ok_and(|n| n > 0) {}
            let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            if body.ends_with(b"y") {
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        })
        .await;
        let plugin = reaching(port, |limits| limits.egress_request_bytes = 100);
        let body = format!("{:x<1$}", "", size - 1) + "y";
        let url = format!("http://127.0.0.1:{port}/");
        let reply = plugin.call("POST", &url, body).await;
        assert_eq!(reply.status, status, "{size} bytes: {reply:?}");
        if status != 200 {
            assert_eq!(plugin.refusal(&reply).code(), ErrorCode::PayloadTooLarge);
        }
        drop(served);
    }
}

#[tokio::test]
async fn a_streamed_request_body_past_the_limit_is_too_large_as_well() {
    let (port, _served) = target(async |mut stream| {
        read_head(&mut stream).await;
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    })
    .await;
    let plugin = reaching(port, |limits| limits.egress_request_bytes = 5);
    let (sender, body) = piped();
    let url = format!("http://127.0.0.1:{port}/");
    let request = plugin.request("POST", &url).body(body).unwrap();
    let feed = async {
        for part in ["123", "456"] {
            sender.send(part.into()).await.unwrap();
        }
        drop(sender);
    };
    let (reply, ()) = tokio::join!(plugin.send(request), feed);
    assert_eq!(plugin.refusal(&reply).code(), ErrorCode::PayloadTooLarge);
}

#[tokio::test]
async fn a_response_body_at_the_limit_arrives_and_one_byte_more_does_not() {
    let sized = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
    let chunked =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";
    let closing = "HTTP/1.1 200 OK\r\n\r\nhello";
    for (limit, answer) in
        [(5, sized), (5, chunked), (5, closing), (4, sized), (4, chunked), (4, closing)]
    {
        let (port, _served) = answering(answer).await;
        let plugin = reaching(port, |limits| limits.egress_response_bytes = limit);
        let url = format!("http://127.0.0.1:{port}/");
        if limit == 4 && answer == sized {
            // What is known beforehand is a designed refusal; the rest can only break off.
            let reply = plugin.call("GET", &url, "").await;
            assert_eq!(plugin.refusal(&reply).code(), ErrorCode::PayloadTooLarge);
            continue;
        }
        let request = plugin.request("GET", &url).body(Full::<Bytes>::default()).unwrap();
        let body = async {
            let opened = open(plugin.broker.connect(), request).await?;
            opened.response.into_body().collect().await
        };
        let body = within(body).await;
        assert_eq!(body.is_ok(), limit == 5, "{limit}: {answer:?}");
        // Once the head has left, the audit alone says why.
        let audit = plugin.broker.audit().unwrap();
        let cut = "the response was cut short: the body is larger than 4 bytes";
        let told = audit.iter().filter(|record| record.reason == cut).count();
        assert_eq!(told, usize::from(limit == 4), "{audit:?}");
    }
}

#[tokio::test]
async fn a_run_has_its_calls_and_its_bytes_and_no_more() {
    let calls = limits(|limits| limits.egress_calls = Some(2));
    let sent = limits(|limits| limits.egress_total_request_bytes = Some(10));
    let got = limits(|limits| limits.egress_total_response_bytes = Some(10));
    for (limits, code) in [
        (calls, ErrorCode::RateLimited),
        (sent, ErrorCode::PayloadTooLarge),
        (got, ErrorCode::PayloadTooLarge),
    ] {
        let plugin = scripted(limits, echo);
        for _ in 0..2 {
            let reply = plugin.call("POST", URL, "12345").await;
            assert_eq!((reply.status, reply.body.as_ref()), (200, &b"12345"[..]));
        }
        let reply = plugin.call("POST", URL, "1").await;
        let problem = plugin.refusal(&reply);
        assert_eq!(problem.code(), code, "{}", problem.detail);
        assert_eq!(problem.retry_after_ms, None, "to wait would not help");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_too_many_in_a_second_is_told_when_to_come_back() {
    let limits = limits(|limits| limits.egress_calls_per_second = Some(2));
    let plugin = scripted(limits, echo);
    for _ in 0..2 {
        assert_eq!(plugin.call("GET", URL, "").await.status, 200);
    }
    let reply = plugin.call("GET", URL, "").await;
    let problem = plugin.refusal(&reply);
    assert_eq!(problem.code(), ErrorCode::RateLimited);
    let wait = Duration::from_millis(problem.retry_after_ms.unwrap());
    advance(wait).await;
    assert_eq!(plugin.call("GET", URL, "").await.status, 200);
}

#[tokio::test]
async fn an_artifact_at_the_limit_is_taken_and_one_byte_more_is_not() {
    let plugin = limited(|limits| limits.artifact_bytes = 4);
    assert_eq!(plugin.call("PUT", "/v1/artifacts/a", "1234").await.status, 201);
    let reply = plugin.call("PUT", "/v1/artifacts/b", "12345").await;
    assert_eq!(plugin.refusal(&reply).code(), ErrorCode::PayloadTooLarge);
    // Known beforehand or not, whole or in pieces.
    let (sender, body) = piped();
    let request = plugin.request("PUT", "/v1/artifacts/b").body(body).unwrap();
    let feed = async {
        for part in ["123", "45"] {
            let _ = sender.send(part.into()).await;
        }
        drop(sender);
    };
    let (reply, ()) = tokio::join!(plugin.send(request), feed);
    assert_eq!(plugin.refusal(&reply).code(), ErrorCode::PayloadTooLarge);
    let upload: Upload = plugin.call("POST", "/v1/uploads", "").await.json();
    for (offset, piece, status) in [(0, "12", 200), (2, "34", 200), (4, "5", 413)] {
        let request = plugin
            .request("PATCH", &format!("/v1/uploads/{}", upload.id))
            .header(header::UPLOAD_OFFSET, offset)
            .body(Full::new(Bytes::from(piece)))
            .unwrap();
        assert_eq!(plugin.send(request).await.status, status, "{piece} at {offset}");
    }
    assert_eq!(plugin.session.artifacts().await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_upload_is_kept_as_long_as_the_limit_says_and_no_longer() {
    let plugin = limited(|limits| limits.upload_idle_ms = 60_000);
    let upload: Upload = plugin.call("POST", "/v1/uploads", "").await.json();
    let path = format!("/v1/uploads/{}", upload.id);
    advance(Duration::from_millis(59_999)).await;
    assert_eq!(plugin.call("GET", &path, "").await.status, 200);
    advance(Duration::from_millis(1)).await;
    let reply = plugin.call("GET", &path, "").await;
    assert_eq!(reply.code(), ErrorCode::NotFound);
}

#[tokio::test]
async fn as_many_uploads_are_open_as_the_limit_says_and_not_one_more() {
    let plugin = limited(|limits| limits.open_uploads = 2);
    for _ in 0..2 {
        assert_eq!(plugin.call("POST", "/v1/uploads", "").await.status, 202);
    }
    let reply = plugin.call("POST", "/v1/uploads", "").await;
    assert_eq!(plugin.refusal(&reply).code(), ErrorCode::RateLimited);
}

#[tokio::test]
async fn the_artifacts_of_a_plugin_fill_their_quota_and_not_one_byte_more() {
    let plugin = limited(|limits| (limits.artifact_total_bytes, limits.artifact_count) = (4, 2));
    for (name, content, status) in
        [("a", "123", 201), ("b", "45", 413), ("b", "4", 201), ("c", "", 413)]
    {
        let reply = plugin.call("PUT", &format!("/v1/artifacts/{name}"), content).await;
        assert_eq!(reply.status, status, "{name} {content}");
    }
}

#[tokio::test(start_paused = true)]
async fn so_many_calls_go_on_at_a_time_and_one_more_is_told_to_wait() {
    for limit in [256, 1] {
        let (started, mut calls) = watch::channel(0);
        let (finish, finished) = watch::channel(false);
        let set = limits(|limits| limits.concurrent_requests = limit);
        let plugin = scripted(set, move |_| {
            started.send_modify(|calls| *calls += 1);
            let mut finished = finished.clone();
            async move {
                finished.wait_for(|finished| *finished).await.unwrap();
                Ok(Response::new(full("")))
            }
        });
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..limit {
            let request = plugin.request("GET", URL).body(Full::<Bytes>::default()).unwrap();
            all.spawn(open(plugin.broker.connect(), request));
        }
        within(calls.wait_for(|calls| *calls == limit)).await.unwrap();
        let reply = plugin.call("GET", "/v1/session", "").await;
        let problem = plugin.refusal(&reply);
        assert_eq!(problem.code(), ErrorCode::RateLimited);
        assert!(problem.retry_after_ms.is_some_and(|wait| wait > 0));
        finish.send_replace(true);
        for opened in within(all.join_all()).await {
            let opened = opened.unwrap();
            assert_eq!(opened.response.status(), 200);
            within(opened.response.into_body().collect()).await.unwrap();
        }
        // The slots are given back once the last byte has left.
        sleep(Duration::from_millis(1)).await;
        assert_eq!(plugin.call("GET", "/v1/session", "").await.status, 200);
    }
}

#[tokio::test]
async fn the_1024th_connection_is_served_and_the_next_waits_for_one_to_end() {
    let plugin = Plugin::new();
    let listener = plugin.broker.listen_tcp(([127, 0, 0, 1], 0).into()).await.unwrap();
    let address = listener.endpoint().to_string().replace("http://", "");
    let ping = b"GET /healthz HTTP/1.1\r\nhost: b\r\n\r\n";
    let mut served = Vec::new();
    for _ in 0..1024 {
        let Ok(mut stream) = tokio::net::TcpStream::connect(&address).await else {
            eprintln!("SKIPPED: this process may not open 2,048 sockets");
            return;
        };
        stream.write_all(ping).await.unwrap();
        within(read_head(&mut stream)).await;
        served.push(stream);
    }
    let mut next = tokio::net::TcpStream::connect(&address).await.unwrap();
    next.write_all(ping).await.unwrap();
    let last = served.last_mut().unwrap();
    last.read_exact(&mut [0; 3]).await.unwrap();
    last.write_all(ping).await.unwrap();
    within(read_head(last)).await;
    let early = next.try_read(&mut [0]).map_err(|error| error.kind());
    assert_eq!(early, Err(std::io::ErrorKind::WouldBlock));
    served.pop();
    within(read_head(&mut next)).await;
}

/// Resolves every name after a while.
struct Slow(Duration);

impl Resolve for Slow {
    fn resolve<'a>(&'a self, _: &'a HostName) -> Resolving<'a> {
        Box::pin(async {
            sleep(self.0).await;
            Ok(vec![[93, 184, 215, 14].into()])
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_may_take_as_long_as_the_limit_and_is_unreachable_after_it() {
    for (limit, takes, status) in
        [(5_000, 4_999, 200), (5_000, 5_001, 502), (7_000, 6_999, 200), (7_000, 7_001, 502)]
    {
        let broker = Broker::builder()
            .limits(limits(|limits| limits.dns_ms = limit))
            .resolver(Slow(Duration::from_millis(takes)))
            .upstream(crate::support::Scripted(echo));
        let plugin = Plugin::of(broker.build().unwrap());
        let start = Instant::now();
        let reply = plugin.call("GET", URL, "").await;
        assert_eq!(reply.status, status, "{takes} ms of {limit}");
        if status != 200 {
            assert_eq!(plugin.refusal(&reply).code(), ErrorCode::UpstreamUnreachable);
            assert_eq!(start.elapsed(), Duration::from_millis(limit));
        }
    }
}

#[tokio::test]
async fn a_target_that_shakes_hands_in_time_is_reached_and_one_that_does_not_is_unreachable() {
    let (port, certificate) = tls_target(&["localhost"]).await;
    let broker = Broker::builder().root_certificate(certificate);
    let plugin = Plugin::reaching(broker.build().unwrap(), &[port]);
    let url = format!("https://localhost:{port}/");
    assert_eq!(plugin.call("GET", &url, "").await.status, 200);

    let (port, _served) = target(async |mut stream| {
        // Accepted and never answered.
        let mut hello = Vec::new();
        let _ = stream.read_to_end(&mut hello).await;
    })
    .await;
    let plugin = reaching(port, |limits| limits.connect_ms = 50);
    let reply = plugin.call("GET", &format!("https://localhost:{port}/"), "").await;
    assert_eq!(plugin.refusal(&reply).code(), ErrorCode::UpstreamUnreachable);
}

/// What comes of a call with this deadline to a target that takes so many milliseconds.
async fn slow_target(takes: u64, deadline: Option<u64>, set: fn(&mut Limits)) -> (u16, Duration) {
    let plugin = scripted(limits(set), move |_| async move {
        sleep(Duration::from_millis(takes)).await;
        Ok(Response::new(full("")))
    });
    let mut request = plugin.request("GET", URL);
    if let Some(deadline) = deadline {
        request = request.header(header::DEADLINE_MS, deadline);
    }
    let start = Instant::now();
    let reply = plugin.send(request.body(Full::<Bytes>::default()).unwrap()).await;
    if reply.status != 200 {
        assert_eq!(plugin.refusal(&reply).code(), ErrorCode::DeadlineExceeded);
    }
    (reply.status, start.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_target_may_take_as_long_as_the_header_limit_and_is_given_up_after_it() {
    let seconds = Duration::from_secs;
    let set: fn(&mut Limits) = |limits| limits.header_ms = 7_000;
    let usual: fn(&mut Limits) = |_| {};
    assert_eq!(slow_target(29_999, Some(60_000), usual).await.0, 200);
    assert_eq!(slow_target(30_001, Some(60_000), usual).await, (504, seconds(30)));
    assert_eq!(slow_target(6_999, Some(60_000), set).await.0, 200);
    assert_eq!(slow_target(7_001, Some(60_000), set).await, (504, seconds(7)));
}

#[tokio::test(start_paused = true)]
async fn a_call_may_take_as_long_as_its_deadline_and_ends_with_it() {
    let seconds = Duration::from_secs;
    let patient: fn(&mut Limits) = |limits| limits.header_ms = 10_000_000;
    assert_eq!(slow_target(29_999, None, patient).await.0, 200);
    assert_eq!(slow_target(30_001, None, patient).await, (504, seconds(30)), "none is stated");
    assert_eq!(slow_target(4_999, Some(5_000), patient).await.0, 200);
    assert_eq!(slow_target(5_001, Some(5_000), patient).await, (504, seconds(5)));
    let set: fn(&mut Limits) = |limits| {
        (limits.header_ms, limits.deadline_ms, limits.max_deadline_ms) = (10_000_000, 3_000, 9_000);
    };
    assert_eq!(slow_target(3_001, None, set).await, (504, seconds(3)));
    assert_eq!(slow_target(8_999, Some(u64::MAX), set).await.0, 200);
    assert_eq!(slow_target(9_001, Some(u64::MAX), set).await, (504, seconds(9)), "the longest");
}

/// Whether a body whose second piece comes after so many milliseconds arrives whole, and when it
/// was decided.
async fn pausing(pause: u64, deadline: u64, idle: u64) -> (bool, Duration) {
    let plugin = scripted(limits(|limits| limits.idle_ms = idle), move |_| {
        let (sender, body) = piped();
        tokio::spawn(async move {
            sender.send("first".into()).await.unwrap();
            sleep(Duration::from_millis(pause)).await;
            let _ = sender.send("second".into()).await;
        });
        std::future::ready(Ok(Response::new(body.boxed_unsync())))
    });
    let request = plugin.request("GET", URL).header(header::DEADLINE_MS, deadline);
    let request: Request<Full<Bytes>> = request.body(Full::default()).unwrap();
    let start = Instant::now();
    let opened = open(plugin.broker.connect(), request).await.unwrap();
    let end = within(opened.response.into_body().collect()).await;
    (end.is_ok_and(|body| body.to_bytes() == "firstsecond"), start.elapsed())
}

#[tokio::test(start_paused = true)]
async fn silence_as_long_as_the_limit_is_borne_and_after_it_the_body_breaks_off() {
    let seconds = Duration::from_secs;
    assert!(pausing(59_999, 110_000, 60_000).await.0);
    assert_eq!(pausing(60_001, 110_000, 60_000).await, (false, seconds(60)));
    assert!(pausing(9_999, 110_000, 10_000).await.0);
    assert_eq!(pausing(10_001, 110_000, 10_000).await, (false, seconds(10)));
    assert_eq!(pausing(20_001, 20_000, 60_000).await, (false, seconds(20)), "its deadline");
}
