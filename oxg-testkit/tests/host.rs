//! What happens to a host in the middle of a run.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::time::Duration;

use oxg_broker::TaskState;
use oxg_protocol::ErrorCode;
use oxg_sdk::prelude::*;
use oxg_testkit::Ended;
use oxg_testkit::prelude::{Call, Gate, Run, Testkit, get, json};

/// Borrows a secret, fetches a page with it, and copies an artifact if there is one.
#[derive(Default)]
struct Copier;

#[oxg_sdk::plugin]
impl Plugin for Copier {
    async fn on_task(&self, ctx: &Context<Self>, _: Task) -> Result<TaskOutcome> {
        let secret = ctx.secrets().get("api-token").await?;
        ctx.http().get(PAGE).bearer_auth(&secret).send().await?;
        if let Ok(input) = ctx.artifacts().get("input.txt").await {
            ctx.artifacts().put("output.txt", input.bytes(64).await?).await?;
        }
        Ok(TaskOutcome::done())
    }
}

const PAGE: &str = "https://shop.test/";

/// A run that is held at its request while `meanwhile` happens.
async fn held(t: &Testkit<Copier>, meanwhile: impl AsyncFnOnce()) -> Run {
    let gate = Gate::new();
    t.http().on(get(PAGE)).reply(200).hold(&gate).optional();
    let test = async {
        gate.reached().await;
        meanwhile().await;
        gate.open();
    };
    let (run, ()) = tokio::join!(t.task(json!({})), test);
    run
}

#[oxg_testkit::test]
async fn a_lease_that_is_lost_costs_an_attempt_and_the_work_is_done_in_the_next(
    t: Testkit<Copier>,
) {
    let run = held(&t, async || t.lose_leases().await).await;
    run.assert_completed();
    assert_eq!(run.tasks[0].attempts, 2);
}

#[oxg_testkit::test]
async fn a_lease_that_cannot_be_extended_expires_by_itself(t: Testkit<Copier>) {
    t.calls().on(Call::extend_task()).stall().early().optional();
    let run = held(&t, async || tokio::time::sleep(Duration::from_secs(600)).await).await;
    assert!(run.tasks[0].attempts >= 1);
}

#[oxg_testkit::test]
async fn a_task_that_is_cancelled_ends(t: Testkit<Copier>) {
    let run = held(&t, async || {
        t.cancel_tasks().await;
        tokio::time::sleep(Duration::from_secs(60)).await;
    })
    .await;
    assert!(!matches!(run.tasks[0].state, TaskState::Completed(_)), "{:?}", run.tasks);
}

#[oxg_testkit::test]
async fn a_plugin_that_is_drained_finishes_what_it_has_begun(t: Testkit<Copier>) {
    let run = held(&t, async || t.drain()).await;
    run.assert_completed();
}

#[oxg_testkit::test]
async fn a_session_that_ends_takes_its_tasks_along(t: Testkit<Copier>) {
    let run = held(&t, async || t.end_session()).await;
    let Ended::Returned(Ok(summary)) = &run.ended else { panic!("{:?}", run.ended) };
    assert_eq!((summary.completed, summary.lost), (0, 1), "{summary:?}");
}

#[oxg_testkit::test]
async fn a_token_that_expires_ends_the_run_with_its_own_exit_code(t: Testkit<Copier>) {
    t.calls().on(Call::any()).refuse(ErrorCode::TokenExpired);
    let run = t.task(json!({})).await;
    let Ended::Returned(Err(error)) = &run.ended else { panic!("{:?}", run.ended) };
    assert_eq!(error.exit().code(), 77, "{error:?}");
}

#[oxg_testkit::test]
async fn hours_pass_at_once(t: Testkit<Copier>) {
    let started = tokio::time::Instant::now();
    t.advance_clock(Duration::from_secs(7200)).await;
    assert!(started.elapsed() >= Duration::from_secs(7200));
}

#[oxg_testkit::test]
async fn an_artifact_is_there_before_the_run(t: Testkit<Copier>) {
    t.http().on(get(PAGE)).reply(200);
    t.put_artifact("input.txt", "hello");
    let run = t.task(json!({})).await;
    run.assert_completed();
    assert_eq!(run.artifacts["output.txt"], b"hello");
}

#[oxg_testkit::test]
async fn a_source_that_fails_for_a_moment_is_asked_again(t: Testkit<Copier>) {
    t.http().on(get(PAGE)).reply(200);
    t.secrets().on("api-token").fails().times(2);
    t.task(json!({})).await.assert_completed();
}

#[oxg_testkit::test]
async fn a_secret_that_is_missing_is_not_granted(t: Testkit<Copier>) {
    t.secrets().on("api-token").missing();
    t.task(json!({})).await.assert_failed("is not granted");
}

#[oxg_testkit::test]
async fn a_source_that_hangs_is_given_up(t: Testkit<Copier>) {
    t.secrets().on("api-token").hold(&Gate::new());
    t.task(json!({})).await.assert_failed("deadline passed in the broker");
}

#[oxg_testkit::test]
async fn a_secret_with_a_value_of_the_tests_own_reaches_the_target(t: Testkit<Copier>) {
    let value = "kept-in-a-safe-0123";
    t.secrets().on("api-token").value(value);
    t.http().on(get(PAGE).header("authorization", format!("Bearer {value}"))).reply(200);
    let run = t.task(json!({})).await;
    run.assert_completed();
    run.assert_no_leaks();
}

#[test]
fn a_secret_that_nobody_asked_for_is_a_complaint() {
    let kit = Testkit::new(Copier::default);
    kit.secrets().on("api-token").fails().times(2);
    let verify = std::panic::AssertUnwindSafe(|| kit.verify());
    let panic = std::panic::catch_unwind(verify).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(
        message.contains("missing secret: api-token\n  expected at least twice, came never"),
        "{message}"
    );
}
