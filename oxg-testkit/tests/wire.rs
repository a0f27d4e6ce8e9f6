//! WebSocket and secrets by handle: the SDK, the broker and a target on real sockets.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use futures_util::{SinkExt as _, StreamExt as _};
use oxg_broker::{Broker, Session};
use oxg_manifest::Manifest;
use oxg_sdk::channel::{BrokerChannel, TokenSource};
use oxg_sdk::clients::http::{HttpClient, HttpError, secret};
use oxg_sdk::clients::websocket::{CloseCode, Message, WebSocketBuilder, WebSocketError};
use secrecy::ExposeSecret as _;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const VALUE: &str = "canary-0123456789";

/// A plugin that may reach `port` of this machine and send it the secret `api-token`.
fn plugin(port: u16, websocket: bool) -> (Broker, Session, HttpClient) {
    let manifest = json!({
        "name": "probe", "version": "0.1.0", "entry": "./probe",
        "capabilities": {
            "http": { "outbound": ["broker"], "websocket": websocket },
            "secrets": { "broker": true, "names": ["api-token"],
                         "hosts": { "api-token": [format!("127.0.0.1:{port}")] } },
        },
    });
    let manifest = Manifest::from_slice(manifest.to_string().as_bytes()).unwrap();
    let broker = Broker::builder().build().unwrap();
    let session = broker
        .session(manifest)
        .secret("api-token".parse().unwrap(), VALUE.into())
        .allow_loopback(port)
        .open()
        .unwrap();
    let token = TokenSource::value(session.token().expose_secret()).unwrap();
    let way = broker.clone();
    let channel = BrokerChannel::from_connector(move || std::future::ready(Ok(way.connect())));
    let http = HttpClient::new(channel.token(token).build());
    (broker, session, http)
}

async fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

#[tokio::test]
async fn a_websocket_goes_through_the_broker_to_its_close() {
    let (listener, port) = listen().await;
    let target = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut peer = tokio_tungstenite::accept_async(stream).await.unwrap();
        while let Some(Ok(frame)) = peer.next().await {
            if frame.is_text() || frame.is_binary() {
                peer.send(frame).await.unwrap();
            }
        }
    });
    let (_broker, _session, http) = plugin(port, true);
    let url = format!("ws://127.0.0.1:{port}/feed");
    let mut socket = WebSocketBuilder::new(http, url).connect().await.unwrap();
    for message in [Message::text("hello"), Message::binary(vec![7; 300_000])] {
        socket.send(message.clone()).await.unwrap();
        assert_eq!(socket.receive().await.unwrap().unwrap(), message);
    }
    let close = socket.close(CloseCode::NORMAL, "done").await.unwrap().unwrap();
    assert_eq!(close.code, Some(CloseCode::NORMAL));
    target.await.unwrap();
}

#[tokio::test]
async fn without_the_manifests_word_no_websocket_is_opened() {
    let (_listener, port) = listen().await;
    let (_broker, _session, http) = plugin(port, false);
    let url = format!("ws://127.0.0.1:{port}/");
    let error = WebSocketBuilder::new(http, url).connect().await.unwrap_err();
    let WebSocketError::Http(HttpError::Denied(problem)) = error else { panic!("{error:?}") };
    assert!(problem.manifest_hint.unwrap().contains("websocket"));
}

#[tokio::test]
async fn a_secret_reaches_its_target_and_comes_back_to_nobody() {
    let (listener, port) = listen().await;
    let target = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = vec![0; 8192];
        let read = stream.read(&mut bytes).await.unwrap();
        let head = String::from_utf8(bytes[..read].to_vec()).unwrap();
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {read}\r\n\r\n{head}"
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
        head
    });
    let (_broker, _session, http) = plugin(port, false);
    let request = http
        .get(format!("http://127.0.0.1:{port}/a?b=c"))
        .header("authorization", secret("api-token").bearer())
        .header("x-basic", secret("api-token").basic("ci"))
        .query_secret("key", &secret("api-token"));
    let echoed = request.send().await.unwrap().text().await.unwrap();
    let sent = target.await.unwrap();
    assert!(sent.starts_with(&format!("GET /a?b=c&key={VALUE} HTTP/1.1\r\n")), "{sent}");
    assert!(sent.to_lowercase().contains(&format!("\r\nauthorization: bearer {VALUE}\r\n")));
    // base64 of `ci:` and the value.
    assert!(sent.contains("Basic Y2k6Y2FuYXJ5LTAxMjM0NTY3ODk="), "{sent}");
    assert!(!echoed.contains(VALUE) && !echoed.contains("Y2k6Y2FuYXJ5"), "{echoed}");
    let unbound = http.get("https://other.test/").header("x-key", secret("api-token").raw());
    let error = unbound.send().await.unwrap_err();
    assert!(matches!(error, HttpError::Denied(_)), "{error:?}");
}
