//! What the audit holds, and what it does not.

use oxg_broker::Broker;
use oxg_protocol::audit::{AuditRecord, Decision, EventType};
use serde_json::json;

use crate::support::{Plugin, manifest};

const SECRET: &str = "correct-horse-battery";

#[tokio::test]
async fn each_line_has_the_hosts_record_shape() {
    let directory = tempfile::tempdir().unwrap();
    let broker = Broker::builder().directory(directory.path());
    let plugin = Plugin::of(broker.build().unwrap());
    plugin.call("GET", "http://elsewhere.test/", "").await;
    plugin.call("GET", "/v1/session", "").await;
    let text = std::fs::read_to_string(directory.path().join("audit.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{text}");
    for line in &lines {
        assert_eq!(line["component"], "broker");
        assert_eq!(line["plugin_id"], json!(plugin.session.plugin_id()));
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
    }
    assert_eq!(
        (&lines[0]["event_type"], &lines[0]["decision"]),
        (&json!("egress"), &json!("deny"))
    );
    assert_eq!(lines[0]["metadata"]["url"], "http://elsewhere.test/");
    assert_eq!(lines[0]["metadata"]["method"], "GET");
}

#[tokio::test]
async fn a_call_on_behalf_of_a_task_says_so() {
    let plugin = Plugin::new();
    let request = plugin
        .request("GET", "/v1/session")
        .header("oxg-task-id", "t-7")
        .body(http_body_util::Empty::<bytes::Bytes>::new())
        .unwrap();
    let reply = plugin.send(request).await;
    assert_eq!(plugin.audited(&reply).metadata["task_id"], "t-7");
}

#[tokio::test]
async fn a_call_that_belongs_to_a_trace_says_so_and_its_field_ends_at_the_broker() {
    let plugin = Plugin::new();
    let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for (target, field, value, known) in [
        ("/v1/session", "traceparent", good, true),
        ("/v1/session", "traceparent", "00-x", false),
        ("/v1/session", "oxg-traceparent", good, false),
        ("http://elsewhere.test/", "oxg-traceparent", good, true),
        ("http://elsewhere.test/", "traceparent", good, false),
    ] {
        let request = plugin.request("GET", target).header(field, value);
        let reply =
            plugin.send(request.body(http_body_util::Empty::<bytes::Bytes>::new()).unwrap());
        let record = plugin.audited(&reply.await);
        let span = record.metadata.get("span_id").and_then(|id| id.as_str());
        let expected = if known { "4bf92f3577b34da6a3ce929d0e0e4736" } else { "" };
        assert_eq!(record.trace_id, expected, "{target} {field} {value}");
        assert_eq!(span, known.then_some("00f067aa0ba902b7"), "{target} {field} {value}");
    }
}

#[tokio::test]
async fn a_denial_does_not_repeat_a_secret_to_whoever_asked() {
    const IN_A_NAME: &str = "canary-7f3a9c2e51b8d064";
    let broker = Broker::builder().build().unwrap();
    let session = broker.session(manifest());
    let session = session.secret("api-token".parse().unwrap(), IN_A_NAME.into()).open().unwrap();
    let plugin = Plugin { broker, session };
    let reply = plugin.call("GET", &format!("http://{IN_A_NAME}.test/"), "").await;
    let problem: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(problem["destination"], "http://[REDACTED_SECRET].test:80");
    assert!(problem["manifest_hint"].as_str().unwrap().contains("[REDACTED_SECRET].test"));
    assert!(!problem.to_string().contains(IN_A_NAME), "{problem}");
}

#[tokio::test]
async fn no_secret_and_no_token_reaches_the_audit() {
    let broker = Broker::builder().build().unwrap();
    let session = broker
        .session(manifest())
        .secret("api-token".parse().unwrap(), SECRET.into())
        .open()
        .unwrap();
    let plugin = Plugin { broker, session };
    let token = plugin.bearer().split_off("Bearer ".len());
    let reply = plugin.call("GET", "/v1/secrets/api-token", "").await;
    assert!(String::from_utf8_lossy(&reply.body).contains(SECRET));
    for text in [SECRET, token.as_str()] {
        plugin.call("GET", &format!("http://elsewhere.test/?q={text}"), "").await;
        plugin.call("GET", &format!("/v1/{text}"), "").await;
        let reply = plugin.call("GET", &format!("/v1/secrets/{text}/x"), "").await;
        let answer = String::from_utf8_lossy(&reply.body).into_owned();
        assert!(!answer.contains(text), "{answer}");
    }
    let audit = serde_json::to_string(&plugin.broker.audit().unwrap()).unwrap();
    assert!(audit.contains("elsewhere.test"));
    assert!(!audit.contains(SECRET) && !audit.contains(&token), "{audit}");
}

#[tokio::test]
async fn an_audit_that_cannot_be_written_stops_what_it_should_record() {
    // A device that is always full stands in for the disk.
    let directory = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/dev/full", directory.path().join("audit.jsonl")).unwrap();
    let broker = Broker::builder().directory(directory.path());
    let plugin = Plugin::of(broker.build().unwrap());
    for target in ["/v1/session", "http://shop.test/"] {
        let reply = plugin.call("GET", target, "").await;
        assert_eq!(reply.code(), oxg_protocol::ErrorCode::Unavailable, "{target}");
    }
}

#[tokio::test]
async fn polling_and_keeping_alive_are_no_decisions() {
    let plugin = Plugin::new();
    let wanted = json!({ "max": 1, "wait_ms": 0, "lease_ms": 1000 });
    assert_eq!(plugin.post("/v1/tasks/lease", &wanted).await.status, 200);
    assert!(plugin.broker.audit().unwrap().is_empty());
}

#[tokio::test]
async fn a_failure_of_the_target_is_no_decision_but_is_written_down() {
    let unused = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = unused.local_addr().unwrap().port();
    drop(unused);
    let plugin = Plugin::reaching(Broker::builder().build().unwrap(), &[port]);
    let target = format!("http://127.0.0.1:{port}/");
    plugin.call("GET", &target, "").await;
    let records: Vec<AuditRecord> = plugin.broker.audit().unwrap();
    let decisions: Vec<_> =
        records.iter().map(|record| (record.event_type, record.decision)).collect();
    assert_eq!(
        decisions,
        [(EventType::Egress, Decision::Allow), (EventType::Egress, Decision::Info)]
    );
    assert_eq!(records[0].reason, "loopback port opened by the operator");
    assert_eq!(records[0].metadata["addresses"], json!(["127.0.0.1"]));
    assert_eq!(records[1].metadata["code"], "upstream_unreachable");
}
