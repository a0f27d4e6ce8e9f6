use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use oxg_protocol::{ErrorCode, Problem};
use oxg_sdk::Failure;
use oxg_sdk::channel::{Body, BrokerChannel, ChannelError};
use oxg_sdk::clients::http::{HttpClient, HttpError, RetryPolicy};
use oxg_sdk::http::Request;
use oxg_sdk::prelude::{Duration, secs};
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::{Service, ServiceBuilder, ServiceExt as _};

use crate::fake::{FakeBroker, Reply, problem, refuse, reply, with_header};

#[tokio::test(start_paused = true)]
async fn a_request_is_sent_in_absolute_form_with_the_targets_host() {
    let broker = FakeBroker::new(|_| Some(with_header(reply(200, "body"), "server", "demo")));
    let http = HttpClient::new(broker.channel());
    let page = http
        .post("https://Shop.test:8443/a?b=c")
        .query(&[("q", "x y&z")])
        .header("x-probe", "1")
        .json(&serde_json::json!({ "n": 1 }))
        .send()
        .await
        .unwrap();
    assert_eq!(page.url().as_str(), "https://shop.test:8443/a?b=c&q=x%20y%26z");
    assert_eq!(page.headers()["server"], "demo");
    assert_eq!(page.text().await.unwrap(), "body");
    let call = &broker.calls()[0];
    assert_eq!(call.target, "https://shop.test:8443/a?b=c&q=x%20y%26z");
    assert_eq!(call.header("host"), Some("shop.test:8443"));
    assert_eq!(call.header("content-type"), Some("application/json"));
    assert_eq!(call.body, r#"{"n":1}"#);
}

#[tokio::test(start_paused = true)]
async fn mistakes_show_when_the_request_is_sent_and_nothing_leaves() {
    let broker = FakeBroker::well_behaved();
    let http = HttpClient::new(broker.channel());
    let error = http.get("shop.test").send().await.unwrap_err();
    assert!(matches!(error, HttpError::InvalidUrl(_)));
    for name in ["host", "proxy-authorization", "oxg-task-id", "bad name"] {
        let request = http.get("http://shop.test/").header(name, "x");
        let error = request.send().await.unwrap_err();
        assert!(matches!(error, HttpError::InvalidRequest(_)), "{name}");
    }
    let error = http.get("ws://shop.test/").send().await.unwrap_err();
    assert!(matches!(error, HttpError::InvalidRequest(_)));
    assert!(broker.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_denial_names_destination_and_line_and_is_final() {
    let broker = FakeBroker::new(|_| {
        let denial = Problem::new(ErrorCode::DestinationDenied, "the manifest does not cover it")
            .with_capability("http")
            .with_destination("https://evil.test:443")
            .with_manifest_hint(r#""hosts": ["shop.test", "evil.test"]"#);
        Some(problem(denial))
    });
    let http = HttpClient::new(broker.channel());
    let error = http.get("https://evil.test/").send().await.unwrap_err();
    assert!(matches!(error, HttpError::Denied(_)));
    let failure = Failure::from(error);
    assert!(!failure.is_retryable());
    let text = failure.to_string();
    assert!(text.contains("https://evil.test:443"), "{text}");
    assert!(
        text.contains(r#"add to manifest.json: "hosts": ["shop.test", "evil.test"]"#),
        "{text}"
    );
    assert_eq!(broker.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn each_cause_has_its_error() {
    async fn error(code: ErrorCode) -> HttpError {
        let broker = FakeBroker::new(move |_| Some(refuse(code)));
        let http = HttpClient::new(broker.channel());
        http.get("http://shop.test/").send().await.unwrap_err()
    }
    use HttpError::{BrokerUnavailable, Deadline, Protocol, Tls, Unreachable};
    assert!(matches!(error(ErrorCode::UpstreamUnreachable).await, Unreachable(_)));
    assert!(matches!(error(ErrorCode::UpstreamTls).await, Tls(_)));
    assert!(matches!(error(ErrorCode::UpstreamProtocol).await, Protocol(_)));
    assert!(matches!(error(ErrorCode::DeadlineExceeded).await, Deadline(_)));
    assert!(matches!(error(ErrorCode::Draining).await, BrokerUnavailable(_)));
}

#[tokio::test(start_paused = true)]
async fn a_long_body_is_not_read_past_the_limit() {
    let broker = FakeBroker::new(|_| Some(reply(200, vec![b'x'; 100])));
    let http = HttpClient::new(broker.channel());
    let page = http.get("http://shop.test/").send().await.unwrap();
    let error = page.max_bytes(99).bytes().await.unwrap_err();
    assert!(matches!(error, HttpError::TooLarge { limit: 99 }));
    let page = http.get("http://shop.test/").send().await.unwrap();
    assert_eq!(page.max_bytes(100).bytes().await.unwrap().len(), 100);
}

#[tokio::test(start_paused = true)]
async fn an_answer_does_not_print_its_header_fields() {
    let broker = FakeBroker::new(|_| Some(with_header(reply(200, "x"), "set-cookie", "sid=31d4")));
    let http = HttpClient::new(broker.channel());
    let page = http.get("https://shop.test/a").send().await.unwrap();
    let text = format!("{page:?}");
    assert!(text.contains("https://shop.test/a") && !text.contains("31d4"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn the_targets_refusal_is_an_answer_until_it_is_made_an_error() {
    let broker = FakeBroker::new(|_| Some(reply(403, "no")));
    let http = HttpClient::new(broker.channel());
    let page = http.get("http://shop.test/a?key=1").send().await.unwrap();
    assert_eq!(page.status(), 403);
    let error = page.error_for_status().unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(403));
    assert_eq!(error.to_string(), "http://shop.test:80 answered 403 Forbidden");
    assert!(!Failure::from(error).is_retryable());
    let denied = FakeBroker::new(|_| Some(refuse(ErrorCode::DestinationDenied)));
    let http = HttpClient::new(denied.channel());
    assert_eq!(http.get("http://shop.test/").send().await.unwrap_err().status(), None);
}

#[tokio::test(start_paused = true)]
async fn a_form_is_sent_as_one() {
    let broker = FakeBroker::well_behaved();
    let http = HttpClient::new(broker.channel());
    http.post("http://shop.test/").form(&[("a", "x y"), ("b", "&")]).send().await.unwrap();
    let call = &broker.calls()[0];
    assert_eq!(call.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(call.body, "a=x+y&b=%26");
}

#[tokio::test]
async fn a_file_is_sent_with_its_length() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("upload");
    std::fs::write(&path, vec![b'x'; 200_000]).unwrap();
    let broker = FakeBroker::well_behaved();
    let http = HttpClient::new(broker.channel());
    let body = Body::file(&path).await.unwrap();
    http.put("http://shop.test/").body(body).send().await.unwrap();
    let call = &broker.calls()[0];
    assert_eq!((call.header("content-length"), call.body.len()), (Some("200000"), 200_000));
    assert!(Body::file(directory.path()).await.is_err());
}

#[tokio::test]
async fn a_file_that_shrinks_while_it_is_sent_fails_the_call() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("upload");
    std::fs::write(&path, vec![b'x'; 200_000]).unwrap();
    let broker = FakeBroker::well_behaved();
    let http = HttpClient::new(broker.channel());
    let body = Body::file(&path).await.unwrap();
    std::fs::write(&path, "short").unwrap();
    let error = http.put("http://shop.test/").body(body).send().await.unwrap_err();
    assert!(matches!(error, HttpError::Broker(_)), "{error:?}");
    assert!(broker.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_busy_target_is_asked_again_when_it_says_and_only_if_wanted() {
    let broker = FakeBroker::new(|_| Some(with_header(reply(503, "later"), "retry-after", "7")));
    let http = HttpClient::new(broker.channel());
    let url = "http://shop.test/";
    assert_eq!(http.get(url).send().await.unwrap().status(), 503);
    assert_eq!(broker.calls().len(), 1);
    let begin = tokio::time::Instant::now();
    let page = http.get(url).retry(RetryPolicy::new().when_busy()).send().await.unwrap();
    assert_eq!((page.status().as_u16(), broker.calls().len()), (503, 4));
    assert_eq!(begin.elapsed().as_secs(), 14);
    assert!(begin.elapsed() > secs(14), "not all of those who wait come back at once");
    // Not past the deadline, and not a method that may not be made twice.
    let soon = http.get(url).retry(RetryPolicy::new().when_busy()).timeout(secs(5));
    assert_eq!(soon.send().await.unwrap().status(), 503);
    http.post(url).retry(RetryPolicy::new().when_busy()).send().await.unwrap();
    assert_eq!(broker.calls().len(), 6);
    http.post(url).retry(RetryPolicy::new().when_busy().any_method()).send().await.unwrap();
    assert_eq!(broker.calls().len(), 9);
}

#[tokio::test(start_paused = true)]
async fn a_denial_is_never_asked_again_whatever_the_policy() {
    let broker = FakeBroker::new(|_| Some(refuse(ErrorCode::DestinationDenied)));
    let http = HttpClient::new(broker.channel());
    let policy = RetryPolicy::new().up_to(5).when_busy().any_method();
    let _ = http.get("http://shop.test/").retry(policy).send().await.unwrap_err();
    assert_eq!(broker.calls().len(), 1);
    let busy = FakeBroker::new(|_| Some(refuse(ErrorCode::Unavailable)));
    let http = HttpClient::new(busy.channel());
    let _ = http.get("http://shop.test/").retry(RetryPolicy::none()).send().await.unwrap_err();
    assert_eq!(busy.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_post_is_made_again_only_where_nothing_was_sent_or_the_policy_says_so() {
    let url = "http://shop.test/";
    for code in [ErrorCode::Unavailable, ErrorCode::RateLimited] {
        let busy = move || problem(Problem::new(code, "").with_retry_after_ms(10));
        let broker = FakeBroker::new(move |_| Some(busy()));
        let http = HttpClient::new(broker.channel());
        let _ = http.post(url).body("x").send().await.unwrap_err();
        let _ = http.patch(url).body("x").send().await.unwrap_err();
        assert_eq!(broker.calls().len(), 2, "{code}");
        let policy = RetryPolicy::new().any_method();
        let _ = http.post(url).body("x").retry(policy).send().await.unwrap_err();
        assert_eq!(broker.calls().len(), 5, "{code}");
        let _ = http.put(url).body("x").send().await.unwrap_err();
        assert_eq!(broker.calls().len(), 8, "{code}");
    }
    let dialled = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&dialled);
    let channel = BrokerChannel::from_connector(move || {
        count.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Err::<tokio::io::DuplexStream, _>(ErrorKind::ConnectionRefused.into()))
    });
    let http = HttpClient::new(channel.build());
    let error = http.post(url).body("x").send().await.unwrap_err();
    assert!(matches!(error, HttpError::BrokerUnavailable(ChannelError::Connect { .. })));
    assert_eq!(dialled.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn a_used_up_budget_of_the_run_is_not_asked_for_again() {
    let broker = FakeBroker::new(|_| Some(refuse(ErrorCode::RateLimited)));
    let http = HttpClient::new(broker.channel());
    let error = http.get("http://shop.test/").send().await.unwrap_err();
    assert!(matches!(error, HttpError::RateLimited(_)), "{error:?}");
    assert_eq!(broker.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn all_requests_of_a_client_share_one_budget_of_retries() {
    let broker = FakeBroker::new(|_| Some(refuse(ErrorCode::Unavailable)));
    let http = HttpClient::new(broker.channel());
    for _ in 0..20 {
        let other = http.clone();
        let _ = other.get("http://shop.test/").send().await.unwrap_err();
    }
    assert_eq!(broker.calls().len(), 20 + 10);
}

#[tokio::test(start_paused = true)]
async fn standard_layers_stand_over_the_plain_service() {
    let broker = FakeBroker::new(|call| {
        let slow = call.target.ends_with("/slow");
        Some(if slow { Reply::Silence } else { reply(200, "page") })
    });
    let mut service = ServiceBuilder::new()
        .map_request(|path: &str| {
            let url = format!("http://shop.test{path}");
            Request::get(url).body(http_body_util::Empty::<bytes::Bytes>::new()).unwrap()
        })
        .rate_limit(2, secs(1))
        .timeout(secs(5))
        .service(HttpClient::new(broker.channel()));
    let begin = tokio::time::Instant::now();
    for _ in 0..4 {
        let answer = service.ready().await.unwrap().call("/").await.unwrap();
        assert_eq!(answer.into_body().collect(10).await.unwrap(), "page");
    }
    assert_eq!(begin.elapsed().as_secs(), 1, "two a second");
    let error = service.ready().await.unwrap().call("/slow").await.unwrap_err();
    assert!(error.is::<tower::timeout::error::Elapsed>(), "{error:?}");
    let error = service.ready().await.unwrap().call("@shop.test/").await.unwrap_err();
    assert!(error.is::<HttpError>(), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_plain_request_is_retried_as_any_other_if_its_body_can_be_sent_again() {
    let broker = FakeBroker::new(|_| Some(refuse(ErrorCode::Unavailable)));
    let http = HttpClient::new(broker.channel());
    let put = Request::put("http://shop.test/");
    let own = put.body(Body::from("x")).unwrap();
    let _ = http.clone().oneshot(own).await.unwrap_err();
    assert_eq!(broker.calls().len(), 3);
    let empty = Request::get("http://shop.test/").body(String::new()).unwrap();
    let _ = http.clone().oneshot(empty).await.unwrap_err();
    assert_eq!(broker.calls().len(), 6);
    let stream = Request::put("http://shop.test/").body("x".to_owned()).unwrap();
    let _ = http.oneshot(stream).await.unwrap_err();
    assert_eq!(broker.calls().len(), 7);
}

#[tokio::test(start_paused = true)]
async fn what_a_layer_beneath_the_client_fails_with_is_said_to_be_the_layers() {
    let broker = FakeBroker::new(|_| Some(Reply::Silence));
    let layers = ServiceBuilder::new()
        .layer(GlobalConcurrencyLimitLayer::new(4))
        .timeout(secs(5))
        .into_inner();
    let http = HttpClient::new(broker.channel()).layer(&layers);
    let error = http.get("http://shop.test/").send().await.unwrap_err();
    assert!(matches!(error, HttpError::Layer(_)), "{error:?}");
    assert!(Failure::from(error).is_retryable(), "a timeout passes");

    // A layer that cannot be cloned stands behind a buffer.
    let broker = FakeBroker::new(|_| Some(refuse(ErrorCode::DestinationDenied)));
    let layers = ServiceBuilder::new().buffer(8).rate_limit(1, secs(1)).into_inner();
    let http = HttpClient::new(broker.channel()).layer(&layers);
    let begin = tokio::time::Instant::now();
    for _ in 0..3 {
        let error = http.get("http://shop.test/").send().await.unwrap_err();
        assert!(matches!(error, HttpError::Denied(_)), "the denial passes the layers: {error:?}");
    }
    assert_eq!(begin.elapsed().as_secs(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_waits_in_a_layer_counts_towards_the_requests_time() {
    let broker = FakeBroker::new(|_| Some(Reply::Silence));
    let layers = ServiceBuilder::new().buffer(8).rate_limit(1, secs(7)).into_inner();
    let http = HttpClient::new(broker.channel()).layer(&layers);
    let get = || http.get("http://shop.test/").timeout(secs(10)).send();
    let begin = tokio::time::Instant::now();
    // The first goes at once, the second after 7 s, the third would after 14 s.
    let (first, second, third) = tokio::join!(get(), get(), get());
    for result in [first, second, third] {
        let error = result.unwrap_err();
        assert!(matches!(error, HttpError::Deadline(Some(time)) if time == secs(10)), "{error:?}");
    }
    assert_eq!(begin.elapsed().as_secs(), 11);
    let stated: Vec<_> =
        broker.calls().iter().map(|c| c.header("oxg-deadline-ms").unwrap().to_owned()).collect();
    assert_eq!(stated, ["10000", "3000"]);
}

#[tokio::test(start_paused = true)]
async fn no_request_takes_longer_than_ten_minutes_whatever_its_timeout() {
    let broker = FakeBroker::new(|_| Some(Reply::Silence));
    let http = HttpClient::new(broker.channel());
    let begin = tokio::time::Instant::now();
    let error = http.get("http://shop.test/").timeout(Duration::MAX).send().await.unwrap_err();
    assert!(matches!(error, HttpError::Deadline(Some(time)) if time == secs(600)), "{error:?}");
    assert_eq!(begin.elapsed(), secs(601));
}

#[tokio::test(start_paused = true)]
async fn a_layer_of_the_authors_sees_every_hop() {
    let broker = FakeBroker::new(|call| {
        let hop = call.target.ends_with("/a");
        hop.then(|| with_header(reply(302, ""), "location", "/b"))
    });
    let layer = tower::util::MapRequestLayer::new(|mut request: Request<Body>| {
        request.headers_mut().insert("x-layer", "seen".parse().unwrap());
        request
    });
    let mut http = HttpClient::new(broker.channel()).layer(&layer);
    http.get("http://shop.test/a").send().await.unwrap();
    assert!(broker.calls().iter().all(|call| call.header("x-layer") == Some("seen")));
    assert_eq!(broker.calls().len(), 2);
    // As a plain service: one exchange, the URL as strict as ever.
    let plain = |uri: &str| Request::get(uri).body(Body::empty()).unwrap();
    let answer = http.call(plain("http://shop.test/a")).await.unwrap();
    assert_eq!(answer.status(), 302);
    let error = http.call(plain("http://user@shop.test/")).await.unwrap_err();
    assert!(matches!(error, HttpError::InvalidUrl(_)), "{error:?}");
    assert_eq!(broker.calls().len(), 3);
}
