//! Egress to targets over real connections.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use oxg_broker::Broker;
use oxg_protocol::ErrorCode;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::{Plugin, answering, open, piped, read_head, target, until, within};

fn reaching(port: u16) -> Plugin {
    Plugin::reaching(Broker::builder().build().unwrap(), &[port])
}

#[tokio::test]
async fn method_path_headers_and_bodies_arrive_on_both_sides() {
    let (port, served) = target(async |mut stream| {
        let head = read_head(&mut stream).await;
        let mut body = [0; 5];
        stream.read_exact(&mut body).await.unwrap();
        let answer =
            "HTTP/1.1 418 Short And Stout\r\nx-answer: yes\r\ncontent-length: 3\r\n\r\ntea";
        stream.write_all(answer.as_bytes()).await.unwrap();
        (head, body)
    })
    .await;
    let plugin = reaching(port);
    let request = plugin
        .request("PUT", &format!("http://127.0.0.1:{port}/a%2Fb/..;x?q=%20&r"))
        .header("x-question", "tea?")
        .body(Full::new(Bytes::from("water")))
        .unwrap();
    let reply = plugin.send(request).await;
    assert_eq!((reply.status, reply.body.as_ref()), (418, &b"tea"[..]));
    assert_eq!(reply.header("x-answer"), "yes");
    let (head, body) = served.await.unwrap();
    let mut lines: Vec<_> = head.trim_end().split("\r\n").collect();
    assert_eq!(lines.remove(0), "PUT /a%2Fb/..;x?q=%20&r HTTP/1.1");
    lines.sort_unstable();
    let host = format!("host: 127.0.0.1:{port}");
    assert_eq!(lines, ["content-length: 5", host.as_str(), "x-question: tea?"]);
    assert_eq!(&body, b"water");
}

#[tokio::test]
async fn bodies_stream_both_ways_at_the_same_time() {
    let (port, _served) = target(async |mut stream| {
        read_head(&mut stream).await;
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        // What comes in chunks goes back as it is: an echo.
        let (mut reader, mut writer) = stream.split();
        tokio::io::copy(&mut reader, &mut writer).await.unwrap();
    })
    .await;
    let plugin = reaching(port);
    let (sender, body) = piped();
    let request = plugin.request("POST", &format!("http://127.0.0.1:{port}/")).body(body).unwrap();
    let opened = open(plugin.broker.connect(), request).await.unwrap();
    let mut response = opened.response.into_body();
    for part in ["one", "two", "three"] {
        sender.send(part.into()).await.unwrap();
        let frame = within(response.frame()).await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), part);
    }
    drop(sender);
    assert!(within(response.frame()).await.is_none());
}

#[tokio::test]
async fn a_redirect_is_handed_to_the_plugin() {
    let (port, _served) = answering(
        "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n",
    )
    .await;
    let plugin = reaching(port);
    let reply = plugin.call("GET", &format!("http://localhost:{port}/"), "").await;
    assert_eq!(reply.status, 302);
    assert_eq!(reply.header("location"), "http://169.254.169.254/");
    assert_eq!(plugin.broker.audit().unwrap().len(), 1, "one request, one decision");
}

#[tokio::test]
async fn a_target_that_nobody_serves_is_unreachable() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let plugin = reaching(port);
    let reply = plugin.call("GET", &format!("http://127.0.0.1:{port}/"), "").await;
    let problem = plugin.refusal(&reply);
    assert_eq!(problem.code(), ErrorCode::UpstreamUnreachable);
    assert_eq!(problem.destination, Some(format!("http://127.0.0.1:{port}")));
}

#[tokio::test]
async fn a_target_that_does_not_speak_http_broke_the_protocol() {
    for answer in [
        "",
        "SSH-2.0-OpenSSH_9.6\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1",
        "HTTP/1.1 200 OK\r\nx y: z\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
    ] {
        let (port, _served) = answering(answer).await;
        let plugin = reaching(port);
        let reply = plugin.call("GET", &format!("http://127.0.0.1:{port}/"), "").await;
        let problem = plugin.refusal(&reply);
        assert_eq!(problem.code(), ErrorCode::UpstreamProtocol, "{answer:?}");
    }
}

#[tokio::test]
async fn a_response_that_two_parsers_could_read_differently_is_refused() {
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\nx", "x: y\r\n".repeat(10_000));
    let large = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\nx", "y".repeat(70_000));
    let flood = "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(500) + "HTTP/1.1 200 OK\r\n\r\nx";
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\ncontent-length: 1, 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: xchunked\r\n\r\nx",
        "HTTP/1.1 200 OK\ncontent-length: 1\n\nx",
        "HTTP/1.1 200 OK\r\nx: a\ny: b\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nx: a\ry: b\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nx: a\r\n b\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nx(y: a\r\n\r\nx",
        "\r\nHTTP/1.1 200 OK\r\n\r\nx",
        &many,
        &large,
        &flood,
    ] {
        let (port, _served) = answering(answer.to_owned().leak()).await;
        let plugin = reaching(port);
        let reply = plugin.call("GET", &format!("http://127.0.0.1:{port}/"), "").await;
        let problem = plugin.refusal(&reply);
        assert_eq!(problem.code(), ErrorCode::UpstreamProtocol, "{answer:.80?}");
    }
}

#[tokio::test]
async fn what_follows_a_whole_response_is_nobodys_response() {
    let (port, _served) = answering(
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil",
    )
    .await;
    let plugin = reaching(port);
    let url = format!("http://127.0.0.1:{port}/");
    assert_eq!(plugin.call("GET", &url, "").await.body, "ok");
    let reply = plugin.call("GET", &url, "").await;
    assert_eq!(plugin.refusal(&reply).code(), ErrorCode::UpstreamUnreachable);
}

#[tokio::test]
async fn a_compressed_body_passes_as_it_is() {
    let (port, _served) = answering(
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n\u{1f}bom",
    )
    .await;
    let plugin = reaching(port);
    let reply = plugin.call("GET", &format!("http://127.0.0.1:{port}/"), "").await;
    assert_eq!(reply.header("content-encoding"), "gzip");
    assert_eq!(reply.body, "\u{1f}bom");
}

#[tokio::test]
async fn a_response_that_breaks_off_never_looks_whole() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n",
    ] {
        let (port, _served) = answering(answer).await;
        let plugin = reaching(port);
        let request = plugin
            .request("GET", &format!("http://127.0.0.1:{port}/"))
            .body(Full::<Bytes>::default())
            .unwrap();
        let opened = open(plugin.broker.connect(), request).await.unwrap();
        assert_eq!(opened.response.status(), 200);
        let end = within(opened.response.into_body().collect()).await;
        assert!(end.is_err(), "{answer:?}");
    }
}

#[tokio::test]
async fn a_target_that_resets_the_connection_never_looks_whole() {
    let (port, _served) = target(async |mut stream| {
        stream.readable().await.unwrap();
        let part = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf";
        stream.write_all(part.as_bytes()).await.unwrap();
        // Closed with unread bytes, a connection is reset.
    })
    .await;
    let plugin = reaching(port);
    let request = plugin
        .request("GET", &format!("http://127.0.0.1:{port}/"))
        .body(Full::<Bytes>::default())
        .unwrap();
    let opened = open(plugin.broker.connect(), request).await.unwrap();
    let status = opened.response.status().as_u16();
    let end = within(opened.response.into_body().collect()).await;
    // Which of the two depends on how much came before the reset.
    assert!(status == 502 || (status == 200 && end.is_err()), "{status}");
}

#[tokio::test]
async fn a_plugin_that_goes_away_frees_the_target() {
    for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"] {
        let asked = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let seen = asked.clone();
        let (port, served) = target(async move |mut stream| {
            read_head(&mut stream).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
            seen.store(true, std::sync::atomic::Ordering::SeqCst);
            // Ends when the broker hangs up, cleanly or not.
            while stream.read_u8().await.is_ok() {}
        })
        .await;
        let plugin = reaching(port);
        let request = plugin
            .request("GET", &format!("http://127.0.0.1:{port}/"))
            .body(Full::<Bytes>::default())
            .unwrap();
        let call = open(plugin.broker.connect(), request);
        if answer.is_empty() {
            tokio::select! {
                _ = call => panic!("the target does not answer"),
                () = until(|| asked.load(std::sync::atomic::Ordering::SeqCst)) => {}
            }
        } else {
            drop(call.await.unwrap());
        }
        within(served).await.unwrap();
    }
}

/// A TLS target with a certificate of its own making for `names`.
pub(crate) async fn tls_target(names: &[&str]) -> (u16, CertificateDer<'static>) {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let name = stream.get_ref().1.server_name().unwrap_or("none").to_owned();
            read_head(&mut stream).await;
            let answer =
                format!("HTTP/1.1 200 OK\r\nx-sni: {name}\r\ncontent-length: 4\r\n\r\nsafe");
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    (port, certificate)
}

#[tokio::test]
pub(crate) async fn tls_targets_are_reached_by_the_name_that_their_certificate_carries() {
    let (port, certificate) = tls_target(&["localhost", "127.0.0.1"]).await;
    let broker = Broker::builder().root_certificate(certificate).build().unwrap();
    let plugin = Plugin::reaching(broker, &[port]);
    for (host, sni) in [("localhost", "localhost"), ("127.0.0.1", "none")] {
        let reply = plugin.call("GET", &format!("https://{host}:{port}/"), "").await;
        assert_eq!((reply.status, reply.body.as_ref()), (200, &b"safe"[..]), "{reply:?}");
        assert_eq!(reply.header("x-sni"), sni);
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_or_names_another_host_is_refused() {
    let (port, certificate) = tls_target(&["other.test"]).await;
    for trusted in [false, true] {
        let mut broker = Broker::builder();
        if trusted {
            broker = broker.root_certificate(certificate.clone());
        }
        let plugin = Plugin::reaching(broker.build().unwrap(), &[port]);
        let reply = plugin.call("GET", &format!("https://localhost:{port}/"), "").await;
        let problem = plugin.refusal(&reply);
        assert_eq!(problem.code(), ErrorCode::UpstreamTls, "trusted: {trusted}");
    }
}

#[tokio::test]
async fn a_target_without_tls_is_no_tls_target() {
    let (port, _served) = target(async |mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    })
    .await;
    let plugin = reaching(port);
    let reply = plugin.call("GET", &format!("https://127.0.0.1:{port}/"), "").await;
    assert_eq!(plugin.refusal(&reply).code(), ErrorCode::UpstreamTls);
}
