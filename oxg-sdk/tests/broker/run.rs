use std::time::Duration;

use oxg_protocol::ErrorCode;
use oxg_sdk::exit::Exit;
use oxg_sdk::prelude::*;
use oxg_sdk::{RunError, redact::Redactor};
use tokio::time::sleep;

use crate::fake::{FakeBroker, Reply, delivery, json as answer, refuse, session};
use crate::probe::{Lines, Probe, probe, run, runtime};

fn done() -> Probe {
    probe(|_, _| async { Ok(TaskOutcome::done()) })
}

#[tokio::test(start_paused = true)]
async fn tasks_are_completed_until_the_broker_drains() {
    let broker =
        FakeBroker::well_behaved().task("t-1", json!({ "n": 1 })).task("t-2", json!({ "n": 2 }));
    let plugin = probe(|ctx, task| async move {
        assert_eq!(ctx.run_id().as_str(), "run-1");
        TaskOutcome::with_output(&json!({ "echo": task.raw_input() }))
    });
    let summary = run(&broker, plugin).await.unwrap();
    assert_eq!((summary.completed, summary.failed, summary.lost), (2, 0, 0));
    let complete = broker.calls_to("/v1/tasks/t-1/complete")[0].json();
    assert_eq!(complete["lease_token"], "lease-of-t-1");
    assert_eq!(complete["output"], json!({ "echo": { "n": 1 } }));
}

#[tokio::test(start_paused = true)]
async fn the_lease_is_extended_while_the_hook_runs() {
    let broker = FakeBroker::well_behaved().task("t-1", json!({}));
    let plugin = probe(|_, _| async {
        sleep(Duration::from_secs(95)).await;
        Ok(TaskOutcome::done())
    });
    assert_eq!(run(&broker, plugin).await.unwrap().completed, 1);
    assert_eq!(broker.calls_to("/t-1/extend").len(), 9);
}

#[tokio::test(start_paused = true)]
async fn a_task_whose_lease_is_lost_is_dropped_and_never_completed() {
    let broker = FakeBroker::new(|call| {
        let extend = call.target.ends_with("/extend");
        extend.then(|| refuse(ErrorCode::LeaseLost))
    })
    .task("t-1", json!({}));
    let plugin = probe(|_, _| async {
        sleep(Duration::from_secs(300)).await;
        Ok(TaskOutcome::done())
    });
    let summary = run(&broker, plugin).await.unwrap();
    assert_eq!((summary.completed, summary.lost), (0, 1));
    for end in ["/complete", "/fail", "/release"] {
        assert!(broker.calls_to(end).is_empty(), "{end}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_cannot_be_extended_is_given_up_when_it_ends() {
    let broker = FakeBroker::new(|call| {
        let extend = call.target.ends_with("/extend");
        extend.then(|| Reply::HangUp)
    })
    .task("t-1", json!({}));
    let plugin = probe(|_, _| async {
        sleep(Duration::from_secs(300)).await;
        Ok(TaskOutcome::done())
    });
    let started = tokio::time::Instant::now();
    assert_eq!(run(&broker, plugin).await.unwrap().lost, 1);
    assert!(started.elapsed() < Duration::from_secs(35));
    assert!(broker.calls_to("/extend").len() < 60);
}

#[tokio::test(start_paused = true)]
async fn a_panic_fails_its_task_with_a_redacted_reason_and_no_other() {
    const VALUE: &str = "s3cr3t-of-the-shop";
    let redactor = Redactor::default();
    redactor.register(VALUE).unwrap();
    let lines = Lines::default();
    let broker = FakeBroker::well_behaved().task("bad", json!({})).task("good", json!({}));
    let plugin = probe(|_, task| async move {
        assert_ne!(task.id().as_str(), "bad", "cannot use {VALUE}");
        Ok(TaskOutcome::done())
    });
    let summary = runtime(&broker, plugin)
        .redactor(redactor.clone())
        .logging(lines.logging(&redactor))
        .run(std::future::pending())
        .await
        .unwrap();
    assert_eq!((summary.completed, summary.failed), (1, 1));
    let fail = broker.calls_to("/v1/tasks/bad/fail")[0].json();
    assert_eq!(fail["retryable"], false);
    let reason = fail["reason"].as_str().unwrap();
    assert!(reason.contains("panicked") && reason.contains("cannot use"), "{reason}");
    assert!(!reason.contains(VALUE) && !lines.all().contains(VALUE));
}

#[tokio::test(start_paused = true)]
async fn input_that_does_not_fit_fails_the_task_with_its_path() {
    #[derive(Debug, Deserialize)]
    struct Scan {
        #[allow(dead_code)]
        url: Url,
    }
    let broker = FakeBroker::well_behaved().task("t-1", json!({ "url": "ftp://x" }));
    let plugin = probe(|_, task| async move {
        let _: Scan = task.input()?;
        Ok(TaskOutcome::done())
    });
    assert_eq!(run(&broker, plugin).await.unwrap().failed, 1);
    let fail = broker.calls_to("/fail")[0].json();
    assert_eq!(fail["retryable"], false);
    let reason = fail["reason"].as_str().unwrap();
    assert!(reason.contains("at url: a URL starts with"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_failure_says_whether_and_when_to_try_again() {
    let broker = FakeBroker::well_behaved().task("t-1", json!({}));
    let plugin =
        probe(|_, _| async { Err(Failure::retryable("busy").retry_after(Duration::from_secs(7))) });
    assert_eq!(run(&broker, plugin).await.unwrap().failed, 1);
    let fail = broker.calls_to("/fail")[0].json();
    assert_eq!(fail["retryable"], true);
    assert_eq!(fail["retry_after_ms"], 7000);
    assert_eq!(fail["reason"], "busy");
}

#[tokio::test(start_paused = true)]
async fn a_task_ends_with_its_deadline() {
    let mut task = delivery("t-1", json!({}));
    task["deadline_in_ms"] = 20_000.into();
    let broker = FakeBroker::well_behaved().delivery(task);
    let plugin = probe(|ctx, _| async move {
        assert_eq!(ctx.time_left(), Some(Duration::from_secs(20)));
        std::future::pending().await
    });
    let started = tokio::time::Instant::now();
    assert_eq!(run(&broker, plugin).await.unwrap().failed, 1);
    assert_eq!(started.elapsed().as_secs(), 20);
    let fail = broker.calls_to("/fail")[0].json();
    assert_eq!(fail["reason"], "the deadline of the task passed");
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_task_hears_of_it_and_is_ended_after_the_grace_period() {
    let broker = || {
        FakeBroker::new(|call| {
            let extend = call.target.ends_with("/extend");
            let yes = json!({ "lease_expires_in_ms": 30_000, "cancel_requested": true });
            extend.then(|| answer(yes))
        })
        .task("t-1", json!({}))
    };
    let polite = probe(|ctx, _| async move {
        ctx.cancelled().await;
        Ok(TaskOutcome::done())
    });
    assert_eq!(run(&broker(), polite).await.unwrap().completed, 1);
    let deaf = probe(|_, _| std::future::pending());
    let broker = broker();
    assert_eq!(run(&broker, deaf).await.unwrap().failed, 1);
    let fail = broker.calls_to("/fail")[0].json();
    assert_eq!(fail["reason"], "the task was cancelled");
}

#[tokio::test(start_paused = true)]
async fn no_more_tasks_run_at_a_time_than_allowed() {
    let mut broker = FakeBroker::well_behaved();
    for n in 0..6 {
        broker = broker.task(&format!("t-{n}"), json!({}));
    }
    let plugin = probe(|_, _| async {
        sleep(Duration::from_secs(1)).await;
        Ok(TaskOutcome::done())
    });
    let started = tokio::time::Instant::now();
    let run = runtime(&broker, plugin).concurrency(2);
    let summary = run.run(std::future::pending()).await.unwrap();
    assert_eq!(summary.completed, 6);
    assert_eq!(started.elapsed().as_secs(), 3);
}

async fn with_session(change: impl FnOnce(&mut serde_json::Value)) -> RunError {
    let mut session = session();
    change(&mut session);
    let broker = FakeBroker::new(move |call| {
        let asked = call.target == "/v1/session";
        asked.then(|| answer(session.clone()))
    });
    let error = run(&broker, done()).await.unwrap_err();
    assert!(broker.calls_to("/lease").is_empty());
    error
}

#[tokio::test(start_paused = true)]
async fn a_session_that_does_not_fit_ends_the_run_before_it_begins() {
    let error = with_session(|s| s["protocol"] = "2.0".into()).await;
    assert_eq!((error.exit(), error.exit().code()), (Exit::Protocol, 76));
    let error = with_session(|s| s["features"] = json!(["egress", "tasks"])).await;
    assert!(matches!(error, RunError::MissingFeature(_)), "{error}");
    let error = with_session(|s| s["plugin"] = "other".into()).await;
    assert_eq!(error.exit(), Exit::Data);
    let error = with_session(|s| s["config"] = json!({ "depth": 3 })).await;
    assert_eq!(error.exit(), Exit::Config);
    assert!(error.to_string().contains("at depth: "), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_has_its_exit_code() {
    let broker = FakeBroker::new(|_| Some(refuse(ErrorCode::Unauthenticated)));
    let error = run(&broker, done()).await.unwrap_err();
    assert_eq!(error.exit().code(), 77);
}

#[tokio::test(start_paused = true)]
async fn a_plugin_with_storage_needs_a_workspace() {
    let broker = FakeBroker::well_behaved();
    let run = oxg_sdk::Runtime::new(done(), broker.channel());
    let error = run.run(std::future::pending()).await.unwrap_err();
    assert_eq!(error.exit(), Exit::Io);
}

#[tokio::test(start_paused = true)]
async fn progress_is_logged_with_the_task_that_makes_it() {
    let lines = Lines::default();
    let broker = FakeBroker::well_behaved().task("t-1", json!({}));
    let plugin = probe(|ctx, _| async move {
        ctx.progress(3, 10, "pages read");
        Ok(TaskOutcome::done())
    });
    let run = runtime(&broker, plugin).logging(lines.logging(&Redactor::default()));
    assert_eq!(run.run(std::future::pending()).await.unwrap().completed, 1);
    let all = lines.all();
    let line = all.lines().find(|line| line.contains("pages read")).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!((&line["level"], &line["target"]), (&json!("info"), &json!("progress")));
    let fields = &line["fields"];
    assert_eq!((&fields["done"], &fields["total"]), (&json!(3), &json!(10)), "{line}");
    assert_eq!(line["task_id"], "t-1", "{line}");
}

/// In real time, on threads: nothing else shows what a hook that never awaits holds up.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_hook_that_never_awaits_keeps_its_lease_and_holds_no_other_task_up() {
    let broker = FakeBroker::well_behaved().task("busy", json!({})).task("idle", json!({}));
    let seen = broker.clone();
    let plugin = probe(move |_, task| {
        let broker = seen.clone();
        async move {
            if task.id().as_str() == "busy" {
                let limit = std::time::Instant::now() + Duration::from_secs(30);
                let heard = || {
                    !broker.calls_to("/busy/extend").is_empty()
                        && !broker.calls_to("/idle/complete").is_empty()
                };
                while !heard() {
                    assert!(std::time::Instant::now() < limit, "the lease was not extended");
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
            Ok(TaskOutcome::done())
        }
    });
    let run = runtime(&broker, plugin).lease(Duration::from_secs(6));
    assert_eq!(run.run(std::future::pending()).await.unwrap().completed, 2);
}
