use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use oxg_sdk::prelude::*;
use oxg_sdk::redact::Redactor;
use oxg_sdk::run::StopReason;
use tokio::time::{Instant, sleep};

use crate::fake::{FakeBroker, Reply, delivery, json as answer};
use crate::probe::{Lines, probe, runtime};

#[tokio::test(start_paused = true)]
async fn a_stop_lets_running_tasks_finish_and_leases_no_more() {
    let broker = FakeBroker::well_behaved().never_draining().task("t-1", json!({}));
    let plugin = probe(|_, _| async {
        sleep(Duration::from_secs(8)).await;
        Ok(TaskOutcome::done())
    });
    let summary = runtime(&broker, plugin).run(sleep(Duration::from_secs(3))).await.unwrap();
    assert_eq!(summary.reason, StopReason::Shutdown);
    assert_eq!((summary.completed, summary.released), (1, 0));
    assert_eq!(broker.calls_to("/lease").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn after_the_grace_period_tasks_are_given_back() {
    let broker = FakeBroker::well_behaved().never_draining().task("t-1", json!({}));
    let dropped = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&dropped);
    let plugin = probe(move |_, _| {
        let guard = SetOnDrop(Arc::clone(&seen));
        async move {
            let _guard = guard;
            std::future::pending().await
        }
    });
    let started = Instant::now();
    let summary = runtime(&broker, plugin).run(sleep(Duration::from_secs(3))).await.unwrap();
    assert_eq!((summary.completed, summary.released), (0, 1));
    assert_eq!(started.elapsed().as_secs(), 13);
    assert!(dropped.load(Ordering::SeqCst));
    let released = broker.calls_to("/v1/tasks/t-1/release")[0].json();
    assert_eq!(released["lease_token"], "lease-of-t-1");
    assert!(broker.calls_to("/fail").is_empty());
}

struct SetOnDrop(Arc<AtomicBool>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_arrives_while_the_plugin_stops_goes_back() {
    let broker = FakeBroker::new(|call| {
        call.target.ends_with("/lease").then(|| {
            let late = json!({ "deliveries": [delivery("late", json!({}))] });
            Reply::After(Duration::from_millis(3200), Box::new(answer(late)))
        })
    });
    let plugin = probe(|_, _| async { Ok(TaskOutcome::done()) });
    let summary = runtime(&broker, plugin).run(sleep(Duration::from_secs(3))).await.unwrap();
    assert_eq!((summary.completed, summary.released), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn an_idle_plugin_stops_at_once() {
    let broker = FakeBroker::well_behaved().never_draining();
    let plugin = probe(|_, _| async { Ok(TaskOutcome::done()) });
    let started = Instant::now();
    runtime(&broker, plugin).run(sleep(Duration::from_secs(3))).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(4));
}

#[tokio::test(start_paused = true)]
async fn a_draining_broker_is_left_once_running_tasks_are_done() {
    let broker = FakeBroker::new(|call| {
        let extend = call.target.ends_with("/extend");
        let yes = json!({ "lease_expires_in_ms": 30_000, "draining": true });
        extend.then(|| answer(yes))
    })
    .never_draining()
    .task("t-1", json!({}));
    let plugin = probe(|_, _| async {
        sleep(Duration::from_secs(40)).await;
        Ok(TaskOutcome::done())
    });
    let run = runtime(&broker, plugin).concurrency(1);
    let summary = run.run(std::future::pending()).await.unwrap();
    assert_eq!((summary.completed, summary.reason), (1, StopReason::Draining));
    assert_eq!(broker.calls_to("/lease").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lost_broker_ends_the_run_with_its_exit_code_and_the_log_is_kept() {
    let broker = FakeBroker::well_behaved().never_draining().task("t-1", json!({}));
    let lines = Lines::default();
    let leaving = Mutex::new(Some(broker.clone()));
    let plugin = probe(move |_, _| {
        let broker = leaving.lock().unwrap().take();
        async move {
            if let Some(broker) = broker {
                broker.leave();
            }
            Ok(TaskOutcome::done())
        }
    });
    let started = Instant::now();
    let error = runtime(&broker, plugin)
        .logging(lines.logging(&Redactor::default()))
        .run(std::future::pending())
        .await
        .unwrap_err();
    assert_eq!(error.exit().code(), 69);
    assert!(started.elapsed() < Duration::from_secs(60));
    assert!(lines.all().contains("the broker is lost"), "{}", lines.all());
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_never_was_there_ends_the_run_too() {
    let broker = FakeBroker::well_behaved();
    broker.leave();
    let plugin = probe(|_, _| async { Ok(TaskOutcome::done()) });
    let run = runtime(&broker, plugin);
    let error = run.run(std::future::pending()).await.unwrap_err();
    assert_eq!(error.exit().code(), 69);
}
