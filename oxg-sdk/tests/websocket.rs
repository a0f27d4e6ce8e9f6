//! WebSockets against a scripted broker, in memory and in virtual time.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use oxg_sdk::channel::BrokerChannel;
use oxg_sdk::clients::http::{HttpClient, HttpError, secret};
use oxg_sdk::clients::websocket::{
    CloseCode, HandshakeError, Message, WebSocket, WebSocketBuilder, WebSocketError,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

type Peer = WebSocketStream<DuplexStream>;

/// A broker that answers a handshake with `head`, in which `ACCEPT` stands for the right one, and
/// then does as `script` says.
struct Target {
    builder: WebSocketBuilder,
    handshake: Arc<Mutex<String>>,
}

impl Target {
    fn new<F>(
        head: &'static str,
        script: impl Fn(Peer) -> F + Clone + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let handshake = Arc::new(Mutex::new(String::new()));
        let seen = Arc::clone(&handshake);
        let channel = BrokerChannel::from_connector(move || {
            let (ours, theirs) = tokio::io::duplex(1 << 20);
            let (script, seen) = (script.clone(), Arc::clone(&seen));
            tokio::spawn(async move { serve(ours, head, &seen, script).await });
            async move { Ok(theirs) }
        });
        let http = HttpClient::new(channel.build());
        Self { builder: WebSocketBuilder::new(http, "wss://live.test/feed?a=b"), handshake }
    }

    fn ok<F>(script: impl Fn(Peer) -> F + Clone + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::new(SWITCH, script)
    }

    async fn connect(self) -> WebSocket {
        self.builder.connect().await.unwrap()
    }
}

const SWITCH: &str = "101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: WebSocket\r\n\
                      Sec-WebSocket-Accept: ACCEPT";

async fn serve<F: Future<Output = ()>>(
    mut stream: DuplexStream,
    head: &str,
    seen: &Mutex<String>,
    script: impl Fn(Peer) -> F,
) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.unwrap());
    }
    let request = String::from_utf8(request).unwrap();
    let key = request.lines().find_map(|line| line.strip_prefix("sec-websocket-key: ")).unwrap();
    let accept = derive_accept_key(key.as_bytes());
    let answer = format!("HTTP/1.1 {}\r\n\r\n", head.replace("ACCEPT", &accept));
    *seen.lock().unwrap() = request;
    stream.write_all(answer.as_bytes()).await.unwrap();
    script(WebSocketStream::from_raw_socket(stream, Role::Server, None).await).await;
}

async fn echo(mut peer: Peer) {
    while let Some(Ok(frame)) = peer.next().await {
        if frame.is_text() || frame.is_binary() {
            let _ = peer.send(frame).await;
        }
    }
}

async fn hold(peer: Peer) {
    let _peer = peer;
    std::future::pending::<()>().await;
}

#[tokio::test(start_paused = true)]
async fn messages_go_both_ways_and_a_close_is_answered() {
    let target = Target::ok(echo);
    let handshake = Arc::clone(&target.handshake);
    let mut socket = target.connect().await;
    socket.send(Message::text("caf\u{e9}")).await.unwrap();
    assert_eq!(socket.receive().await.unwrap().unwrap(), Message::text("caf\u{e9}"));
    // The same by the traits that everyone knows.
    SinkExt::send(&mut socket, Message::binary(vec![0; 100_000])).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap().len(), 100_000);
    let close = socket.close(CloseCode::NORMAL, "done").await.unwrap().unwrap();
    assert_eq!((close.code, close.reason.as_str()), (Some(CloseCode::NORMAL), "done"));
    let handshake = handshake.lock().unwrap();
    assert!(handshake.starts_with("GET https://live.test/feed?a=b HTTP/1.1\r\n"), "{handshake}");
    for field in ["host: live.test", "connection: Upgrade", "sec-websocket-version: 13"] {
        assert!(handshake.contains(&format!("\r\n{field}\r\n")), "{field} in {handshake}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_handshake_carries_fields_handles_and_subprotocols() {
    const HEAD: &str = "101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
                        Sec-WebSocket-Accept: ACCEPT\r\nSec-WebSocket-Protocol: b";
    let target = Target::new(HEAD, echo);
    let handshake = Arc::clone(&target.handshake);
    let builder = target.builder.subprotocol("a").subprotocol("b");
    let builder = builder.header("authorization", secret("api-token").bearer());
    let socket = builder.connect().await.unwrap();
    assert_eq!(socket.subprotocol(), Some("b"));
    let handshake = handshake.lock().unwrap();
    assert!(handshake.contains("\r\nsec-websocket-protocol: a, b\r\n"), "{handshake}");
    assert!(handshake.contains("\r\nauthorization: Bearer {{secret:api-token}}\r\n"));
    assert!(handshake.contains("\r\noxg-inject: authorization\r\n"));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_proves_nothing_opens_nothing() {
    const START: &str = "101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n";
    for (more, expected) in [
        ("Sec-WebSocket-Accept: AAAA", HandshakeError::Accept),
        ("X-A: b", HandshakeError::Accept),
        ("Sec-WebSocket-Accept: ACCEPT\r\nSec-WebSocket-Protocol: c", HandshakeError::Subprotocol),
        ("Sec-WebSocket-Accept: ACCEPT\r\nSec-WebSocket-Extensions: x", HandshakeError::Extension),
    ] {
        let head: &'static str = format!("{START}{more}").leak();
        let error = Target::new(head, hold).builder.connect().await.unwrap_err();
        let WebSocketError::Handshake(error) = error else { panic!("{error:?}") };
        assert_eq!(error, expected, "{more}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_target_that_wants_no_websocket_is_heard() {
    let target =
        Target::new("403 Forbidden\r\nContent-Length: 2\r\nX-Why: no", |mut peer| async move {
            peer.get_mut().write_all(b"no").await.unwrap();
        });
    let error = target.builder.connect().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "https://live.test:443 answered 403 Forbidden instead of opening a WebSocket"
    );
    let WebSocketError::Rejected(answer) = error else { panic!("{error:?}") };
    assert_eq!(answer.text().await.unwrap(), "no");
    let target =
        Target::new("403 Forbidden\r\nContent-Length: 0\r\nOxg-Error: capability_denied", hold);
    let error = target.builder.connect().await.unwrap_err();
    assert!(matches!(error, WebSocketError::Http(HttpError::Denied(_))), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_long_message_is_neither_read_nor_sent() {
    let target = Target::ok(|mut peer| async move {
        peer.send(Frame::binary(vec![0; 101])).await.unwrap();
        hold(peer).await;
    });
    let builder = target.builder.max_message(100);
    let mut socket = builder.connect().await.unwrap();
    let error = socket.send(Message::binary(vec![0; 101])).await.unwrap_err();
    assert!(matches!(error, WebSocketError::TooLarge { limit: 100 }), "{error:?}");
    socket.send(Message::binary(vec![0; 100])).await.unwrap();
    let error = socket.receive().await.unwrap().unwrap_err();
    assert!(matches!(error, WebSocketError::TooLarge { limit: 100 }), "{error:?}");
    assert!(socket.receive().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_ping_is_answered_and_not_seen() {
    let mut socket = Target::ok(|mut peer| async move {
        peer.send(Frame::Ping("p".into())).await.unwrap();
        let pong = peer.next().await.unwrap().unwrap();
        peer.send(Frame::text(format!("{}", pong.is_pong()))).await.unwrap();
        hold(peer).await;
    })
    .connect()
    .await;
    assert_eq!(socket.receive().await.unwrap().unwrap(), Message::text("true"));
}

#[tokio::test(start_paused = true)]
async fn the_peers_close_ends_the_stream_and_says_why() {
    let mut socket = Target::ok(|mut peer| async move {
        let frame = tokio_tungstenite::tungstenite::protocol::CloseFrame {
            code: 4001.into(),
            reason: "enough".into(),
        };
        peer.close(Some(frame)).await.unwrap();
        while peer.next().await.is_some() {}
    })
    .connect()
    .await;
    assert!(socket.receive().await.is_none());
    let close = socket.closed().unwrap();
    assert_eq!((close.code.map(CloseCode::get), close.reason.as_str()), (Some(4001), "enough"));
    let error = socket.send(Message::text("late")).await.unwrap_err();
    assert!(matches!(error, WebSocketError::Closed), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_breaks_off_is_lost_and_one_that_is_silent_runs_out() {
    let mut lost = Target::ok(|peer| async move { drop(peer) }).connect().await;
    let error = lost.receive().await.unwrap().unwrap_err();
    assert!(matches!(error, WebSocketError::Lost(_)), "{error:?}");
    let builder = Target::ok(hold).builder.idle_timeout(Duration::from_secs(9));
    let mut silent = builder.connect().await.unwrap();
    let begin = tokio::time::Instant::now();
    let error = silent.receive().await.unwrap().unwrap_err();
    assert!(matches!(error, WebSocketError::Deadline(_)), "{error:?}");
    assert_eq!(begin.elapsed().as_secs(), 9);
    let deaf = Target::ok(hold).connect().await;
    let error = deaf.close(CloseCode::NORMAL, "").await.unwrap_err();
    assert!(matches!(error, WebSocketError::Deadline(_)), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn only_ws_and_wss_open_a_websocket() {
    let http = HttpClient::new(
        BrokerChannel::from_connector(|| async {
            Err::<DuplexStream, _>(std::io::ErrorKind::ConnectionRefused.into())
        })
        .build(),
    );
    for url in ["https://live.test/", "live.test", "ws://user@live.test/"] {
        let error = WebSocketBuilder::new(http.clone(), url).connect().await.unwrap_err();
        assert!(matches!(error, WebSocketError::Http(HttpError::InvalidUrl(_))), "{error:?}");
    }
}
