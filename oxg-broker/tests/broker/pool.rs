//! Connections to targets are kept for the plugin's next request, and only where that is safe.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http_body_util::Full;
use oxg_broker::Broker;
use oxg_protocol::ErrorCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Plugin, Target, exchange, manifest, next_head, open, piped, until, within};

/// Answers each request on the connection with the next of these; then hangs up.
async fn answers(mut stream: TcpStream, answers: &[&str]) {
    for answer in answers {
        if next_head(&mut stream).await.is_none() {
            return;
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
    let _ = stream.shutdown().await;
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test]
async fn requests_in_a_row_share_a_connection_whatever_frames_their_bodies() {
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    let target = Target::new(move |_, stream| async move {
        let none = "HTTP/1.1 204 No Content\r\n\r\n";
        answers(stream, &[OK, chunked, none, OK, OK]).await;
    })
    .await;
    let plugin = target.plugin();
    for (status, body) in [(200, "ok"), (200, "ok"), (204, ""), (200, "ok"), (200, "ok")] {
        let reply = plugin.call("GET", &target.url(), "").await;
        assert_eq!((reply.status, reply.body.as_ref()), (status, body.as_bytes()));
    }
    assert_eq!(target.accepted(), 1);
}

#[tokio::test]
async fn the_body_of_a_request_and_the_answer_to_head_leave_nothing_open() {
    let target = Target::new(async |_, mut stream| {
        while let Some(head) = next_head(&mut stream).await {
            let mut body = [0; 4];
            if head.starts_with("POST") {
                stream.read_exact(&mut body).await.unwrap();
                assert_eq!(&body, b"data");
            }
            let end = if head.starts_with("HEAD") { OK.len() - 2 } else { OK.len() };
            stream.write_all(&OK.as_bytes()[..end]).await.unwrap();
        }
    })
    .await;
    let plugin = target.plugin();
    for (method, body) in
        [("POST", "data"), ("HEAD", ""), ("POST", "data"), ("HEAD", ""), ("GET", "")]
    {
        let reply = plugin.call(method, &target.url(), body).await;
        assert_eq!(reply.status, 200, "{method}");
    }
    assert_eq!(target.accepted(), 1);
}

#[tokio::test]
async fn no_session_gets_the_connection_of_another() {
    let target = Target::new(async |_, stream| answers(stream, &[OK; 4]).await).await;
    let plugin = target.plugin();
    let other = plugin.broker.session(manifest()).allow_loopback(target.port).open().unwrap();
    let other = Plugin { broker: plugin.broker.clone(), session: other };
    for plugin in [&plugin, &other, &plugin, &other] {
        assert_eq!(plugin.call("GET", &target.url(), "").await.status, 200);
    }
    assert_eq!(target.accepted(), 2);
}

#[tokio::test]
async fn a_connection_that_is_not_clean_serves_nobody_else() {
    let evil = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil";
    for first in [
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok".to_owned(),
        "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok".to_owned(),
        // More than was asked for, in the same segment.
        format!("{OK}{evil}"),
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n{evil}"),
        format!("{OK}\r\n"),
    ] {
        let first: &'static str = first.leak();
        let target = Target::new(move |number, stream| async move {
            // Whoever used it again would get the evil answer.
            let mine = if number == 1 { [first, evil] } else { [OK, OK] };
            answers(stream, &mine).await;
        })
        .await;
        let plugin = target.plugin();
        for _ in 0..2 {
            let reply = plugin.call("POST", &target.url(), "").await;
            assert_eq!((reply.status, reply.body.as_ref()), (200, &b"ok"[..]), "{first:?}");
        }
        assert_eq!(target.accepted(), 2, "{first:?}");
    }
}

#[tokio::test]
async fn bytes_that_come_between_two_requests_are_nobodys_response() {
    let target = Target::new(async |number, mut stream| {
        if number > 1 {
            return answers(stream, &[OK]).await;
        }
        next_head(&mut stream).await;
        stream.write_all(OK.as_bytes()).await.unwrap();
        // Late, and unasked.
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil").await.unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        assert_eq!(rest, b"", "not a byte of the next request");
    })
    .await;
    let plugin = target.plugin();
    for _ in 0..2 {
        assert_eq!(plugin.call("GET", &target.url(), "").await.body, "ok");
    }
    assert_eq!(target.accepted(), 2);
}

#[tokio::test]
async fn an_answer_before_the_end_of_the_request_uses_the_connection_up() {
    let target = Target::new(async |_, mut stream| {
        next_head(&mut stream).await;
        stream.write_all(OK.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        assert!(!rest.windows(4).any(|four| four == b"GET "), "{rest:?}");
    })
    .await;
    let plugin = target.plugin();
    let (sender, body) = piped();
    let request = plugin.request("POST", &target.url()).body(body).unwrap();
    assert_eq!(plugin.send(request).await.body, "ok");
    assert_eq!(plugin.call("GET", &target.url(), "").await.body, "ok");
    assert_eq!(target.accepted(), 2);
    drop(sender);
}

#[tokio::test]
async fn a_kept_connection_that_died_is_replaced_where_the_request_may_be_sent_twice() {
    for (method, body, status) in
        [("GET", "", 200), ("DELETE", "", 200), ("POST", "", 502), ("PUT", "data", 502)]
    {
        let heads = Arc::<AtomicUsize>::default();
        let count = heads.clone();
        let target = Target::new(move |number, mut stream: TcpStream| {
            let count = count.clone();
            async move {
                while next_head(&mut stream).await.is_some() {
                    let seen = count.fetch_add(1, Ordering::SeqCst) + 1;
                    // The first connection dies over its second request, without an answer.
                    if number == 1 && seen == 2 {
                        return;
                    }
                    stream.write_all(OK.as_bytes()).await.unwrap();
                }
            }
        })
        .await;
        let plugin = target.plugin();
        assert_eq!(plugin.call("GET", &target.url(), "").await.status, 200);
        let reply = plugin.call(method, &target.url(), body).await;
        assert_eq!(reply.status, status, "{method}");
        if status == 502 {
            assert_eq!(plugin.refusal(&reply).code(), ErrorCode::UpstreamProtocol);
        }
        assert_eq!(heads.load(Ordering::SeqCst), if status == 502 { 2 } else { 3 }, "{method}");
    }
}

#[tokio::test]
async fn a_kept_connection_that_the_target_closed_in_between_is_replaced_for_any_method() {
    let target = Target::new(|_, stream| answers(stream, &[OK])).await;
    let plugin = target.plugin();
    for method in ["GET", "POST", "PATCH", "HEAD"] {
        assert_eq!(plugin.call(method, &target.url(), "").await.status, 200, "{method}");
    }
    assert_eq!(target.accepted(), 4);
}

#[tokio::test]
async fn a_new_connection_that_dies_and_one_that_began_to_answer_are_not_tried_again() {
    for (kept, answer) in [(0, ""), (1, "HTTP/1.1 2")] {
        let target = Target::new(move |_, mut stream: TcpStream| async move {
            for _ in 0..kept {
                next_head(&mut stream).await;
                stream.write_all(OK.as_bytes()).await.unwrap();
            }
            next_head(&mut stream).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
        })
        .await;
        let plugin = target.plugin();
        for _ in 0..kept {
            assert_eq!(plugin.call("GET", &target.url(), "").await.status, 200);
        }
        let reply = plugin.call("GET", &target.url(), "").await;
        assert_eq!(plugin.refusal(&reply).code(), ErrorCode::UpstreamProtocol);
        assert_eq!(target.accepted(), 1);
    }
}

#[tokio::test]
async fn a_closed_session_ends_what_it_has_under_way() {
    for answer in
        ["", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", "HTTP/1.1 200 OK\r\n\r\nhalf"]
    {
        let asked = Arc::<AtomicUsize>::default();
        let gone = Arc::<AtomicUsize>::default();
        let (seen, left) = (asked.clone(), gone.clone());
        let target = Target::new(move |_, mut stream: TcpStream| {
            let (seen, left) = (seen.clone(), left.clone());
            async move {
                next_head(&mut stream).await;
                stream.write_all(answer.as_bytes()).await.unwrap();
                seen.fetch_add(1, Ordering::SeqCst);
                while stream.read_u8().await.is_ok() {}
                left.fetch_add(1, Ordering::SeqCst);
            }
        })
        .await;
        let Plugin { broker, session } = target.plugin();
        let plugin = Plugin { broker, session };
        let request = plugin.request("GET", &target.url()).body(Full::<Bytes>::default()).unwrap();
        let connection = plugin.broker.connect();
        let Plugin { broker: _broker, session } = plugin;
        let end = async {
            until(|| asked.load(Ordering::SeqCst) == 1).await;
            if answer.is_empty() {
                drop(session);
                None
            } else {
                Some(session)
            }
        };
        if answer.is_empty() {
            let (reply, _) = tokio::join!(exchange(connection, request), end);
            assert_eq!(reply.code(), ErrorCode::TokenExpired);
        } else {
            let (opened, session) = tokio::join!(open(connection, request), end);
            let opened = opened.unwrap();
            assert_eq!(opened.response.status(), 200);
            drop(session);
            let body = http_body_util::BodyExt::collect(opened.response.into_body());
            assert!(within(body).await.is_err(), "it never looks whole: {answer:?}");
        }
        within(until(|| gone.load(Ordering::SeqCst) == 1)).await;
    }
}

#[tokio::test]
async fn connections_that_wait_are_closed_with_the_broker() {
    let gone = Arc::<AtomicUsize>::default();
    let left = gone.clone();
    let target = Target::new(move |_, mut stream: TcpStream| {
        let left = left.clone();
        async move {
            next_head(&mut stream).await;
            stream.write_all(OK.as_bytes()).await.unwrap();
            while stream.read_u8().await.is_ok() {}
            left.fetch_add(1, Ordering::SeqCst);
        }
    })
    .await;
    let plugin = Plugin::reaching(Broker::builder().build().unwrap(), &[target.port]);
    assert_eq!(plugin.call("GET", &target.url(), "").await.status, 200);
    plugin.broker.shutdown().await;
    until(|| gone.load(Ordering::SeqCst) == 1).await;
}
