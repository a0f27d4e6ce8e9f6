use oxg_protocol::{ErrorCode, Problem};
use oxg_sdk::clients::FindingError;
use oxg_sdk::prelude::*;
use oxg_sdk::redact::Redactor;
use serde_json::Value;

use crate::fake::{FakeBroker, delivery, reply};
use crate::probe::{probe, run, runtime};

fn lines(broker: &FakeBroker) -> Vec<Value> {
    let calls = broker.calls_to("/v1/findings");
    let lines = calls.iter().flat_map(|call| {
        let text = std::str::from_utf8(&call.body).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap())
    });
    lines.collect()
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_delivered_twice_reports_the_same_id() {
    let mut again = delivery("t-1", json!({}));
    again["attempt"] = 2.into();
    again["lease_token"] = "another".into();
    let broker =
        FakeBroker::well_behaved().task("t-1", json!({})).delivery(again).task("t-2", json!({}));
    let plugin = probe(|ctx, _| async move {
        ctx.emit(Finding::low("web.x", "m").target("http://shop.test/")).await?;
        Ok(TaskOutcome::done())
    });
    runtime(&broker, plugin).concurrency(1).run(std::future::pending()).await.unwrap();
    let ids: Vec<_> = lines(&broker).iter().map(|line| line["id"].clone()).collect();
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[0], ids[2]);
}

#[tokio::test(start_paused = true)]
async fn nothing_secret_leaves_in_a_finding() {
    const VALUE: &str = "s3cr3t-of-the-shop";
    let redactor = Redactor::default();
    redactor.register(VALUE).unwrap();
    let broker = FakeBroker::well_behaved().task("t-1", json!({}));
    let plugin = probe(|ctx, _| async move {
        let finding = Finding::high("web.leak", format!("found {VALUE}"))
            .target(format!("http://shop.test/?t={VALUE}"))
            .evidence(format!("<p>{VALUE}</p>"))
            .meta("token", VALUE)
            .meta("password", "hunter2");
        ctx.emit(finding).await?;
        Ok(TaskOutcome::done())
    });
    let run = runtime(&broker, plugin).redactor(redactor);
    assert_eq!(run.run(std::future::pending()).await.unwrap().completed, 1);
    let sent = &lines(&broker)[0];
    assert!(!sent.to_string().contains(VALUE), "{sent}");
    assert_eq!(sent["metadata"]["password"], "[REDACTED_SECRET]");
    assert_eq!(sent["type"], "web.leak");
}

#[tokio::test(start_paused = true)]
async fn many_findings_go_in_few_calls() {
    let broker = FakeBroker::well_behaved().task("t-1", json!({}));
    let plugin = probe(|ctx, _| async move {
        let findings =
            (0..100).map(|n| Finding::info("web.n", format!("{n} {}", "x".repeat(9_000))));
        let ids = ctx.findings().emit_all(findings).await?;
        assert_eq!(ids.len(), 100);
        Ok(TaskOutcome::done())
    });
    assert_eq!(run(&broker, plugin).await.unwrap().completed, 1);
    assert_eq!(broker.calls_to("/v1/findings").len(), 2);
    assert_eq!(lines(&broker).len(), 100);
}

#[tokio::test(start_paused = true)]
async fn a_refused_finding_is_an_error_of_its_own() {
    let broker = FakeBroker::new(|call| {
        call.target.ends_with("/findings").then(|| {
            let problem = Problem::new(ErrorCode::InvalidRequest, "the type is empty");
            reply(200, json!({ "rejected": problem }).to_string())
        })
    })
    .task("t-1", json!({}));
    let plugin = probe(|ctx, _| async move {
        let error = ctx.emit(Finding::info("", "m")).await.unwrap_err();
        assert!(matches!(&error, FindingError::Rejected { .. }));
        assert!(error.to_string().contains("the type is empty"), "{error}");
        Ok(TaskOutcome::done())
    });
    assert_eq!(run(&broker, plugin).await.unwrap().completed, 1);
}

#[tokio::test(start_paused = true)]
async fn a_refused_finding_keeps_no_other_from_being_sent_and_says_whether_to_try_again() {
    for (code, retryable) in [(ErrorCode::InvalidRequest, false), (ErrorCode::Unavailable, true)] {
        let broker = FakeBroker::new(move |call| {
            (call.target == "/v1/findings").then(|| {
                let text = std::str::from_utf8(&call.body).unwrap();
                let receipts = text.lines().map(|line| {
                    let line: Value = serde_json::from_str(line).unwrap();
                    let refused = json!({ "rejected": Problem::new(code, "no") });
                    let accepted = json!({ "accepted": line["id"] });
                    let bad = line["type"] == "web.bad";
                    format!("{}\n", if bad { refused } else { accepted })
                });
                reply(200, receipts.collect::<String>())
            })
        })
        .task("t-1", json!({}));
        let plugin = probe(|ctx, _| async move {
            let good =
                (0..100).map(|n| Finding::info("web.n", format!("{n} {}", "x".repeat(9_000))));
            let findings = std::iter::once(Finding::info("web.bad", "bad")).chain(good);
            ctx.findings().emit_all(findings).await?;
            Ok(TaskOutcome::done())
        });
        assert_eq!(run(&broker, plugin).await.unwrap().failed, 1);
        assert_eq!(lines(&broker).len(), 101);
        let told = broker.calls_to("/fail")[0].json();
        assert_eq!(told["retryable"], retryable, "{told}");
        assert!(told["reason"].as_str().unwrap().contains("web.bad"), "{told}");
    }
}
