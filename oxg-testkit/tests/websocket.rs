//! Scripted WebSockets.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::time::Duration;

use oxg_sdk::clients::http::HttpError;
use oxg_sdk::clients::websocket::{
    CloseCode, Message, WebSocket, WebSocketBuilder, WebSocketError,
};
use oxg_sdk::prelude::*;
use oxg_testkit::prelude::{Answer, Conversation, Fault, Gate, Testkit, get, json};

/// Does nothing of its own.
#[derive(Default)]
struct Idle;

#[oxg_sdk::plugin(manifest = "websocket/manifest.json")]
impl Plugin for Idle {}

const FEED: &str = "wss://feed.test/";

fn script(t: &Testkit<Idle>, talk: Conversation) {
    drop(t.http().on(get(FEED)).answer(Answer::websocket(talk)));
}

async fn builder(t: &Testkit<Idle>) -> WebSocketBuilder {
    let http = oxg_sdk::clients::http::HttpClient::new(t.channel().await);
    WebSocketBuilder::new(http, "wss://feed.test/".to_owned())
}

async fn open(t: &Testkit<Idle>) -> WebSocket {
    builder(t).await.connect().await.unwrap()
}

#[oxg_testkit::test]
async fn a_conversation_goes_as_scripted_to_its_close(t: Testkit<Idle>) {
    let talk = Conversation::new()
        .subprotocol("prices")
        .expect_json(json!({ "subscribe": 1 }))
        .ping("are you there")
        .send_text("42")
        .expect_binary(&b"\x01\x02"[..])
        .expect_matching("something short", |bytes| bytes.len() < 9)
        .expect_close(1000);
    script(&t, talk);
    let mut socket = builder(&t).await.subprotocol("prices").connect().await.unwrap();
    socket.send(Message::text(r#"{"subscribe":1}"#)).await.unwrap();
    assert_eq!(socket.receive().await.unwrap().unwrap(), Message::text("42"));
    socket.send(Message::binary(vec![1, 2])).await.unwrap();
    socket.send(Message::text("short")).await.unwrap();
    socket.close(CloseCode::NORMAL, "done").await.unwrap();
}

#[oxg_testkit::test]
async fn a_target_may_close_first(t: Testkit<Idle>) {
    script(&t, Conversation::new().close(1013, "come back later"));
    let mut socket = open(&t).await;
    assert!(socket.receive().await.is_none());
}

/// What the plugin hears next.
async fn error_of(t: &Testkit<Idle>) -> WebSocketError {
    open(t).await.receive().await.unwrap().unwrap_err()
}

#[oxg_testkit::test]
async fn a_target_that_breaks_off_in_a_frame_is_lost(t: Testkit<Idle>) {
    script(&t, Conversation::new().break_off());
    let error = error_of(&t).await;
    assert!(matches!(error, WebSocketError::Lost(_)), "{error:?}");
}

#[oxg_testkit::test]
async fn a_target_that_hangs_up_without_a_close_is_lost(t: Testkit<Idle>) {
    script(&t, Conversation::new().hang_up());
    let error = error_of(&t).await;
    assert!(matches!(error, WebSocketError::Lost(_)), "{error:?}");
}

#[oxg_testkit::test]
async fn a_target_that_sends_garbage_breaks_the_protocol(t: Testkit<Idle>) {
    script(&t, Conversation::new().garbage("SSH-2.0-OpenSSH_9.6\r\n"));
    let error = error_of(&t).await;
    assert!(matches!(error, WebSocketError::Protocol(_)), "{error:?}");
}

#[oxg_testkit::test]
async fn a_target_that_says_too_much_is_cut_short(t: Testkit<Idle>) {
    script(&t, Conversation::new().send_binary(vec![0; 2 << 20]));
    let error = error_of(&t).await;
    assert!(matches!(error, WebSocketError::TooLarge { .. }), "{error:?}");
}

#[oxg_testkit::test]
async fn a_target_that_stalls_is_given_up(t: Testkit<Idle>) {
    script(&t, Conversation::new().stall());
    let mut socket =
        builder(&t).await.idle_timeout(Duration::from_secs(20)).connect().await.unwrap();
    let error = socket.receive().await.unwrap().unwrap_err();
    assert!(matches!(error, WebSocketError::Deadline(_)), "{error:?}");
}

#[oxg_testkit::test]
async fn a_handshake_that_is_wrong_or_never_comes_opens_nothing(t: Testkit<Idle>) {
    script(&t, Conversation::new().wrong_accept());
    let error = builder(&t).await.connect().await.unwrap_err();
    assert!(matches!(error, WebSocketError::Http(HttpError::Protocol(_))), "{error:?}");

    let stalled = Answer::websocket(Conversation::new()).fault(Fault::Stall);
    let other = "wss://other.test/";
    drop(t.http().on(get(other)).answer(stalled));
    let http = oxg_sdk::clients::http::HttpClient::new(t.channel().await);
    let error = WebSocketBuilder::new(http, "wss://other.test/".to_owned()).connect().await;
    let error = error.unwrap_err();
    assert!(matches!(error, WebSocketError::Http(HttpError::Deadline(_))), "{error:?}");
}

#[oxg_testkit::test]
async fn a_gate_holds_a_turn(t: Testkit<Idle>) {
    let gate = Gate::new();
    script(&t, Conversation::new().hold(&gate).send_text("now").expect_close(1000));
    let mut socket = open(&t).await;
    gate.reached().await;
    gate.open();
    assert_eq!(socket.receive().await.unwrap().unwrap(), Message::text("now"));
    socket.close(CloseCode::NORMAL, "").await.unwrap();
}

/// What `verify` says after the plugin has said `said` where `talk` was scripted.
async fn complaint(talk: Conversation, said: &str) -> String {
    let kit = Testkit::new(Idle::default);
    script(&kit, talk);
    let mut socket = open(&kit).await;
    socket.send(Message::text(said)).await.unwrap();
    while let Some(Ok(_)) = socket.receive().await {}
    let verify = std::panic::AssertUnwindSafe(|| kit.verify());
    let panic = std::panic::catch_unwind(verify).unwrap_err();
    panic.downcast_ref::<String>().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn what_differs_is_told_turn_by_turn() {
    let talk = Conversation::new().expect_json(json!({ "a": { "b": 1 }, "c": 2 }));
    assert_eq!(
        complaint(talk, r#"{"a":{"b":2},"c":2}"#).await,
        "the plugin did not send what the test scripted

the WebSocket with wss://feed.test/ stopped before turn 1: the JSON {\"a\":{\"b\":1},\"c\":2}
    $.a.b: expected 1, sent 2
"
    );
    let talk = Conversation::new().expect_text("hi").expect_binary(&b"123"[..]).hang_up();
    let message = complaint(talk.clone(), "ho").await;
    assert!(message.contains("expected the text \"hi\", came the text \"ho\""), "{message}");
}
