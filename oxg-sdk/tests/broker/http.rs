use oxg_protocol::{ErrorCode, Problem};
use oxg_sdk::Failure;
use oxg_sdk::clients::http::{HttpClient, HttpError};

use crate::fake::{FakeBroker, problem, refuse, reply, with_header};

#[tokio::test(start_paused = true)]
async fn a_request_is_sent_in_absolute_form_with_the_targets_host() {
    let broker = FakeBroker::new(|_| Some(with_header(reply(200, "body"), "server", "demo")));
    let http = HttpClient::new(broker.channel());
    let page = http
        .post("https://Shop.test:8443/a?b=c")
        .query([("q", "x y&z")])
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
