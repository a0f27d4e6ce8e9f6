//! Targets, plugins and name servers that misbehave, over real connections.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt as _, Full};
use oxg_broker::egress::ScriptedResolver;
use oxg_broker::{Broker, full};
use oxg_protocol::{ErrorCode, header};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::support::{
    Open, Plugin, Scripted, Target, converse, limits, next_head, open, piped, within,
};

/// Between the bytes of a peer that trickles.
const DRIP: Duration = Duration::from_millis(5);

/// A target that answers every connection's first request with these bytes and hangs up.
async fn answering(answer: impl Into<Vec<u8>>) -> Target {
    let answer: &'static [u8] = answer.into().leak();
    Target::new(move |_, mut stream: TcpStream| async move {
        next_head(&mut stream).await;
        let _ = stream.write_all(answer).await;
        let _ = stream.shutdown().await;
        // Unread bytes would turn the end into a reset.
        let _ = stream.read(&mut [0]).await;
    })
    .await
}

async fn opened(plugin: &Plugin, target: &Target, deadline_ms: u64) -> Open {
    let request = plugin
        .request("GET", &target.url())
        .header(header::DEADLINE_MS, deadline_ms)
        .body(Full::<Bytes>::default())
        .unwrap();
    open(plugin.broker.connect(), request).await.unwrap()
}

/// Fails unless a body begins and then breaks off.
async fn assert_breaks_off(plugin: &Plugin, target: &Target, deadline_ms: u64, what: &str) {
    let opened = opened(plugin, target, deadline_ms).await;
    assert_eq!(opened.response.status(), 200, "{what}");
    assert!(within(opened.response.into_body().collect()).await.is_err(), "{what}");
}

#[tokio::test]
async fn a_reset_within_the_body_breaks_it_off() {
    let (go, wait) = tokio::sync::watch::channel(false);
    for framing in ["content-length: 10", "transfer-encoding: chunked", "x-until: close"] {
        go.send_replace(false);
        let wait = wait.clone();
        let target = Target::new(move |_, mut stream: TcpStream| {
            let mut wait = wait.clone();
            async move {
                next_head(&mut stream).await;
                let part = if framing.contains("chunked") { "4\r\nhalf\r\n" } else { "half" };
                let answer = format!("HTTP/1.1 200 OK\r\n{framing}\r\n\r\n{part}");
                stream.write_all(answer.as_bytes()).await.unwrap();
                wait.wait_for(|go| *go).await.unwrap();
                stream.set_zero_linger().unwrap();
            }
        })
        .await;
        let plugin = target.plugin();
        let opened = opened(&plugin, &target, 30_000).await;
        let mut body = opened.response.into_body();
        let part = within(body.frame()).await.unwrap().unwrap();
        assert_eq!(part.into_data().unwrap(), "half");
        go.send_replace(true);
        assert!(within(body.collect()).await.is_err(), "{framing}");
    }
}

#[tokio::test]
async fn a_target_that_stalls_is_given_up() {
    for (answer, code) in [
        ("", Some(ErrorCode::DeadlineExceeded)),
        ("HTTP/1.1 200 OK\r\nx: ", Some(ErrorCode::DeadlineExceeded)),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", None),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nhalf", None),
    ] {
        let target = Target::new(move |_, mut stream: TcpStream| async move {
            next_head(&mut stream).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
            while stream.read_u8().await.is_ok() {}
        })
        .await;
        let plugin = target.plugin_with(limits(|limits| {
            limits.header_ms = 200;
            limits.idle_ms = 200;
        }));
        match code {
            Some(code) => {
                let reply = plugin.call("GET", &target.url(), "").await;
                assert_eq!(plugin.refusal(&reply).code(), code, "{answer:?}");
            }
            None => assert_breaks_off(&plugin, &target, 30_000, answer).await,
        }
    }
}

#[tokio::test]
async fn a_target_that_trickles_is_given_up_at_the_limit_for_heads_and_at_the_deadline() {
    for head in ["HTTP/1.1 200 OK\r\nx: ", "HTTP/1.1 200 OK\r\n\r\n"] {
        let target = Target::new(move |_, mut stream: TcpStream| async move {
            next_head(&mut stream).await;
            stream.write_all(head.as_bytes()).await.unwrap();
            while stream.write_all(b"y").await.is_ok() {
                sleep(DRIP).await;
            }
        })
        .await;
        // Never silent for as long as the idle limit.
        let plugin = target.plugin_with(limits(|limits| limits.header_ms = 200));
        if head.ends_with("\r\n\r\n") {
            assert_breaks_off(&plugin, &target, 300, head).await;
        } else {
            let reply = plugin.call("GET", &target.url(), "").await;
            assert_eq!(plugin.refusal(&reply).code(), ErrorCode::DeadlineExceeded);
        }
    }
}

#[tokio::test]
async fn a_plugin_that_trickles_its_body_is_given_up_at_the_deadline() {
    let target =
        Target::new(async |_, mut stream: TcpStream| while stream.read_u8().await.is_ok() {}).await;
    let plugin = target.plugin();
    let (sender, body) = piped();
    let request =
        plugin.request("POST", &target.url()).header(header::DEADLINE_MS, 300).body(body).unwrap();
    let drip = async {
        while sender.send("y".into()).await.is_ok() {
            sleep(DRIP).await;
        }
        // The answer comes after the end of the body.
        std::future::pending::<()>().await;
    };
    let reply = tokio::select! {
        reply = plugin.send(request) => reply,
        () = drip => unreachable!("it never ends"),
    };
    assert_eq!(plugin.refusal(&reply).code(), ErrorCode::DeadlineExceeded);
}

#[tokio::test]
async fn a_length_that_is_a_lie_never_reaches_another_response() {
    let lies = [
        // Shorter than it says; longer than it says.
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", None),
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok and more", Some("ok")),
    ];
    for (lie, body) in lies {
        for kept in [false, true] {
            let target = Target::new(move |number, mut stream: TcpStream| async move {
                if kept && number == 1 {
                    next_head(&mut stream).await;
                    let first = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
                    stream.write_all(first.as_bytes()).await.unwrap();
                }
                next_head(&mut stream).await;
                stream.write_all(lie.as_bytes()).await.unwrap();
            })
            .await;
            let plugin = target.plugin();
            if kept {
                assert_eq!(plugin.call("GET", &target.url(), "").await.body, "ok");
            }
            match body {
                None => assert_breaks_off(&plugin, &target, 30_000, lie).await,
                Some(body) => {
                    for _ in 0..2 {
                        assert_eq!(plugin.call("GET", &target.url(), "").await.body, body);
                    }
                    assert_eq!(target.accepted(), 2, "the one with bytes left over is closed");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_name_that_moves_to_a_private_address_is_denied_the_second_time() {
    let shop = "shop.test".parse().unwrap();
    let ip = |text: &str| text.parse::<std::net::IpAddr>().unwrap();
    let (public, private) = (ip("93.184.215.14"), ip("10.0.0.5"));
    let names = ScriptedResolver::new()
        .answer(&shop, [public])
        .answer(&shop, [private])
        .answer(&shop, [public, private])
        .answer(&shop, [public]);
    let broker = Broker::builder()
        .resolver(names.clone())
        .upstream(Scripted(async |_| Ok(Response::new(full("ok")))));
    let plugin = Plugin::of(broker.build().unwrap());
    for denied in [false, true, true, false] {
        let reply = plugin.call("GET", "http://shop.test/", "").await;
        if denied {
            assert_eq!(plugin.refusal(&reply).code(), ErrorCode::DestinationDenied);
        } else {
            assert_eq!(reply.status, 200);
        }
    }
    assert_eq!(names.asked().len(), 4, "one look-up a request");
}

#[tokio::test]
async fn a_compressed_body_counts_and_passes_as_it_is_whatever_it_would_become() {
    // The head of a gzip stream; what follows does not matter, since nobody here reads it.
    let bomb = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3][..], &[0; 99_990]].concat();
    let mut answer =
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 100000\r\n\r\n".to_vec();
    answer.extend(&bomb);
    let target = answering(answer).await;
    let plugin = target.plugin_with(limits(|limits| limits.egress_response_bytes = 100_000));
    let reply = plugin.call("GET", &target.url(), "").await;
    assert_eq!(reply.header("content-encoding"), "gzip");
    assert!(reply.body == bomb, "as it was, byte by byte");
}

#[tokio::test]
async fn ten_thousand_header_lines_are_refused_from_either_side() {
    let lines = "x: y\r\n".repeat(10_000);
    let target = answering(format!("HTTP/1.1 200 OK\r\n{lines}\r\n")).await;
    // Their number and not only their size: these are less than the limit for heads.
    let plugin = target.plugin_with(limits(|limits| limits.header_block_bytes = 1 << 20));
    let reply = plugin.call("GET", &target.url(), "").await;
    assert_eq!(plugin.refusal(&reply).code(), ErrorCode::UpstreamProtocol);
    let request = format!("GET {} HTTP/1.1\r\nhost: b\r\n{lines}\r\n", target.url());
    let answer = converse(plugin.broker.connect(), request.as_bytes()).await;
    assert!(answer.contains("oxg-error: invalid_request"), "{answer}");
    assert_eq!(target.accepted(), 1);
}

#[tokio::test]
async fn a_flood_of_interim_responses_is_refused() {
    for (count, passes) in [(16, true), (17, false), (10_000, false)] {
        let flood = "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(count);
        let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        let target = answering(format!("{flood}{ok}")).await;
        let plugin = target.plugin_with(limits(|limits| limits.header_block_bytes = 1 << 20));
        let reply = plugin.call("GET", &target.url(), "").await;
        if passes {
            assert_eq!(reply.body, "ok");
        } else {
            assert_eq!(plugin.refusal(&reply).code(), ErrorCode::UpstreamProtocol, "{count}");
        }
    }
}

/// Bodies in chunks that are cut short, or that two parsers could read differently.
const BAD_CHUNKS: [&str; 11] = [
    "4\r\nhalf\r\n",
    "4\r\nha",
    "4 \r\nhalf\r\n0\r\n\r\n",
    "4;a=b\r\nhalf\r\n0\r\n\r\n",
    "4\nhalf\r\n0\r\n\r\n",
    "4\r\nhalfway\r\n0\r\n\r\n",
    "0x4\r\nhalf\r\n0\r\n\r\n",
    "+4\r\nhalf\r\n0\r\n\r\n",
    "10000000000000004\r\nhalf\r\n0\r\n\r\n",
    "ffffffffffffffffff\r\nhalf",
    "4\r\nhalf\r\n0\r\n folded\r\n\r\n",
];

#[tokio::test]
async fn a_chunked_response_that_is_not_whole_or_not_well_formed_breaks_off() {
    for body in BAD_CHUNKS {
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        let target = answering(format!("{head}{body}")).await;
        let plugin = target.plugin();
        let request = plugin.request("GET", &target.url()).body(Full::<Bytes>::default()).unwrap();
        let whole = async {
            let opened = open(plugin.broker.connect(), request).await?;
            let status = opened.response.status();
            opened.response.into_body().collect().await.map(|_| status)
        };
        // Before the head has left, it is a refusal.
        let end = within(whole).await;
        assert!(
            end.as_ref().is_ok_and(|status| *status == 502) || end.is_err(),
            "{body:?}: {end:?}"
        );
    }
}

#[tokio::test]
async fn a_chunked_request_that_is_not_whole_or_not_well_formed_never_looks_whole_to_the_target() {
    for body in BAD_CHUNKS {
        let (got, mut bodies) = tokio::sync::mpsc::unbounded_channel();
        let target = Target::new(move |_, mut stream: TcpStream| {
            let got = got.clone();
            async move {
                let mut all = Vec::new();
                let _ = stream.read_to_end(&mut all).await;
                let _ = got.send(String::from_utf8_lossy(&all).into_owned());
            }
        })
        .await;
        let plugin = target.plugin();
        let request = format!(
            "POST {} HTTP/1.1\r\nhost: b\r\nproxy-authorization: {}\r\ntransfer-encoding: chunked\r\n\r\n{body}",
            target.url(),
            plugin.bearer(),
        );
        let mut stream = plugin.broker.connect();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        within(stream.read_to_end(&mut answer)).await.unwrap();
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{body:?}: {answer}");
        drop(target);
        while let Some(all) = bodies.recv().await {
            assert!(!all.ends_with("0\r\n\r\n"), "{body:?}: {all}");
        }
    }
}
