//! Who may call, what is answered, and how a refusal looks.

use bytes::Bytes;
use http::Request;
use http_body_util::{Empty, Full};
use oxg_broker::Broker;
use oxg_protocol::audit::{Decision, EventType};
use oxg_protocol::session::SessionInfo;
use oxg_protocol::{ErrorCode, header};
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::support::{Plugin, Reply, exchange, limits, manifest_of};

async fn with(broker: &Broker, method: &str, target: &str, fields: &[(&str, &str)]) -> Reply {
    let mut request = Request::builder().method(method).uri(target).header("host", "broker");
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    exchange(broker.connect(), request).await
}

#[tokio::test]
async fn without_a_valid_token_nothing_is_revealed() {
    let plugin = Plugin::new();
    let good = plugin.bearer();
    let token = plugin.session.token().expose_secret();
    let (basic, cut, twice) =
        (format!("Basic {token}"), good[..good.len() - 1].to_owned(), format!("{good}, {good}"));
    let mut bodies = Vec::new();
    for fields in [
        vec![],
        vec![("authorization", "Bearer wrong")],
        vec![("authorization", "Bearer ")],
        vec![("authorization", token)],
        vec![("authorization", basic.as_str())],
        vec![("authorization", cut.as_str())],
        vec![("authorization", twice.as_str())],
        vec![("authorization", good.as_str()), ("authorization", good.as_str())],
        vec![("proxy-authorization", good.as_str())],
    ] {
        for (method, target) in [("GET", "/v1/session"), ("PATCH", "/there/is/no/such/path")] {
            let reply = with(&plugin.broker, method, target, &fields).await;
            let mut problem = plugin.refusal(&reply);
            assert_eq!(problem.code(), ErrorCode::Unauthenticated, "{fields:?}");
            let record = plugin.audited(&reply);
            assert_eq!(
                (record.event_type, record.decision, record.plugin_id.as_str()),
                (EventType::Authentication, Decision::Deny, "")
            );
            problem.request_id = None;
            bodies.push(problem);
        }
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "one answer for all: {bodies:?}");
}

#[tokio::test]
async fn the_scheme_of_the_token_is_read_without_regard_to_case() {
    let plugin = Plugin::new();
    let value = plugin.bearer().replace("Bearer", "bEARER");
    let reply = with(&plugin.broker, "GET", "/v1/session", &[("authorization", &value)]).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn egress_wants_its_token_in_proxy_authorization() {
    let plugin = Plugin::new();
    let bearer = plugin.bearer();
    let target = "http://elsewhere.test/";
    let reply = with(&plugin.broker, "GET", target, &[("authorization", &bearer)]).await;
    assert_eq!(reply.code(), ErrorCode::Unauthenticated);
    let reply = with(&plugin.broker, "GET", target, &[("proxy-authorization", &bearer)]).await;
    assert_eq!(reply.code(), ErrorCode::DestinationDenied);
}

#[tokio::test]
async fn liveness_is_told_without_a_token_and_without_detail() {
    let broker = Broker::builder().build().unwrap();
    let reply = with(&broker, "GET", "/healthz", &[]).await;
    assert_eq!((reply.status, reply.body.as_ref()), (200, &b"ok\n"[..]));
    assert!(broker.audit().unwrap().is_empty());
    let reply = with(&broker, "POST", "/healthz", &[]).await;
    assert_eq!(reply.code(), ErrorCode::Unauthenticated);
}

#[tokio::test]
async fn a_session_says_what_it_grants_and_only_that() {
    let broker = Broker::builder().limits(limits(|limits| limits.dns_ms = 7)).build().unwrap();
    let capabilities = json!({ "storage": { "workspace": true }, "tasks": { "pull": false } });
    let session = broker
        .session(manifest_of("small", capabilities))
        .config(json!({ "depth": 3 }).as_object().unwrap().clone())
        .open()
        .unwrap();
    let plugin = Plugin { broker, session };
    let reply = plugin.call("GET", "/v1/session", "").await;
    let info: SessionInfo = reply.json();
    assert_eq!(info.capabilities, ["storage", "findings"]);
    assert_eq!((info.plugin.as_str(), info.limits.dns_ms), ("small", 7));
    assert_eq!(info.config["depth"], 3);
    assert_eq!(plugin.audited(&reply).decision, Decision::Allow);
}

#[tokio::test]
async fn a_peer_of_another_major_version_is_told_so() {
    let plugin = Plugin::new();
    for (version, understood) in [("1.0", true), ("1.99", true), ("2.0", false), ("one", false)] {
        let request = plugin.request("GET", "/v1/session").header(header::PROTOCOL, version);
        let reply = plugin.send(request.body(Empty::<Bytes>::new()).unwrap()).await;
        if understood {
            assert_eq!(reply.status, 200, "{version}");
        } else {
            assert_eq!(plugin.refusal(&reply).code(), ErrorCode::VersionUnsupported, "{version}");
        }
    }
}

#[tokio::test]
async fn a_deadline_that_is_no_number_is_refused() {
    let plugin = Plugin::new();
    for value in ["", "-1", "+1", "1.5", "soon", "99999999999999999999"] {
        let request = plugin.request("GET", "/v1/session").header(header::DEADLINE_MS, value);
        let reply = plugin.send(request.body(Empty::<Bytes>::new()).unwrap()).await;
        assert_eq!(plugin.refusal(&reply).code(), ErrorCode::InvalidRequest, "{value:?}");
    }
}

#[tokio::test]
async fn a_call_that_there_is_not_is_not_found() {
    let plugin = Plugin::new();
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/v1"),
        ("GET", "//v1/session"),
        ("GET", "/v1/session/"),
        ("DELETE", "/v1/session"),
        ("POST", "/v1/secrets/api-token"),
        ("GET", "/refused"),
    ] {
        let reply = plugin.call(method, path, "").await;
        let problem = plugin.refusal(&reply);
        assert_eq!(problem.code(), ErrorCode::NotFound, "{method} {path}");
    }
}

#[tokio::test]
async fn what_the_manifest_does_not_declare_is_denied_with_the_line_to_add() {
    let broker = Broker::builder().build().unwrap();
    let capabilities = json!({ "tasks": { "pull": false }, "findings": { "emit": false } });
    let session = broker
        .session(manifest_of("bare", capabilities))
        .secret("api-token".parse().unwrap(), "s3cr3t-value".into())
        .open()
        .unwrap();
    let plugin = Plugin { broker, session };
    for (method, target, capability) in [
        ("GET", "http://shop.test/", "http"),
        ("PUT", "/v1/artifacts/a", "storage"),
        ("GET", "/v1/artifacts/a", "storage"),
        ("DELETE", "/v1/artifacts/a", "storage"),
        ("GET", "/v1/artifacts", "storage"),
        ("GET", "/v1/secrets/api-token", "secrets"),
        ("POST", "/v1/leases/x/renew", "secrets"),
        ("POST", "/v1/tasks/lease", "tasks"),
        ("POST", "/v1/tasks/t-1/complete", "tasks"),
        ("POST", "/v1/findings", "findings"),
    ] {
        let reply = plugin.call(method, target, "{}").await;
        let problem = plugin.refusal(&reply);
        assert_eq!(problem.code(), ErrorCode::CapabilityDenied, "{target}");
        assert_eq!(problem.capability.as_deref(), Some(capability));
        let hint = problem.manifest_hint.expect("a line to add");
        assert!(hint.starts_with(&format!("\"{capability}\": ")), "{hint}");
        assert_eq!(plugin.audited(&reply).decision, Decision::Deny);
    }
}

#[tokio::test]
async fn a_body_that_is_not_the_calls_json_is_refused_without_quoting_it() {
    let plugin = Plugin::new();
    for body in ["", "[]", "hunter2", r#"{"max":"hunter2"}"#, "\u{feff}{}"] {
        let reply = plugin.call("POST", "/v1/tasks/lease", body).await;
        let problem = plugin.refusal(&reply);
        assert_eq!(problem.code(), ErrorCode::InvalidRequest, "{body:?}");
        assert!(!problem.detail.contains("hunter2"), "{}", problem.detail);
    }
}

#[tokio::test]
async fn the_token_of_an_ended_session_is_worth_nothing() {
    let plugin = Plugin::new();
    let request = |plugin: &Plugin| {
        let request = plugin.request("GET", "/v1/session");
        request.body(Full::new(Bytes::new())).unwrap()
    };
    let (before, after) = (request(&plugin), request(&plugin));
    let Plugin { broker, session } = plugin;
    assert_eq!(exchange(broker.connect(), before).await.status, 200);
    drop(session);
    let reply = exchange(broker.connect(), after).await;
    assert_eq!(reply.code(), ErrorCode::Unauthenticated);
}

#[tokio::test]
async fn ended_sessions_do_not_fill_the_redactor() {
    let broker = Broker::builder().build().unwrap();
    let before = broker.redactor().known_values();
    for _ in 0..3 {
        drop(Plugin::of(broker.clone()));
    }
    assert_eq!(broker.redactor().known_values(), before);
}

#[tokio::test]
async fn connect_is_refused_because_a_tunnel_cannot_be_audited() {
    let plugin = Plugin::new();
    let request = Request::builder()
        .method("CONNECT")
        .uri("shop.test:443")
        .header("host", "shop.test:443")
        .header("proxy-authorization", plugin.bearer())
        .body(Empty::<Bytes>::new())
        .unwrap();
    let reply = plugin.send(request).await;
    let problem = plugin.refusal(&reply);
    assert_eq!(problem.code(), ErrorCode::CapabilityDenied);
    assert!(problem.detail.contains("absolute form"), "{}", problem.detail);
}
