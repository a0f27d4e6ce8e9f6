//! What a plugin sees of a broker that fails on purpose.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::time::Duration;

use oxg_protocol::ErrorCode;
use oxg_sdk::prelude::*;
use oxg_testkit::prelude::{Answer, Call, Fault, Gate, Testkit, get, json};

/// Borrows a secret, fetches a page and keeps it.
#[derive(Default)]
struct Keeper;

#[oxg_sdk::plugin]
impl Plugin for Keeper {
    async fn on_task(&self, ctx: &Context<Self>, _: Task) -> Result<TaskOutcome> {
        let secret = ctx.secrets().get("api-token").await?;
        let page = ctx.http().get("https://shop.test/").bearer_auth(&secret).send().await?;
        ctx.artifacts().put("page.html", page.bytes().await?).await?;
        Ok(TaskOutcome::done())
    }
}

const PAGE: &str = "https://shop.test/";

#[oxg_testkit::test]
async fn an_answer_that_is_lost_is_asked_for_again_and_the_work_is_done_once(t: Testkit<Keeper>) {
    t.http().on(get(PAGE)).reply(200).body("hello");
    t.calls().on(Call::secret("api-token")).reset().times(1);
    t.calls()
        .on(Call::put_artifact("page.html"))
        .fault(Fault::Garbage("?\r\n\r\n".into()))
        .times(1);
    t.calls().on(Call::complete_task()).fault(Fault::Reset).times(1);
    let run = t.task(json!({})).await;
    run.assert_completed();
    assert_eq!(run.artifacts["page.html"], b"hello");
    assert_eq!(run.tasks[0].attempts, 1);
}

#[oxg_testkit::test]
async fn a_broker_that_is_unavailable_for_a_moment_is_asked_again(t: Testkit<Keeper>) {
    t.http().on(get(PAGE)).reply(200);
    t.calls().on(Call::secret("api-token")).refuse(ErrorCode::Unavailable).times(2);
    t.task(json!({})).await.assert_completed();
}

#[oxg_testkit::test]
async fn a_denial_by_script_is_final(t: Testkit<Keeper>) {
    t.calls().on(Call::secret("api-token")).refuse(ErrorCode::SecretNotGranted).times(1);
    t.task(json!({})).await.assert_failed("is not granted");
}

#[oxg_testkit::test]
async fn a_gate_holds_a_call_before_the_broker_acts(t: Testkit<Keeper>) {
    t.http().on(get(PAGE)).reply(200);
    let gate = Gate::new();
    t.calls().on(Call::egress(PAGE)).hold(&gate).early();
    let test = async {
        gate.reached().await;
        assert!(t.http().sent().is_empty());
        gate.open();
    };
    let (run, ()) = tokio::join!(t.task(json!({})), test);
    run.assert_completed();
}

#[oxg_testkit::test]
async fn a_gate_holds_an_answer_after_the_broker_has_acted(t: Testkit<Keeper>) {
    t.http().on(get(PAGE)).reply(200);
    let gate = Gate::new();
    t.calls().on(Call::egress(PAGE)).hold(&gate);
    let test = async {
        gate.reached().await;
        assert_eq!(t.http().sent().len(), 1);
        gate.open();
    };
    let (run, ()) = tokio::join!(t.task(json!({})), test);
    run.assert_completed();
}

#[oxg_testkit::test]
async fn an_expected_call_without_a_fault_is_answered_as_ever(t: Testkit<Keeper>) {
    t.http().on(get(PAGE)).reply(200);
    t.calls().on(Call::secret("api-token")).times(1);
    t.task(json!({})).await.assert_completed();
    assert_eq!(t.calls().seen()[0], "GET /v1/session");
}

#[oxg_testkit::test]
async fn a_broker_that_says_nonsense_is_an_error_that_says_so(t: Testkit<Keeper>) {
    t.calls().on(Call::secret("api-token")).answer(Answer::new(200).json(json!([1])));
    t.task(json!({})).await.assert_failed("is not what protocol version 1 says");
}

#[oxg_testkit::test]
async fn a_broker_that_restarts_is_found_again(t: Testkit<Keeper>) {
    t.http().on(get(PAGE)).reply(200);
    let gate = Gate::new();
    t.calls().on(Call::egress(PAGE)).hold(&gate).times(1);
    let test = async {
        gate.reached().await;
        t.restart_broker();
    };
    let (run, ()) = tokio::join!(t.task(json!({})), test);
    run.assert_completed();
    assert_eq!(run.sent.len(), 2);
}

#[oxg_testkit::test]
async fn a_broker_that_stays_away_ends_the_run(t: Testkit<Keeper>) {
    t.http().on(get(PAGE)).reply(200).delay(Duration::from_secs(5));
    let test = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        t.stop_broker();
    };
    let (run, ()) = tokio::join!(t.task(json!({})), test);
    let oxg_testkit::Ended::Returned(Err(error)) = &run.ended else { panic!("{:?}", run.ended) };
    assert_eq!(error.exit().code(), 69, "{error:?}");
}

#[oxg_testkit::test(transport = "unix")]
async fn faults_are_the_same_over_a_unix_socket(t: Testkit<Keeper>) {
    t.http().on(get(PAGE)).reply(200).body("hello");
    t.calls().on(Call::secret("api-token")).fault(Fault::Truncate(10)).times(1);
    t.calls().on(Call::put_artifact("page.html")).reset().early().times(1);
    let run = t.task(json!({})).await;
    run.assert_completed();
    assert_eq!(run.tasks[0].attempts, 2, "half an answer is an error of the attempt");
}

#[oxg_testkit::test(transport = "tcp")]
async fn faults_are_the_same_over_a_port(t: Testkit<Keeper>) {
    t.http().on(get(PAGE)).reply(200).body("hello");
    t.calls().on(Call::secret("api-token")).reset().early().times(1);
    t.task(json!({})).await.assert_completed();
}
