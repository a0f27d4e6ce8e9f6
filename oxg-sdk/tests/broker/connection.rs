//! What becomes of the connections to a broker that writes its answers byte by byte, in memory.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use oxg_sdk::channel::{Body, BrokerChannel, CallOptions, TokenSource};
use oxg_sdk::http::Request;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::time::timeout;

/// How much fits between the two ends, in bytes.
const ROOM: usize = 1 << 10;
const DONE: &str = "HTTP/1.1 204 No Content\r\n\r\n";

/// A channel, and the broker's ends of its first connections in the order of dialling.
fn channel(connections: usize, token: TokenSource) -> (BrokerChannel, Vec<DuplexStream>) {
    let (mut near, far): (Vec<_>, _) = (0..connections).map(|_| tokio::io::duplex(ROOM)).unzip();
    near.reverse();
    let near = Arc::new(Mutex::new(near));
    let channel = BrokerChannel::from_connector(move || {
        let stream = near.lock().unwrap().pop();
        async move { stream.ok_or_else(|| io::Error::from(io::ErrorKind::ConnectionRefused)) }
    });
    (channel.retries(0).token(token).build(), far)
}

fn post(body: Body) -> Request<Body> {
    let request = Request::post("/v1/findings");
    request.extension(CallOptions::new()).body(body).unwrap()
}

async fn read_head(stream: &mut DuplexStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// Makes one call, to which the broker answers `answer` on `stream`; gives the call's head and the
/// status of the answer.
async fn exchange(
    channel: &BrokerChannel,
    stream: &mut DuplexStream,
    answer: &str,
) -> (String, u16) {
    let broker = async {
        let head = read_head(stream).await;
        stream.write_all(answer.as_bytes()).await.unwrap();
        head
    };
    let (head, answer) = tokio::join!(broker, channel.send(post(Body::empty())));
    (head, answer.unwrap().status().as_u16())
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_closes_its_connection() {
    let (channel, mut far) = channel(1, TokenSource::none());
    let call = timeout(Duration::from_secs(1), channel.send(post(Body::empty())));
    assert!(call.await.is_err());
    read_head(&mut far[0]).await;
    assert_eq!(far[0].read(&mut [0; 8]).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_body_dropped_before_its_end_closes_its_connection() {
    let (channel, mut far) = channel(1, TokenSource::none());
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf";
    exchange(&channel, &mut far[0], cut).await;
    assert_eq!(far[0].read(&mut [0; 8]).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_the_broker_closed_while_it_was_idle_is_not_used() {
    let (channel, far) = channel(2, TokenSource::none());
    for mut stream in far {
        assert_eq!(exchange(&channel, &mut stream, DONE).await.1, 204);
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_on_an_idle_connection_is_never_taken_for_an_answer() {
    let (channel, mut far) = channel(2, TokenSource::none());
    exchange(&channel, &mut far[0], DONE).await;
    far[0].write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    assert_eq!(exchange(&channel, &mut far[1], DONE).await.1, 204);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_kept_for_half_a_minute() {
    let (channel, mut far) = channel(2, TokenSource::none());
    for (stream, pause) in [(0, 29), (0, 31), (1, 0)] {
        exchange(&channel, &mut far[stream], DONE).await;
        tokio::time::advance(Duration::from_secs(pause)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_goes_on_while_nobody_waits_for_the_answer() {
    const PIECES: usize = 64;
    let (channel, mut far) = channel(1, TokenSource::none());
    let (send, receive) = tokio::sync::mpsc::channel(1);
    let pieces = futures_util::stream::unfold(receive, |mut receive| async {
        receive.recv().await.map(|piece: Bytes| (Ok::<_, io::Error>(piece), receive))
    });
    let mut stream = far.remove(0);
    let broker = tokio::spawn(async move {
        read_head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone").await.unwrap();
        let mut sent = Vec::new();
        while !sent.ends_with(b"0\r\n\r\n") {
            stream.read_buf(&mut sent).await.unwrap();
        }
        sent
    });
    let answer = channel.send(post(Body::from_stream(pieces))).await.unwrap();
    let upload = async {
        for _ in 0..PIECES {
            send.send(Bytes::from_static(&[b'x'; ROOM])).await.unwrap();
        }
        drop(send);
        broker.await.unwrap()
    };
    let sent = timeout(Duration::from_secs(5), upload).await.unwrap();
    assert_eq!(sent.iter().filter(|byte| **byte == b'x').count(), PIECES * ROOM);
    assert_eq!(answer.into_body().collect(8).await.unwrap(), "done");
}

#[tokio::test(start_paused = true)]
async fn a_new_connection_takes_the_token_that_is_in_the_file_by_then() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("token");
    let (channel, far) = channel(2, TokenSource::file(&path));
    for (mut stream, token) in far.into_iter().zip(["the-first-token", "another-brokers-token"]) {
        std::fs::write(&path, token).unwrap();
        let (head, _) = exchange(&channel, &mut stream, DONE).await;
        assert!(head.contains(&format!("Bearer {token}\r\n")), "{head}");
    }
}
