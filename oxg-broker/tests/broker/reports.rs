//! Findings and logs: NDJSON in, a line for each line out.

use oxg_broker::Broker;
use oxg_protocol::finding::Receipt;
use oxg_protocol::{ErrorCode, Finding};
use serde_json::{Value, json};

use crate::support::{Plugin, Reply, manifest};

const SECRET: &str = "correct-horse-battery";
const ID: &str = "01J9ZV6Q0000000000000000AB";

fn lines<T: serde::de::DeserializeOwned>(reply: &Reply) -> Vec<T> {
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.header("content-type"), "application/x-ndjson");
    let text = std::str::from_utf8(&reply.body).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn line(finding: &Finding) -> String {
    serde_json::to_string(finding).unwrap()
}

fn with_secret(broker: Broker) -> Plugin {
    let session = broker
        .session(manifest())
        .secret("api-token".parse().unwrap(), SECRET.into())
        .open()
        .unwrap();
    Plugin { broker, session }
}

#[tokio::test]
async fn each_line_has_its_receipt_and_a_bad_one_costs_only_itself() {
    let plugin = Plugin::new();
    let body = [
        line(&Finding::low("a", "first")),
        String::new(),
        "hunter2".to_owned(),
        r#"{"type":"a","message":"m","severity":"low","extra":1}"#.to_owned(),
        r#"{"type":"a","message":"m","severity":"medium"}"#.to_owned(),
        line(&Finding::low("a", " ")),
        "\r".to_owned(),
        line(&Finding::high("b", "last")),
    ];
    let reply = plugin.call("POST", "/v1/findings", body.join("\n")).await;
    let receipts: Vec<Receipt> = lines(&reply);
    let accepted: Vec<bool> =
        receipts.iter().map(|receipt| matches!(receipt, Receipt::Accepted(_))).collect();
    assert_eq!(accepted, [true, false, false, false, false, true]);
    for receipt in receipts {
        if let Receipt::Rejected(problem) = receipt {
            assert_eq!(problem.code(), ErrorCode::InvalidRequest);
            assert!(!problem.detail.contains("hunter2"));
        }
    }
    let kept = plugin.broker.findings().unwrap();
    let messages: Vec<_> = kept.iter().map(|record| record.message.as_str()).collect();
    assert_eq!(messages, ["first", "last"]);
}

#[tokio::test]
async fn one_id_is_one_finding() {
    let plugin = Plugin::new();
    let mut finding = Finding::low("a", "m");
    finding.id = Some(ID.parse().unwrap());
    let body = line(&finding);
    for body in [format!("{body}\n{body}"), body] {
        let receipts: Vec<Receipt> = lines(&plugin.call("POST", "/v1/findings", body).await);
        for receipt in receipts {
            assert_eq!(receipt, Receipt::Accepted(ID.parse().unwrap()));
        }
    }
    assert_eq!(plugin.broker.findings().unwrap().len(), 1);
}

#[tokio::test]
async fn a_finding_lies_on_disk_in_the_hosts_record_shape() {
    let directory = tempfile::tempdir().unwrap();
    let broker = Broker::builder().directory(directory.path());
    let plugin = with_secret(broker.build().unwrap());
    let mut finding = Finding::medium("web.leak", format!("saw {SECRET}"))
        .target("https://shop.test/")
        .meta("where", format!("body {SECRET}"))
        .meta("password", "hunter2");
    finding.id = Some(ID.parse().unwrap());
    plugin.call("POST", "/v1/findings", line(&finding)).await;
    let text = std::fs::read_to_string(directory.path().join("findings.jsonl")).unwrap();
    assert!(text.ends_with('\n') && !text.contains(SECRET), "{text}");
    let mut record: Value = serde_json::from_str(&text).unwrap();
    let ts = record["ts"].take();
    assert!(ts.as_str().is_some_and(|ts| ts.len() == 20 && ts.ends_with('Z')), "{ts}");
    assert_eq!(
        record,
        json!({
            "version": "0.2",
            "id": ID,
            "plugin": plugin.session.plugin_id(),
            "type": "web.leak",
            "message": "saw [REDACTED_SECRET]",
            "target": "https://shop.test/",
            "evidence": "saw [REDACTED_SECRET]",
            "severity": "med",
            "ts": null,
            "meta": { "password": "[REDACTED_SECRET]", "where": "body [REDACTED_SECRET]" },
        })
    );
}

#[tokio::test]
async fn a_log_record_carries_who_sent_it_and_not_who_it_says() {
    let plugin = with_secret(Broker::builder().build().unwrap());
    let record = json!({
        "ts": "2026-01-02T03:04:05Z", "level": "info", "target": format!("t.{SECRET}"),
        "msg": format!("saw {SECRET}"), "plugin": "somebody-else", "run_id": "r-1",
        "fields": { "deep": [{ "value": SECRET }] },
        "spans": [{ "name": SECRET, "password": "hunter2", "where": SECRET }],
    });
    let reply = plugin.call("POST", "/v1/logs", format!("{record}\nnonsense")).await;
    let answers: Vec<Value> = lines(&reply);
    assert_eq!(answers[0], json!({}));
    assert_eq!(answers[1]["rejected"]["type"], "urn:oxg:error:invalid_request");
    let kept = plugin.broker.logs().unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].plugin.as_deref(), Some("probe"));
    assert_eq!(kept[0].run_id.as_ref(), Some(plugin.session.run_id()));
    assert_eq!(kept[0].ts, "2026-01-02T03:04:05Z");
    let text = serde_json::to_string(&kept).unwrap();
    assert!(!text.contains("horse"), "{text}");
    assert_eq!(kept[0].spans[0]["password"], "[REDACTED_SECRET]");
}

#[tokio::test]
async fn a_trace_id_is_one_and_no_secret_in_hexadecimal() {
    const SIXTEEN: &str = "horse-batteries!";
    let broker = Broker::builder().build().unwrap();
    let session = broker.session(manifest());
    let session = session.secret("api-token".parse().unwrap(), SIXTEEN.into()).open().unwrap();
    let plugin = Plugin { broker, session };
    let hex: String = SIXTEEN.bytes().map(|byte| format!("{byte:02x}")).collect();
    let record = |trace: &str| {
        json!({ "ts": "2026-01-02T03:04:05Z", "level": "info", "target": "t", "msg": "m",
            "trace_id": trace })
    };
    let good = "4bf92f3577b34da6a3ce929d0e0e4736";
    let body = [good, &hex, "x"].map(|trace| record(trace).to_string()).join("\n");
    let answers: Vec<Value> = lines(&plugin.call("POST", "/v1/logs", body).await);
    assert_eq!(answers[2]["rejected"]["type"], "urn:oxg:error:invalid_request");
    let kept = plugin.broker.logs().unwrap();
    let ids: Vec<_> = kept.iter().map(|record| record.trace_id.map(|id| id.to_string())).collect();
    assert_eq!(ids, [Some(good.to_owned()), None]);
}

#[tokio::test]
async fn the_time_of_a_log_record_is_a_time() {
    let plugin = with_secret(Broker::builder().build().unwrap());
    let record = json!({ "ts": SECRET, "level": "info", "target": "t", "msg": "m" });
    plugin.call("POST", "/v1/logs", record.to_string()).await;
    let text = serde_json::to_string(&plugin.broker.logs().unwrap()).unwrap();
    assert!(!text.contains("horse"), "{text}");
}
