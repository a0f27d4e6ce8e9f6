//! Deadlines, idle limits and the end of the broker, under virtual time.

use std::future::{pending, ready};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, Full};
use oxg_broker::{Body, BodyError, Broker, GRACE, full};
use oxg_protocol::{ErrorCode, Limits, header};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::support::{Plugin, limits, open, piped, scripted, within};

fn get(plugin: &Plugin, deadline_ms: u64) -> Request<Full<Bytes>> {
    plugin
        .request("GET", "http://shop.test/")
        .header(header::DEADLINE_MS, deadline_ms)
        .body(Full::default())
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_deadline_before_the_end_of_a_long_poll_ends_it() {
    let plugin = Plugin::new();
    let start = Instant::now();
    let body = json!({ "max": 1, "wait_ms": 20_000, "lease_ms": 1000 }).to_string();
    let request = plugin
        .request("POST", "/v1/tasks/lease")
        .header(header::DEADLINE_MS, "2000")
        .body(Full::<Bytes>::from(body))
        .unwrap();
    let reply = plugin.send(request).await;
    assert_eq!(plugin.refusal(&reply).code(), ErrorCode::DeadlineExceeded);
    assert_eq!(start.elapsed().as_secs(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_ends_with_the_calls_deadline() {
    let plugin = Plugin::new();
    let (_keep, body) = piped();
    let request = plugin.request("POST", "/v1/findings").body(body).unwrap();
    let start = Instant::now();
    let reply = plugin.send(request).await;
    assert_eq!(plugin.refusal(&reply).code(), ErrorCode::DeadlineExceeded);
    assert_eq!(start.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn an_artifact_that_stops_coming_is_given_up_after_the_idle_limit() {
    let broker = Broker::builder().limits(limits(|limits| limits.idle_ms = 10_000));
    let plugin = Plugin::of(broker.build().unwrap());
    let (sender, body) = piped();
    sender.send("a part".into()).await.unwrap();
    let request = plugin.request("PUT", "/v1/artifacts/a").body(body).unwrap();
    let start = Instant::now();
    let reply = plugin.send(request).await;
    assert_eq!(plugin.refusal(&reply).code(), ErrorCode::DeadlineExceeded);
    assert_eq!(start.elapsed().as_secs(), 10);
    assert!(plugin.session.artifacts().await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_head_that_never_ends_is_given_up_after_the_idle_limit() {
    let broker = Broker::builder().build().unwrap();
    for bytes in ["", "GET /v1/sess", "GET / HTTP/1.1\r\nhost: b\r\nx: "] {
        let mut stream = broker.connect();
        let start = Instant::now();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        let drip = async {
            // Bytes keep coming, but never an end.
            loop {
                sleep(Duration::from_secs(7)).await;
                if !bytes.is_empty() && stream.write_all(b"a").await.is_err() {
                    return;
                }
                let mut byte = [0];
                let read = stream.read(&mut byte);
                if let Ok(Ok(0)) = tokio::time::timeout(Duration::from_millis(1), read).await {
                    return;
                }
            }
        };
        within(drip).await;
        assert!((60..70).contains(&start.elapsed().as_secs()), "{bytes:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_upload_is_not_taken_for_a_target_that_does_not_answer() {
    let plugin = scripted(Limits::default(), async |checked| {
        let body = checked.request.into_body().collect().await;
        Ok(Response::new(full(body.unwrap().to_bytes())))
    });
    let (sender, body) = piped();
    let request = plugin
        .request("POST", "http://shop.test/")
        .header(header::DEADLINE_MS, 90_000)
        .body(body)
        .unwrap();
    let upload = async {
        for _ in 0..4 {
            sleep(Duration::from_secs(20)).await;
            sender.send("part ".into()).await.unwrap();
        }
        drop(sender);
    };
    let (reply, ()) = tokio::join!(plugin.send(request), upload);
    assert_eq!((reply.status, reply.body.as_ref()), (200, &b"part part part part "[..]));
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_stops_is_given_up_after_the_idle_limit() {
    let plugin = scripted(Limits::default(), async |checked| {
        let body = checked.request.into_body().collect().await;
        drop(body.unwrap_err());
        pending().await
    });
    let (_keep, body) = piped();
    let request = plugin
        .request("POST", "http://shop.test/")
        .header(header::DEADLINE_MS, 110_000)
        .body(body)
        .unwrap();
    let start = Instant::now();
    let reply = plugin.send(request).await;
    assert_eq!(plugin.refusal(&reply).code(), ErrorCode::DeadlineExceeded);
    assert_eq!(start.elapsed().as_secs(), 90, "60 idle and 30 for the head");
}

/// A body without an end, which says when it is dropped.
fn endless(dropped: CancellationToken) -> Body {
    let guard = dropped.drop_guard();
    let data = Bytes::from_static(&[b'x'; 4096]);
    Endless(data, guard).boxed_unsync()
}

struct Endless(Bytes, #[allow(dead_code)] tokio_util::sync::DropGuard);

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(Some(Ok(Frame::data(self.0.clone()))))
    }
}

#[tokio::test(start_paused = true)]
async fn a_plugin_that_stops_reading_does_not_hold_the_target_for_ever() {
    let dropped = CancellationToken::new();
    let script = dropped.clone();
    let plugin =
        scripted(Limits::default(), move |_| ready(Ok(Response::new(endless(script.clone())))));
    let start = Instant::now();
    let opened = open(plugin.broker.connect(), get(&plugin, 20_000)).await.unwrap();
    within(dropped.cancelled()).await;
    assert!(start.elapsed() <= Duration::from_secs(60));
    drop(opened);
}

#[tokio::test(start_paused = true)]
async fn a_fast_response_ends_with_the_deadline_as_well() {
    let plugin = scripted(Limits::default(), |_| {
        let body = endless(CancellationToken::new());
        ready(Ok(Response::new(body)))
    });
    let opened = open(plugin.broker.connect(), get(&plugin, 5_000)).await.unwrap();
    let mut body = opened.response.into_body();
    let start = Instant::now();
    let read = async {
        while let Some(Ok(_)) = body.frame().await {
            sleep(Duration::from_millis(500)).await;
        }
    };
    within(read).await;
    assert!((5..30).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn shutdown_lets_a_busy_call_finish_within_the_grace_period() {
    let plugin = scripted(Limits::default(), async |_| {
        sleep(Duration::from_secs(3)).await;
        Ok(Response::new(full("done")))
    });
    let start = Instant::now();
    let stop = async {
        sleep(Duration::from_secs(1)).await;
        plugin.broker.shutdown().await;
    };
    let (reply, ()) = within(async { tokio::join!(plugin.send(get(&plugin, 60_000)), stop) }).await;
    assert_eq!((reply.status, reply.body.as_ref()), (200, &b"done"[..]));
    assert_eq!(start.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn shutdown_does_not_wait_for_a_call_that_never_ends() {
    let plugin = scripted(Limits::default(), async |checked| {
        let _keep = checked;
        pending().await
    });
    let stop = async {
        sleep(Duration::from_secs(1)).await;
        let start = Instant::now();
        plugin.broker.shutdown().await;
        assert_eq!(start.elapsed(), GRACE);
    };
    let call = open(plugin.broker.connect(), get(&plugin, 60_000));
    let (answer, ()) = within(async { tokio::join!(call, stop) }).await;
    assert!(answer.is_err(), "the connection broke off");
}

#[tokio::test(start_paused = true)]
async fn shutdown_answers_waiting_polls_and_closes_idle_connections_at_once() {
    let plugin = Plugin::new();
    let mut idle = plugin.broker.connect();
    let wanted = json!({ "max": 1, "wait_ms": 20_000, "lease_ms": 1000 });
    let start = Instant::now();
    let stop = async {
        sleep(Duration::from_secs(1)).await;
        plugin.broker.shutdown().await;
    };
    let (reply, ()) =
        within(async { tokio::join!(plugin.post("/v1/tasks/lease", &wanted), stop) }).await;
    assert_eq!(reply.json::<serde_json::Value>()["draining"], true);
    assert_eq!(start.elapsed().as_secs(), 1);
    assert_eq!(within(idle.read(&mut [0])).await.unwrap(), 0);
}
