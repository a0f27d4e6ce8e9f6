use std::future::Future;
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
async fn a_result_is_told_to_a_broker_that_was_away_for_seconds() {
    use std::sync::atomic::AtomicUsize;

    for end in ["/complete", "/fail"] {
        let told = AtomicUsize::new(0);
        let broker = FakeBroker::new(move |call| {
            let away = call.target.ends_with(end) && told.fetch_add(1, Ordering::SeqCst) < 12;
            away.then_some(Reply::HangUp)
        })
        .task("t-1", json!({}));
        let plugin = probe(move |_, _| async move {
            if end == "/fail" { Err(Failure::permanent("no")) } else { Ok(TaskOutcome::done()) }
        });
        let started = Instant::now();
        let summary = runtime(&broker, plugin).run(std::future::pending()).await.unwrap();
        assert_eq!((summary.completed + summary.failed, summary.lost), (1, 0), "{end}");
        assert!(started.elapsed() > Duration::from_secs(1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_result_that_nobody_takes_is_given_up_when_the_lease_ends() {
    let broker =
        FakeBroker::new(|call| call.target.ends_with("/complete").then_some(Reply::HangUp))
            .task("t-1", json!({}));
    let plugin = probe(|_, _| async { Ok(TaskOutcome::done()) });
    let started = Instant::now();
    assert_eq!(runtime(&broker, plugin).run(std::future::pending()).await.unwrap().lost, 1);
    assert!(started.elapsed() < Duration::from_secs(32), "{:?}", started.elapsed());
    assert!(started.elapsed() > Duration::from_secs(20), "{:?}", started.elapsed());
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

struct SlowStart;

#[oxg_sdk::plugin(manifest = "tests/support/manifest.json")]
impl Plugin for SlowStart {
    async fn on_start(&self, _: &Context<Self>) -> Result {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_is_heard_while_the_plugin_starts() {
    let broker = FakeBroker::well_behaved();
    let started = Instant::now();
    let run = oxg_sdk::Runtime::new(SlowStart, broker.channel()).workspace("/nowhere");
    let summary = run.run(sleep(Duration::from_secs(3))).await.unwrap();
    assert_eq!(summary.reason, StopReason::Shutdown);
    assert_eq!(started.elapsed().as_secs(), 3);
    assert!(broker.calls_to("/lease").is_empty());
}

struct PanicsAtOnce;

#[oxg_sdk::plugin(manifest = "tests/support/manifest.json")]
impl Plugin for PanicsAtOnce {
    #[allow(clippy::manual_async_fn)]
    fn on_start(&self, _: &Context<Self>) -> impl Future<Output = Result> + Send {
        assert!(broken(), "before there is a future");
        async { Ok(()) }
    }
}

fn broken() -> bool {
    false
}

#[tokio::test(start_paused = true)]
async fn a_panic_before_the_first_await_of_a_hook_is_caught_too() {
    let broker = FakeBroker::well_behaved();
    let run = oxg_sdk::Runtime::new(PanicsAtOnce, broker.channel()).workspace("/nowhere");
    let error = run.run(std::future::pending()).await.unwrap_err();
    assert_eq!(error.exit().code(), 70);
    assert!(error.to_string().contains("before there is a future"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hook_that_always_has_something_to_do_is_ended_all_the_same() {
    let broker = FakeBroker::well_behaved().task("t-1", json!({}));
    let plugin = probe(|_, _| async {
        loop {
            tokio::task::consume_budget().await;
        }
    });
    let run = runtime(&broker, plugin).task_timeout(Duration::from_millis(50));
    let run = tokio::spawn(run.run(std::future::pending()));
    let summary = tokio::time::timeout(Duration::from_secs(20), run).await;
    assert_eq!(summary.unwrap().unwrap().unwrap().failed, 1);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_ends_during_a_slow_extension_ends_the_hook_in_time() {
    let broker = FakeBroker::new(|call| call.target.ends_with("/extend").then_some(Reply::Silence))
        .task("t-1", json!({}));
    let plugin = probe(|_, _| std::future::pending());
    let started = Instant::now();
    assert_eq!(runtime(&broker, plugin).run(std::future::pending()).await.unwrap().lost, 1);
    assert_eq!(started.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn durations_without_end_are_taken_as_very_long() {
    let broker = FakeBroker::well_behaved().task("t-1", json!({}));
    let plugin = probe(|ctx, _| async move {
        let _ = ctx.tasks().lease(1, Duration::MAX, Duration::MAX).await;
        Ok(TaskOutcome::done())
    });
    let run = runtime(&broker, plugin).task_timeout(Duration::MAX).grace(Duration::MAX);
    assert_eq!(run.run(std::future::pending()).await.unwrap().completed, 1);
}

#[tokio::test(start_paused = true)]
async fn a_busy_broker_is_asked_again_when_it_says_so() {
    use std::sync::atomic::AtomicUsize;

    let asked = AtomicUsize::new(0);
    let broker = FakeBroker::new(move |call| {
        let busy = call.target.ends_with("/lease") && asked.fetch_add(1, Ordering::SeqCst) < 4;
        let problem = oxg_protocol::Problem::new(oxg_protocol::ErrorCode::RateLimited, "slowly");
        busy.then(|| crate::fake::problem(problem.with_retry_after_ms(20_000)))
    })
    .task("t-1", json!({}));
    let plugin = probe(|_, _| async { Ok(TaskOutcome::done()) });
    let started = Instant::now();
    let summary = runtime(&broker, plugin).run(std::future::pending()).await.unwrap();
    assert_eq!(summary.completed, 1);
    assert_eq!(started.elapsed().as_secs(), 80);
}
