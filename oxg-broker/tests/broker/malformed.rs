//! Bytes at the socket that two parsers could read differently.

use oxg_protocol::audit::{Decision, EventType};
use oxg_protocol::{ErrorCode, Problem};

use crate::support::{Plugin, converse};

/// How many responses there are; bodies may speak of HTTP/1.1 as well.
fn responses(answer: &str) -> usize {
    ["HTTP/1.1 2", "HTTP/1.1 4", "HTTP/1.1 5"]
        .iter()
        .map(|start| answer.matches(start).count())
        .sum()
}

/// Fails unless the one answer is the broker's refusal with `code`.
#[track_caller]
fn assert_refused(answer: &str, code: ErrorCode, what: &str) {
    let status = format!("HTTP/1.1 {} ", code.status());
    assert!(answer.starts_with(&status), "{what:?}: {answer:?}");
    assert_eq!(responses(answer), 1, "{what:?}: {answer:?}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let problem: Problem = serde_json::from_str(body).unwrap();
    assert_eq!(problem.code(), code, "{what:?}");
    let marks = [
        format!("oxg-error: {code}"),
        format!("oxg-request-id: {}", problem.request_id.unwrap()),
        format!("content-type: {}", Problem::MEDIA_TYPE),
        "connection: close".to_owned(),
    ];
    for mark in marks {
        assert!(head.contains(&mark), "{what:?}: {head}");
    }
}

/// What is sent with each `T` for the fields of a plugin that is known.
async fn send(plugin: &Plugin, text: &str) -> String {
    let known = format!("authorization: {0}\r\nproxy-authorization: {0}", plugin.bearer());
    let bytes = text.replace("TOKEN", &known);
    converse(plugin.broker.connect(), bytes.as_bytes()).await
}

#[tokio::test]
async fn what_two_parsers_could_read_differently_is_refused_even_with_a_token() {
    let plugin = Plugin::new();
    let fields = "host: b\r\nTOKEN\r\n";
    let get = |rest: &str| format!("GET /v1/session HTTP/1.1\r\n{fields}{rest}\r\n\r\n");
    let line = |line: &str| format!("{line}\r\n{fields}\r\n");
    let requests = [
        get("content-length: 4\r\ntransfer-encoding: chunked"),
        get("transfer-encoding: chunked\r\ncontent-length: 4"),
        get("content-length: 4\r\ncontent-length: 4"),
        get("content-length: 4\r\ncontent-length: 5"),
        get("content-length: 4, 4"),
        get("content-length: -1"),
        get("content-length: 0x4"),
        get("content-length: 18446744073709551615"),
        get("content-length: 18446744073709551616"),
        get("transfer-encoding: identity"),
        get("transfer-encoding: chunked, gzip"),
        get("transfer-encoding: xchunked"),
        get("transfer-encoding: \x0bchunked"),
        get("x: a\nb: c"),
        get("x: a\rb: c"),
        get("x: a\r\n folded"),
        get("x: a\r\n\tfolded"),
        get("x : a"),
        get("x\u{e9}: a"),
        get("x(: a"),
        get(": a"),
        get("no colon"),
        get("x: \0"),
        get("host: c"),
        line("GET /v1/session HTTP/1.1 "),
        line("GET  /v1/session HTTP/1.1"),
        line("GET /v1/session"),
        line("GET /v1/session HTTP/1.0"),
        line("GET /v1/session HTTP/2.0"),
        line("GET /v1/session http/1.1"),
        line(" GET /v1/session HTTP/1.1"),
        line("\r\nGET /v1/session HTTP/1.1"),
        line("GET /v1/session\t HTTP/1.1"),
        line("GET /v1/a#b HTTP/1.1"),
        line("GET /v1\\session HTTP/1.1"),
        line("GET /v1/<a> HTTP/1.1"),
        line("GET /v1/session?\"` HTTP/1.1"),
        line("GET /v1/\u{e9} HTTP/1.1"),
        line("GET http://user@shop.test/ HTTP/1.1"),
        line("GET http://shop.test/#x HTTP/1.1"),
        line("GET http://shop.test\\@evil.test/ HTTP/1.1"),
        line("GET http://shop.test:0/ HTTP/1.1"),
        line("GET http://shop%2etest/ HTTP/1.1"),
        line("GET http://127.1/ HTTP/1.1"),
        line("GET http://0x7f000001/ HTTP/1.1"),
        line("GET http:/shop.test/ HTTP/1.1"),
        line("GET file:///etc/passwd HTTP/1.1"),
        line("GET shop.test:80 HTTP/1.1"),
        line("OPTIONS * HTTP/1.1"),
        line("CONNECT / HTTP/1.1"),
        line("CONNECT shop.test:443/x HTTP/1.1"),
        line("CONNECT user@shop.test:443 HTTP/1.1"),
        line("CONNECT shop.test:44\u{e9} HTTP/1.1"),
        line("PRI * HTTP/2.0"),
        "GET /v1/session HTTP/1.1\r\nTOKEN\r\n\r\n".to_owned(),
        "\x16\x03\x01\x02\r\n\r\n".to_owned(),
    ];
    for request in &requests {
        let answer = send(&plugin, request).await;
        assert_refused(&answer, ErrorCode::InvalidRequest, request);
    }
    let audit = plugin.broker.audit().unwrap();
    assert_eq!(audit.len(), requests.len());
    assert!(audit.iter().all(|record| {
        record.event_type == EventType::Api
            && record.decision == Decision::Deny
            && record.metadata.contains_key("request_id")
    }));
}

#[tokio::test]
async fn a_good_request_before_a_bad_one_is_answered_and_nothing_behind_it() {
    let plugin = Plugin::new();
    let good = "GET /v1/session HTTP/1.1\r\nhost: b\r\nTOKEN\r\n\r\n";
    let bad = "GET /v1/session HTTP/1.1\r\nhost: b\r\nx : y\r\n\r\n";
    let answer = send(&plugin, &format!("{good}{bad}{good}")).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let at = answer.rfind("HTTP/1.1 4").unwrap();
    assert_refused(&answer[at..], ErrorCode::InvalidRequest, bad);
    assert_eq!(responses(&answer), 2, "{answer}");
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused_as_such() {
    let plugin = Plugin::new();
    for request in [
        format!("GET /{} HTTP/1.1\r\nhost: b\r\n\r\n", "a".repeat(70_000)),
        format!("GET / HTTP/1.1\r\nhost: b\r\nx: {}\r\n\r\n", "a".repeat(70_000)),
        "a".repeat(70_000),
    ] {
        let answer = send(&plugin, &request).await;
        assert_refused(&answer, ErrorCode::PayloadTooLarge, &request[..40]);
    }
    let many = "x: y\r\n".repeat(200);
    let answer = send(&plugin, &format!("GET / HTTP/1.1\r\nhost: b\r\n{many}\r\n")).await;
    assert_refused(&answer, ErrorCode::InvalidRequest, "200 lines");
}

#[tokio::test]
async fn a_head_near_the_limit_still_gets_the_brokers_own_answer() {
    let plugin = Plugin::new();
    let path = "a".repeat(65_000);
    let request = format!("GET /{path} HTTP/1.1\r\nhost: b\r\nconnection: close\r\n\r\n");
    let answer = send(&plugin, &request).await;
    assert_refused(&answer, ErrorCode::Unauthenticated, "a long path");
}

#[tokio::test]
async fn a_body_with_a_malformed_chunk_is_refused_and_what_follows_is_not_a_request() {
    let plugin = Plugin::new();
    for body in ["zz\r\n", "5;x\r\nhello\r\n", "5\nhello\n", "2\r\nabc\r\n"] {
        let request = format!(
            "POST /v1/logs HTTP/1.1\r\nhost: b\r\nTOKEN\r\ntransfer-encoding: chunked\r\n\r\n\
             {body}0\r\n\r\nGET /v1/session HTTP/1.1\r\nhost: b\r\nTOKEN\r\n\r\n"
        );
        let answer = send(&plugin, &request).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{body:?}: {answer}");
        assert!(answer.contains("oxg-error: invalid_request"), "{answer}");
        assert_eq!(responses(&answer), 1, "{body:?}: {answer}");
    }
}

#[tokio::test]
async fn requests_with_every_kind_of_body_share_a_connection() {
    let plugin = Plugin::new();
    let chunked = "POST /v1/logs HTTP/1.1\r\nhost: b\r\nTOKEN\r\ntransfer-encoding: chunked\r\n\r\n\
                   3\r\nx\n\n\r\n0\r\n\r\n";
    let sized = "POST /v1/logs HTTP/1.1\r\nhost: b\r\nTOKEN\r\ncontent-length: 2\r\n\r\nx\n";
    let last = "GET /v1/session HTTP/1.1\r\nhost: b\r\nTOKEN\r\nconnection: close\r\n\r\n";
    let answer = send(&plugin, &format!("{chunked}{sized}{last}")).await;
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 3, "{answer}");
    assert_eq!(answer.matches("urn:oxg:error:invalid_request").count(), 2);
}
