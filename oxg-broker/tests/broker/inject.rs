//! Secret by handle: where the value goes, and where it must not turn up.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use oxg_broker::{Body, Broker, full};
use oxg_protocol::ErrorCode;
use serde_json::json;

use crate::support::{Plugin, Reply, Scripted, answering, manifest_of, names};

const VALUE: &str = "t0k3n/with+odd=bytes";

/// What reached the target.
type Sent = Arc<Mutex<Vec<Request<()>>>>;

/// A plugin with the secret `api-token`, bound to `shop.test`, whose targets answer with `answer`.
fn plugin(answer: impl Fn() -> Response<Body> + Send + Sync + Clone + 'static) -> (Plugin, Sent) {
    let sent = Sent::default();
    let seen = sent.clone();
    let upstream = Scripted(move |checked: oxg_broker::egress::CheckedRequest| {
        seen.lock().unwrap().push(checked.request.map(drop));
        let response = answer();
        async move { Ok(response) }
    });
    let public: &[&str] = &["93.184.215.14"];
    let names = names(&[("shop.test", public), ("other.test", public)]);
    let broker = Broker::builder().resolver(names).upstream(upstream).build().unwrap();
    (granted(broker, None), sent)
}

fn granted(broker: Broker, port: Option<u16>) -> Plugin {
    let local = port.map_or("shop.test".to_owned(), |port| format!("127.0.0.1:{port}"));
    let manifest = manifest_of(
        "probe",
        json!({
            "http": { "outbound": ["broker"], "hosts": ["shop.test", "other.test"] },
            "secrets": {
                "broker": true, "names": ["api-token", "absent", "short"],
                "hosts": { "api-token": [local], "absent": ["shop.test"], "short": ["shop.test"] },
            },
        }),
    );
    let mut session = broker
        .session(manifest)
        .secret("api-token".parse().unwrap(), VALUE.into())
        .secret("short".parse().unwrap(), "abc".into());
    if let Some(port) = port {
        session = session.allow_loopback(port);
    }
    let session = session.open().unwrap();
    Plugin { broker, session }
}

async fn call(plugin: &Plugin, url: &str, fields: &[(&str, &str)]) -> Reply {
    let mut request = plugin.request("GET", url);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    plugin.send(request.body(Full::<Bytes>::default()).unwrap()).await
}

#[tokio::test]
async fn header_and_query_templates_are_filled_in_for_a_bound_host() {
    let (plugin, sent) = plugin(|| Response::new(full("ok")));
    let reply = call(
        &plugin,
        "https://shop.test/a?x=%7B%7Bsecret:api-token%7D%7D&y=%20",
        &[
            ("oxg-inject", "Authorization, x-key, :query"),
            ("authorization", "Bearer {{secret:api-token}}"),
            ("x-key", "{{secret:api-token|basic:ci}}"),
            ("x-other", "{{secret:api-token}}"),
            ("accept-encoding", "gzip"),
            ("range", "bytes=0-3"),
        ],
    )
    .await;
    assert_eq!(reply.status, 200);
    let sent = sent.lock().unwrap();
    let headers = sent[0].headers();
    assert_eq!(headers["authorization"], format!("Bearer {VALUE}"));
    assert_eq!(headers["x-key"], "Y2k6dDBrM24vd2l0aCtvZGQ9Ynl0ZXM=");
    assert_eq!(headers["x-other"], "{{secret:api-token}}", "not named, not filled in");
    assert_eq!(headers["accept-encoding"], "identity");
    assert!(!headers.contains_key("range"), "a part of a secret could not be found");
    assert_eq!(sent[0].uri(), "/a?x=t0k3n%2Fwith%2Bodd%3Dbytes&y=%20");
    let record = plugin.audited(&reply);
    assert_eq!(record.metadata["secrets"], json!(["api-token"]));
    let audit = serde_json::to_string(&plugin.broker.audit().unwrap()).unwrap();
    assert!(!audit.contains("t0k3n"), "{audit}");
}

#[tokio::test]
async fn without_the_field_a_template_is_a_text_like_any_other() {
    let (plugin, sent) = plugin(|| Response::new(full("ok")));
    let url = "https://shop.test/?a=%7B%7Bsecret:api-token%7D%7D";
    call(&plugin, url, &[("x-key", "{{secret:api-token}}")]).await;
    let sent = sent.lock().unwrap();
    assert_eq!(sent[0].headers()["x-key"], "{{secret:api-token}}");
    assert_eq!(sent[0].uri(), "/?a=%7B%7Bsecret:api-token%7D%7D");
}

#[tokio::test]
async fn what_may_not_be_filled_in_is_refused_and_nothing_is_sent() {
    let (plugin, sent) = plugin(|| Response::new(full("ok")));
    let template = "{{secret:api-token}}";
    let (denied, invalid) = (ErrorCode::SecretNotGranted, ErrorCode::InvalidRequest);
    for (url, inject, value, code) in [
        ("https://other.test/", "x-key", template, denied),
        ("https://shop.test/", "x-key", "{{secret:unnamed}}", denied),
        ("https://shop.test/", "x-key", "{{secret:absent}}", denied),
        ("http://shop.test/", "x-key", template, invalid),
        ("https://shop.test/", "x-key", "{{secret:short}}", denied),
        ("https://shop.test/", "x-key", "no template", invalid),
        ("https://shop.test/", "x-key", "{{secret:api-token", invalid),
        ("https://shop.test/", "x-key", "{{secret:api-token}}{{secret:api-token}}", invalid),
        ("https://shop.test/", "x-key, x-absent", template, invalid),
        ("https://shop.test/", "x-key, x-key", template, invalid),
        ("https://shop.test/", "x-key, :query", template, invalid),
        ("https://shop.test/?a=b", "x-key, :query", template, invalid),
        ("https://shop.test/?a=x%7B%7Bsecret:api-token%7D%7D", ":query", "", invalid),
        ("https://shop.test/", "host", template, invalid),
        ("https://shop.test/", "proxy-authorization", template, invalid),
        ("https://shop.test/", "", template, invalid),
    ] {
        let reply = call(&plugin, url, &[("oxg-inject", inject), ("x-key", value)]).await;
        let problem = plugin.refusal(&reply);
        assert_eq!(problem.code(), code, "{url} {inject:?} {value:?}: {}", problem.detail);
    }
    assert!(sent.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_secret_that_is_not_bound_is_refused_with_the_line_that_binds_it() {
    let (plugin, _sent) = plugin(|| Response::new(full("ok")));
    let fields = [("oxg-inject", "x-key"), ("x-key", "{{secret:api-token}}")];
    let problem = plugin.refusal(&call(&plugin, "https://other.test/", &fields).await);
    assert_eq!(problem.capability.as_deref(), Some("secrets"));
    assert_eq!(problem.destination.as_deref(), Some("https://other.test:443"));
    assert_eq!(
        problem.manifest_hint.as_deref(),
        Some(
            r#""hosts": { "absent": ["shop.test"], "api-token": ["shop.test", "other.test"], "short": ["shop.test"] }"#
        )
    );
}

#[tokio::test]
async fn a_request_holds_eight_templates_and_not_nine() {
    let (plugin, _sent) = plugin(|| Response::new(full("ok")));
    for (count, status) in [(8, 200), (9, 400)] {
        let query = vec!["a=%7B%7Bsecret:api-token%7D%7D"; count].join("&");
        let url = format!("https://shop.test/?{query}");
        let reply = call(&plugin, &url, &[("oxg-inject", ":query")]).await;
        assert_eq!(reply.status, status, "{count}");
    }
}

#[tokio::test]
async fn a_target_that_echoes_the_secret_echoes_nothing() {
    let (plugin, _sent) = plugin(|| {
        let body = format!("a {VALUE} b {}", "Y2k6dDBrM24vd2l0aCtvZGQ9Ynl0ZXM=");
        Response::builder()
            .header("content-type", "text/plain")
            .header("content-length", body.len())
            .header("x-echo", format!("Bearer {VALUE}"))
            .header("location", "/?t=t0k3n%2Fwith%2Bodd%3Dbytes")
            .body(full(body))
            .unwrap()
    });
    let fields = [("oxg-inject", "x-key"), ("x-key", "{{secret:api-token|basic:ci}}")];
    let reply = call(&plugin, "https://shop.test/", &fields).await;
    assert_eq!(reply.body, "a [REDACTED_SECRET] b [REDACTED_SECRET]");
    assert_eq!(reply.header("x-echo"), "Bearer [REDACTED_SECRET]");
    assert_eq!(reply.header("location"), "/?t=[REDACTED_SECRET]");
    assert!(!reply.headers.contains_key("content-length"));
    let plain = call(&plugin, "https://shop.test/", &[]).await;
    assert_eq!(plain.header("x-echo"), format!("Bearer {VALUE}"), "without a secret: untouched");
}

#[tokio::test]
async fn an_answer_in_a_content_coding_is_refused() {
    let (plugin, _sent) = plugin(|| {
        Response::builder().header("content-encoding", "gzip").body(full("\u{1f}")).unwrap()
    });
    let fields = [("oxg-inject", "x-key"), ("x-key", "{{secret:api-token}}")];
    let reply = call(&plugin, "https://shop.test/", &fields).await;
    assert_eq!(plugin.refusal(&reply).code(), ErrorCode::UpstreamProtocol);
}

#[tokio::test]
async fn a_secret_bound_to_an_opened_port_of_this_machine_needs_no_tls() {
    let (port, served) =
        answering("HTTP/1.1 200 t0k3n/with+odd=bytes\r\ncontent-length: 2\r\n\r\nok").await;
    let plugin = granted(Broker::builder().build().unwrap(), Some(port));
    let url = format!("http://127.0.0.1:{port}/");
    let fields = [("oxg-inject", "x-key"), ("x-key", "{{secret:api-token}}")];
    let reply = call(&plugin, &url, &fields).await;
    assert_eq!((reply.status, reply.body.as_ref()), (200, &b"ok"[..]));
    let head = served.await.unwrap();
    assert!(head.contains(&format!("x-key: {VALUE}\r\n")), "{head}");
    assert!(!head.contains("oxg-inject"), "{head}");
}
