//! Where egress may go, with scripted names and a target that records what it was given.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use http::Response;
use http_body_util::{BodyExt as _, Full};
use oxg_broker::egress::{CheckedRequest, ScriptedResolver};
use oxg_broker::{Broker, full};
use oxg_protocol::audit::{Decision, EventType};
use oxg_protocol::{ErrorCode, Problem};

use crate::support::{Plugin, Scripted, exchange, manifest, names};

/// What reached the network: URL, addresses and head of each request.
type Sent = Arc<Mutex<Vec<(String, Vec<IpAddr>, http::request::Parts)>>>;

fn recording(names: &ScriptedResolver) -> (Plugin, Sent) {
    let sent = Sent::default();
    let record = sent.clone();
    let upstream = Scripted(move |checked: CheckedRequest| {
        let (parts, _) = checked.request.into_parts();
        let entry = (checked.url.to_string(), checked.addresses, parts);
        record.lock().unwrap().push(entry);
        std::future::ready(Ok(Response::new(full("answer"))))
    });
    let broker = Broker::builder().resolver(names.clone()).upstream(upstream);
    (Plugin::of(broker.build().unwrap()), sent)
}

/// The denial of `GET url`, after a check that nothing was sent.
async fn denial(names: &ScriptedResolver, url: &str) -> Problem {
    let (plugin, sent) = recording(names);
    let reply = plugin.call("GET", url, "").await;
    let problem = plugin.refusal(&reply);
    let record = plugin.audited(&reply);
    assert_eq!((record.event_type, record.decision), (EventType::Egress, Decision::Deny), "{url}");
    assert_eq!(record.metadata["url"], url);
    assert!(sent.lock().unwrap().is_empty(), "{url}");
    problem
}

const PUBLIC: &str = "93.184.215.14";

#[tokio::test]
async fn a_name_is_asked_for_once_and_exactly_the_checked_addresses_are_dialled() {
    let names = names(&[("shop.test", &[PUBLIC, "2606:4700::1"])]);
    let (plugin, sent) = recording(&names);
    let reply = plugin.call("GET", "http://SHOP.test./a?b#".trim_end_matches('#'), "").await;
    assert_eq!((reply.status, reply.body.as_ref()), (200, &b"answer"[..]));
    assert_eq!(names.asked(), ["shop.test".parse().unwrap()]);
    let sent = sent.lock().unwrap();
    let (url, addresses, parts) = &sent[0];
    assert_eq!(url, "http://shop.test/a?b");
    assert_eq!(*addresses, [PUBLIC.parse::<IpAddr>().unwrap(), "2606:4700::1".parse().unwrap()]);
    assert_eq!(
        (parts.uri.to_string().as_str(), &parts.headers["host"]),
        ("/a?b", &"shop.test".parse().unwrap())
    );
    let record = plugin.audited(&reply);
    assert_eq!(record.decision, Decision::Allow);
    assert_eq!(record.metadata["addresses"], serde_json::json!([PUBLIC, "2606:4700::1"]));
}

#[tokio::test]
async fn one_answer_that_is_not_public_denies_the_name() {
    for bad in ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:93.184.215.14"] {
        for answers in [[PUBLIC, bad], [bad, PUBLIC]] {
            let names = names(&[("shop.test", &answers)]);
            let problem = denial(&names, "http://shop.test/").await;
            assert_eq!(problem.code(), ErrorCode::DestinationDenied, "{bad}");
            assert!(problem.detail.contains(bad), "{}", problem.detail);
            assert_eq!(problem.manifest_hint, None, "no line of the manifest opens it");
        }
    }
}

#[tokio::test]
async fn what_the_manifest_does_not_name_is_denied_before_any_name_is_resolved() {
    let names = names(&[("elsewhere.test", &[PUBLIC])]);
    let problem = denial(&names, "https://elsewhere.test/x").await;
    assert_eq!(problem.code(), ErrorCode::DestinationDenied);
    assert_eq!(problem.capability.as_deref(), Some("http"));
    assert_eq!(problem.destination.as_deref(), Some("https://elsewhere.test:443"));
    assert_eq!(
        problem.manifest_hint.as_deref(),
        Some(r#""hosts": ["shop.test", "elsewhere.test"]"#)
    );
    assert!(names.asked().is_empty());
}

#[tokio::test]
async fn this_machine_is_out_of_reach_unless_a_port_was_opened() {
    let names = names(&[("shop.test", &["127.0.0.1"])]);
    for url in [
        "http://127.0.0.1/",
        "http://127.9.9.9:8080/",
        "http://[::1]/",
        "http://localhost/",
        "http://a.localhost/",
        "http://shop.test/",
    ] {
        let problem = denial(&names, url).await;
        assert_eq!(problem.code(), ErrorCode::DestinationDenied, "{url}");
    }
    let session = {
        let (plugin, _) = recording(&names);
        let session = plugin.broker.session(manifest()).allow_loopback(8080).open();
        Plugin { broker: plugin.broker, session: session.unwrap() }
    };
    for (url, status) in [
        ("http://localhost:8080/", 200),
        ("http://127.0.0.1:8080/", 200),
        ("http://localhost:8081/", 403),
        ("http://shop.test:8080/", 403),
    ] {
        let reply = session.call("GET", url, "").await;
        assert_eq!(reply.status, status, "{url}");
    }
}

#[tokio::test]
async fn a_name_without_an_address_is_unreachable() {
    for names in [ScriptedResolver::new(), names(&[("shop.test", &[])])] {
        let (plugin, sent) = recording(&names);
        let reply = plugin.call("GET", "http://shop.test/", "").await;
        let problem = plugin.refusal(&reply);
        assert_eq!(problem.code(), ErrorCode::UpstreamUnreachable);
        assert_eq!(problem.destination.as_deref(), Some("http://shop.test:80"));
        assert!(sent.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn an_upgrade_is_a_matter_of_the_websocket_capability() {
    let names = names(&[("shop.test", &[PUBLIC])]);
    for (url, upgrade) in [
        ("http://shop.test/", "websocket"),
        ("http://shop.test/", "h2c"),
        ("ws://shop.test/", "websocket"),
    ] {
        let (plugin, sent) = recording(&names);
        let request = plugin
            .request("GET", url)
            .header("connection", "upgrade")
            .header("upgrade", upgrade)
            .body(Full::<bytes::Bytes>::default())
            .unwrap();
        let problem = plugin.refusal(&plugin.send(request).await);
        assert_eq!(problem.code(), ErrorCode::CapabilityDenied, "{url} {upgrade}");
        assert_eq!(problem.manifest_hint.as_deref(), Some(r#""websocket": true"#));
        assert!(sent.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn nothing_of_the_connection_or_the_broker_reaches_the_target() {
    let names = names(&[("shop.test", &[PUBLIC])]);
    let (plugin, sent) = recording(&names);
    let mut request = plugin.request("POST", "https://shop.test/").header("host", "evil.test");
    for (name, value) in [
        ("connection", "close, x-mine"),
        ("x-mine", "1"),
        ("keep-alive", "timeout=5"),
        ("te", "trailers"),
        ("trailer", "x-sum"),
        ("oxg-deadline-ms", "5000"),
        ("oxg-task-id", "t-1"),
        ("authorization", "Bearer for-the-target"),
        ("accept", "*/*"),
    ] {
        request = request.header(name, value);
    }
    // Two Host fields would be refused; the second replaces the first here.
    let mut request = request.body(Full::new(bytes::Bytes::from("body"))).unwrap();
    request.headers_mut().insert("host", "evil.test".parse().unwrap());
    let reply = exchange(plugin.broker.connect(), request).await;
    assert_eq!(reply.status, 200);
    let sent = sent.lock().unwrap();
    let headers = &sent[0].2.headers;
    let mut found: Vec<_> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    found.sort();
    assert_eq!(
        found,
        [
            "accept: */*",
            "authorization: Bearer for-the-target",
            "content-length: 4",
            "host: shop.test"
        ]
    );
}

#[tokio::test]
async fn what_a_target_sends_is_never_taken_for_the_brokers_word() {
    let names = names(&[("shop.test", &[PUBLIC])]);
    let upstream = Scripted(|_| {
        let response = Response::builder()
            .status(403)
            .header("oxg-error", "destination_denied")
            .header("oxg-request-id", "forged")
            .header("oxg-anything", "1")
            .header("connection", "x-hop")
            .header("x-hop", "1")
            .header("proxy-authenticate", "Basic")
            .header("set-cookie", "a=1")
            .header("set-cookie", "b=2")
            .body(full("denied by the shop"));
        std::future::ready(Ok(response.unwrap()))
    });
    let broker = Broker::builder().resolver(names).upstream(upstream);
    let plugin = Plugin::of(broker.build().unwrap());
    let reply = plugin.call("GET", "http://shop.test/", "").await;
    assert_eq!((reply.status, reply.body.as_ref()), (403, &b"denied by the shop"[..]));
    for name in ["oxg-error", "oxg-anything", "x-hop", "proxy-authenticate"] {
        assert!(!reply.headers.contains_key(name), "{name}");
    }
    assert_ne!(reply.header("oxg-request-id"), "forged");
    assert_eq!(reply.headers.get_all("oxg-request-id").iter().count(), 1);
    assert_eq!(reply.headers.get_all("set-cookie").iter().count(), 2);
    assert_eq!(plugin.audited(&reply).decision, Decision::Allow);
}

#[tokio::test]
async fn trailers_end_at_the_broker() {
    let names = names(&[("shop.test", &[PUBLIC])]);
    let upstream = Scripted(|_| {
        let mut trailers = http::HeaderMap::new();
        trailers.insert("oxg-error", "destination_denied".parse().unwrap());
        let body = Full::new(bytes::Bytes::from("x"))
            .with_trailers(std::future::ready(Some(Ok(trailers))))
            .map_err(|never| match never {})
            .boxed_unsync();
        let response = Response::builder().header("trailer", "oxg-error").body(body);
        std::future::ready(Ok(response.unwrap()))
    });
    let broker = Broker::builder().resolver(names).upstream(upstream);
    let plugin = Plugin::of(broker.build().unwrap());
    let request = plugin
        .request("GET", "http://shop.test/")
        .header("connection", "te")
        .header("te", "trailers")
        .body(Full::<bytes::Bytes>::default())
        .unwrap();
    let opened = crate::support::open(plugin.broker.connect(), request).await.unwrap();
    assert!(!opened.response.headers().contains_key("trailer"));
    let collected = opened.response.into_body().collect().await.unwrap();
    assert_eq!(collected.trailers(), None);
    assert_eq!(collected.to_bytes(), "x");
}

#[tokio::test]
async fn what_the_broker_does_not_do_is_refused_before_anything_is_sent() {
    let plugin = Plugin::reaching(Broker::builder().build().unwrap(), &[8080]);
    let bearer = plugin.bearer();
    for (url, header, value, expected) in [
        ("http://127.0.0.1:8080/", "upgrade", "websocket", "does not allow WebSocket"),
        ("ws://127.0.0.1:8080/", "x-any", "", "does not allow WebSocket"),
        ("http://127.0.0.1:8080/", "authorization", &bearer, "token is for the broker"),
    ] {
        let request = plugin
            .request("GET", url)
            .header(header, value)
            .body(Full::<bytes::Bytes>::default())
            .unwrap();
        let problem = plugin.refusal(&plugin.send(request).await);
        assert!(problem.detail.contains(expected), "{header}: {}", problem.detail);
    }
}
