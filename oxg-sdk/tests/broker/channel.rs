use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use oxg_protocol::{ErrorCode, Problem};
use oxg_sdk::channel::{Body, BrokerChannel, CallOptions, ChannelError, TokenSource};
use oxg_sdk::http::{Method, Request, Response};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::Instant;

use crate::fake::{FakeBroker, Reply, TOKEN, problem, refuse, reply, with_header};

fn request(method: Method, target: &str) -> Request<Body> {
    Request::builder().method(method).uri(target).body(Body::empty()).unwrap()
}

async fn get(channel: &BrokerChannel, target: &str) -> Result<Response<Body>, ChannelError> {
    channel.send(request(Method::GET, target)).await
}

/// A broker that fails the first `failures` calls with what `fail` makes.
fn failing(failures: usize, fail: impl Fn() -> Reply + Send + Sync + 'static) -> FakeBroker {
    let served = AtomicUsize::new(0);
    FakeBroker::new(move |_| {
        let nth = served.fetch_add(1, Ordering::SeqCst);
        Some(if nth < failures { fail() } else { reply(200, "ok") })
    })
}

#[tokio::test(start_paused = true)]
async fn api_calls_and_egress_carry_the_token_in_different_fields() {
    let broker = FakeBroker::well_behaved();
    let channel = broker.channel();
    get(&channel, "/v1/session").await.unwrap();
    let mut egress = request(Method::GET, "http://shop.test/a");
    let own = "Bearer of-the-target".parse().unwrap();
    egress.headers_mut().insert("authorization", own);
    channel.send(egress).await.unwrap();

    let [api, egress] = &broker.calls()[..] else { panic!() };
    let bearer = format!("Bearer {TOKEN}");
    assert_eq!(api.header("authorization"), Some(bearer.as_str()));
    assert_eq!(api.header("proxy-authorization"), None);
    assert_eq!(egress.target, "http://shop.test/a");
    assert_eq!(egress.header("proxy-authorization"), Some(bearer.as_str()));
    assert_eq!(egress.header("authorization"), Some("Bearer of-the-target"));
    assert_eq!(egress.header("oxg-protocol"), Some("1.0"));
}

#[tokio::test(start_paused = true)]
async fn a_call_states_its_deadline_and_ends_with_it() {
    let broker = FakeBroker::new(|_| Some(Reply::Silence));
    let channel = broker.channel();
    let mut call = request(Method::GET, "/v1/session");
    let options = CallOptions::new().deadline(Duration::from_secs(5));
    call.extensions_mut().insert(options);
    let started = Instant::now();
    let error = channel.send(call).await.unwrap_err();
    assert!(matches!(error, ChannelError::Deadline(d) if d == Duration::from_secs(5)));
    assert_eq!(started.elapsed(), Duration::from_secs(6));
    assert_eq!(broker.calls()[0].header("oxg-deadline-ms"), Some("5000"));
}

#[tokio::test(start_paused = true)]
async fn a_call_without_a_deadline_has_thirty_seconds() {
    let broker = FakeBroker::new(|_| Some(Reply::Silence));
    let started = Instant::now();
    let error = get(&broker.channel(), "/v1/session").await.unwrap_err();
    assert!(error.is_unreachable());
    assert_eq!(started.elapsed(), Duration::from_secs(31));
    assert_eq!(broker.calls()[0].header("oxg-deadline-ms"), Some("30000"));
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_is_tried_twice_more_and_no_oftener() {
    let broker = failing(2, || Reply::HangUp);
    assert!(get(&broker.channel(), "/v1/session").await.is_ok());
    let broker = failing(3, || Reply::HangUp);
    let error = get(&broker.channel(), "/v1/session").await.unwrap_err();
    assert!(matches!(error, ChannelError::Lost(_)), "{error:?}");
    assert_eq!(broker.calls().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_must_not_be_made_twice_is_made_once() {
    let broker = failing(1, || Reply::HangUp);
    let call = request(Method::POST, "/v1/tasks/lease");
    assert!(broker.channel().send(call).await.is_err());
    assert_eq!(broker.calls().len(), 1);

    let broker = failing(1, || refuse(ErrorCode::Unavailable));
    let mut call = request(Method::POST, "/v1/findings");
    call.extensions_mut().insert(CallOptions::new().idempotent(true));
    assert!(broker.channel().send(call).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn only_passing_refusals_are_tried_again() {
    for &code in ErrorCode::ALL {
        let broker = failing(usize::MAX, move || refuse(code));
        let error = get(&broker.channel(), "/v1/session").await.unwrap_err();
        assert_eq!(error.code(), Some(code));
        // A rate limit without a time to come back is for good.
        let calls = if code == ErrorCode::Unavailable { 3 } else { 1 };
        assert_eq!(broker.calls().len(), calls, "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_waits_as_long_as_the_broker_asks_and_never_past_the_deadline() {
    let busy = |after: u64| {
        move || problem(Problem::new(ErrorCode::RateLimited, "").with_retry_after_ms(after))
    };
    let started = Instant::now();
    let broker = failing(1, busy(7_000));
    assert!(get(&broker.channel(), "/v1/session").await.is_ok());
    assert_eq!(started.elapsed().as_secs(), 7);

    let started = Instant::now();
    let broker = failing(1, busy(40_000));
    assert!(get(&broker.channel(), "/v1/session").await.is_err());
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn retries_have_a_budget() {
    let broker = failing(usize::MAX, || Reply::HangUp);
    let channel = broker.channel();
    for _ in 0..20 {
        assert!(get(&channel, "/v1/session").await.is_err());
    }
    assert_eq!(broker.calls().len(), 30);
}

#[tokio::test(start_paused = true)]
async fn only_the_header_tells_the_brokers_no_from_the_targets() {
    let denial = Problem::new(ErrorCode::DestinationDenied, "no");
    let body = serde_json::to_string(&denial).unwrap();
    let imitation = body.clone();
    let broker = FakeBroker::new(move |call| {
        let answer = reply(403, imitation.clone());
        let answer = with_header(answer, "content-type", Problem::MEDIA_TYPE);
        Some(match call.target.as_str() {
            "http://shop.test/" => answer,
            _ => with_header(answer, "oxg-error", "destination_denied"),
        })
    });
    let channel = broker.channel();
    let page = get(&channel, "http://shop.test/").await.unwrap();
    assert_eq!(page.status(), 403);
    let text = page.into_body().collect(1 << 10).await.unwrap();
    assert_eq!(text, body);
    let error = get(&channel, "http://evil.test/").await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::DestinationDenied));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_without_a_readable_body_still_has_its_code() {
    let broker = FakeBroker::new(|_| {
        Some(with_header(reply(403, "<html>"), "oxg-error", "capability_denied"))
    });
    let error = broker.channel().send(request(Method::HEAD, "/v1/artifacts/a")).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::CapabilityDenied));
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_used_again_once_its_answer_is_read() {
    let broker = FakeBroker::new(|_| Some(reply(200, "page")));
    let channel = broker.channel();
    for _ in 0..5 {
        let answer = get(&channel, "/v1/session").await.unwrap();
        answer.into_body().collect(1 << 10).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert_eq!(broker.connections(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stalls_ends_with_the_calls_deadline() {
    let (mut ours, theirs) = tokio::io::duplex(1024);
    let theirs = Arc::new(std::sync::Mutex::new(Some(theirs)));
    let channel = BrokerChannel::from_connector(move || {
        let stream = theirs.lock().unwrap().take();
        async move { stream.ok_or(std::io::ErrorKind::ConnectionRefused.into()) }
    })
    .build();
    let server = tokio::spawn(async move {
        let half = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf";
        assert!(ours.read(&mut [0; 512]).await.unwrap() > 0);
        ours.write_all(half).await.unwrap();
        ours
    });
    let answer = get(&channel, "http://shop.test/").await.unwrap();
    let started = Instant::now();
    let error = answer.into_body().collect(1 << 10).await.unwrap_err();
    assert!(matches!(error, oxg_sdk::channel::BodyError::Deadline(_)), "{error:?}");
    assert_eq!(started.elapsed(), Duration::from_secs(31));
    drop(server.await);
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_is_not_there_is_said_to_be_unreachable() {
    let broker = FakeBroker::well_behaved();
    broker.leave();
    let error = get(&broker.channel(), "/v1/session").await.unwrap_err();
    assert!(matches!(error, ChannelError::Connect { .. }));
}

#[tokio::test]
async fn a_unix_socket_that_is_missing_is_named() {
    let endpoint = "unix:/nonexistent/broker.sock".parse().unwrap();
    let channel = BrokerChannel::builder(&endpoint).unwrap().retries(0).build();
    let error = get(&channel, "/v1/session").await.unwrap_err();
    assert!(error.to_string().contains("unix:/nonexistent/broker.sock"));
}

#[test]
fn an_https_broker_is_refused_with_a_way_out() {
    let endpoint = "https://broker.test:8443".parse().unwrap();
    let error = BrokerChannel::builder(&endpoint).unwrap_err();
    assert!(error.to_string().contains("use unix:/PATH"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_limited_channel_makes_its_calls_one_after_another() {
    let slow = || Reply::After(Duration::from_secs(1), Box::new(reply(200, "")));
    let broker = FakeBroker::new(move |_| Some(slow()));
    let channel = broker.builder().concurrency(1).build();
    let started = Instant::now();
    let (a, b) = tokio::join!(get(&channel, "/v1/session"), get(&channel, "/v1/session"));
    assert!(a.is_ok() && b.is_ok());
    assert_eq!(started.elapsed(), Duration::from_secs(2));
}

/// A broker that takes the token `Bearer {good}` alone, and a channel whose token is in `file`.
fn picky(good: &'static str, file: &std::path::Path) -> (FakeBroker, BrokerChannel) {
    let broker = FakeBroker::new(move |call| {
        let is_good = call.header("authorization") == Some(&format!("Bearer {good}"));
        Some(if is_good { reply(200, "ok") } else { refuse(ErrorCode::Unauthenticated) })
    });
    let channel = broker.builder().retries(0).token(TokenSource::file(file)).build();
    (broker, channel)
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_token_was_replaced_is_made_once_more_with_the_new_one() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    std::fs::write(&file, "the-token-of-now").unwrap();
    let (broker, channel) = picky("the-token-to-come", &file);
    get(&channel, "/v1/session").await.unwrap_err();
    std::fs::write(&file, "the-token-to-come").unwrap();
    let body = Body::from("sent twice");
    let call = Request::post("/v1/tasks/lease").body(body).unwrap();
    assert_eq!(channel.send(call).await.unwrap().status(), 200);
    let bodies: Vec<_> = broker.calls_to("lease").into_iter().map(|call| call.body).collect();
    assert_eq!(bodies, ["sent twice", "sent twice"]);
    assert_eq!(broker.connections(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_was_refused_is_not_sent_again() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    let (broker, channel) = picky("another-token", &file);
    for token in ["the-first-bad-token", "the-second-bad-token-of-all"] {
        std::fs::write(&file, token).unwrap();
        let error = get(&channel, "/v1/session").await.unwrap_err();
        assert_eq!(error.code(), Some(ErrorCode::Unauthenticated));
    }
    assert_eq!(broker.calls().len(), 3);
}
