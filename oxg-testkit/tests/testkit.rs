//! A plugin that does as its task says, and what the testkit makes of it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use oxg_sdk::prelude::*;
use oxg_testkit::prelude::{
    Answer, Fault, Gate, Low, Testkit, allowed, denied, finding, get, json, request,
};
use oxg_testkit::{Logs, Transport};
use serde_json::Value;

/// Does what its task says.
#[derive(Default)]
struct Sample;

#[derive(Deserialize)]
struct Settings {
    #[serde(default)]
    greeting: String,
}

#[oxg_sdk::plugin]
impl Plugin for Sample {
    type Config = Settings;

    async fn on_task(&self, ctx: &Context<Self>, task: Task) -> Result<TaskOutcome> {
        let input: Value = task.input()?;
        let text = |key: &str| input[key].as_str().map(str::to_owned);
        let secret = ctx.secrets().get("api-token").await?;
        let value = secret.expose(str::to_owned);
        if let Some(url) = text("get") {
            let page = ctx.http().get(url.as_str()).bearer_auth(&secret).send().await?;
            if input["read"].as_bool() == Some(true) {
                page.bytes().await?;
            }
        }
        if let Some(url) = text("post-secret") {
            ctx.http().post(url.as_str()).body(value.clone()).send().await?;
        }
        if let Some(name) = text("put-secret") {
            ctx.artifacts().put(name.as_str(), value.clone()).await?;
        }
        if let Some(name) = text("put") {
            ctx.artifacts().put(name.as_str(), "harmless").await?;
        }
        if let Some(kind) = text("find") {
            ctx.emit(Finding::low(kind, format!("seen {value}"))).await?;
        }
        if text("log").is_some() {
            info!(%value, ?input, "a secret in a field: {value}");
        }
        if let Some(words) = text("say") {
            info!("{words}");
        }
        if let Some(seconds) = input["sleep"].as_u64() {
            oxg_sleep(seconds).await;
        }
        match text("end").as_deref() {
            Some("fail") => Err(Failure::permanent(format!("it failed with {value}"))),
            Some("panic") => panic!("it panicked with {value}"),
            Some("greet") => TaskOutcome::with_output(&ctx.config().greeting),
            _ => Ok(TaskOutcome::done()),
        }
    }
}

async fn oxg_sleep(seconds: u64) {
    tokio::time::sleep(std::time::Duration::from_secs(seconds)).await;
}

/// The message of the panic in `assertion`.
fn message(assertion: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(assertion)).unwrap_err();
    panic.downcast_ref::<String>().unwrap().clone()
}

#[oxg_testkit::test]
async fn a_scripted_target_answers_through_the_real_policy(t: Testkit<Sample>) {
    let token = format!("Bearer {}", t.secret("api-token"));
    t.http().on(get("https://shop.test/").header("authorization", token)).reply(200).times(1);
    let run = t.task(json!({ "get": "https://shop.test/", "put": "a.txt" })).await;
    run.assert_completed();
    run.assert_findings([]);
    run.assert_no_leaks();
    run.assert_least_privilege();
    assert_eq!(run.artifacts["a.txt"], b"harmless");
}

#[oxg_testkit::test]
async fn a_destination_outside_the_manifest_is_denied_as_in_production(t: Testkit<Sample>) {
    let run = t.task(json!({ "get": "https://evil.test/" })).await;
    run.assert_failed("evil.test");
    run.assert_denied("https://evil.test/");
    assert!(run.sent.is_empty());
    let message = message(|| run.assert_least_privilege());
    assert_eq!(
        message,
        r#"manifest.json does not say what the plugin needs
  declared, never used    the capability "http"
  declared, never used    the capability "storage"
  used, not declared      https://evil.test/
                          add under "http": "hosts": ["shop.test", "evil.test"]
the patch (RFC 7396) that makes it so:
{
  "capabilities": {
    "http": {
      "hosts": [
        "shop.test",
        "evil.test"
      ]
    },
    "storage": null
  }
}
"#
    );
}

#[oxg_testkit::test]
async fn secrets_in_logs_findings_failures_and_panics_are_redacted_on_the_way(t: Testkit<Sample>) {
    let run = t
        .tasks([
            json!({ "log": "yes", "find": "a.b" }),
            json!({ "end": "fail" }),
            json!({ "end": "panic" }),
        ])
        .await;
    run.assert_no_leaks();
    run.assert_findings([finding("a.b").at_least(Low).message_contains("[REDACTED_SECRET]")]);
    run.assert_failed("it failed with [REDACTED_SECRET]");
    run.assert_failed("it panicked with [REDACTED_SECRET]");
    assert!(run.logs.iter().any(|line| line.contains("a secret in a field: [REDACTED_SECRET]")));
}

#[oxg_testkit::test]
async fn a_secret_in_an_artifact_or_a_body_is_a_leak(t: Testkit<Sample>) {
    t.http().on(request("POST", "https://shop.test/").body(t.secret("api-token"))).reply(204);
    let run = t.task(json!({ "put-secret": "a.txt", "post-secret": "https://shop.test/" })).await;
    run.assert_completed();
    let message = message(|| run.assert_no_leaks());
    assert_eq!(
        message,
        "secrets leaked
  the secret api-token is in the artifact a.txt
  the secret api-token is in a body sent to https://shop.test:443
"
    );
}

#[oxg_testkit::test]
async fn minutes_pass_in_a_moment(t: Testkit<Sample>) {
    let started = tokio::time::Instant::now();
    t.task(json!({ "sleep": 500 })).await.assert_completed();
    assert!(started.elapsed().as_secs() >= 500);
}

#[oxg_testkit::test]
async fn settings_reach_the_plugin_and_wrong_ones_keep_it_from_starting(t: Testkit<Sample>) {
    t.config(json!({ "greeting": "hello" }));
    let run = t.task(json!({ "end": "greet" })).await;
    assert!(format!("{:?}", run.tasks[0].state).contains("hello"));

    t.config(json!({ "greeting": 1 }));
    let run = t.task(json!({})).await;
    let message = message(|| run.assert_completed());
    assert!(message.contains("greeting"), "{message}");
}

#[oxg_testkit::test(transport = "unix")]
async fn the_same_plugin_runs_over_a_unix_socket(t: Testkit<Sample>) {
    t.http().on(get("https://shop.test/")).reply(200);
    t.task(json!({ "get": "https://shop.test/" })).await.assert_completed();
}

#[oxg_testkit::test(transport = "tcp")]
async fn the_same_plugin_runs_over_a_port(t: Testkit<Sample>) {
    t.http().on(get("https://shop.test/")).reply(200);
    t.task(json!({ "get": "https://shop.test/" })).await.assert_completed();
}

#[oxg_testkit::test]
async fn a_gate_holds_an_answer_until_the_test_lets_it_go(t: Testkit<Sample>) {
    let gate = Gate::new();
    t.http().on(get("https://shop.test/")).reply(200).hold(&gate);
    let run = t.task(json!({ "get": "https://shop.test/" }));
    let test = async {
        gate.reached().await;
        assert_eq!(t.http().sent().len(), 1);
        gate.open();
    };
    let (run, ()) = tokio::join!(run, test);
    run.assert_completed();
}

#[oxg_testkit::test]
async fn every_fault_of_a_target_ends_in_an_error_within_the_deadline(t: Testkit<Sample>) {
    let page = || Answer::new(200).body(vec![b'x'; 64 << 10]);
    let secs = std::time::Duration::from_secs;
    let faults = [
        (Fault::Delay(secs(40)), "did not answer"),
        (Fault::Hold(Gate::new()), "did not answer"),
        (Fault::Stall, "did not answer"),
        (Fault::StallAfter(100), "broke off"),
        (Fault::Reset, "broke the protocol"),
        (Fault::Truncate(100), "broke off"),
        (Fault::Length(1 << 20), "broke off"),
        (Fault::Garbage("SSH-2.0-OpenSSH_9.6\r\n\r\n".into()), "broke the protocol"),
        (Fault::Trickle { bytes: 1, every: secs(1) }, "broke off"),
    ];
    for (index, (fault, reason)) in faults.into_iter().enumerate() {
        let name = format!("{fault:?}");
        let url = format!("https://shop.test/{index}");
        t.http().on(get(&url)).answer(page().fault(fault));
        let started = tokio::time::Instant::now();
        let run = t.task(json!({ "get": url, "read": true })).await;
        assert!(started.elapsed() < secs(100), "{name}: {:?}", started.elapsed());
        let reasons: Vec<_> = run.failures().collect();
        assert!(reasons.iter().any(|it| it.contains(reason)), "{name}: {reasons:?}");
    }
}

#[oxg_testkit::test]
async fn the_audit_tells_what_was_decided_and_in_which_order(t: Testkit<Sample>) {
    t.http().on(get("https://shop.test/")).reply(200).optional();
    let run = t
        .tasks([json!({ "get": "https://shop.test/" }), json!({ "get": "https://evil.test/" })])
        .await;
    run.assert_audit([allowed("/v1/secrets/api-token"), allowed("https://shop.test/")]);
    run.assert_audit([denied("https://evil.test/").because("evil.test")]);
    let message = message(|| run.assert_audit([denied("https://shop.test/")]));
    assert!(message.contains("missing, or too early: denied https://shop.test/"), "{message}");
    assert!(message.contains("\n  allowed https://shop.test/"), "{message}");
}

#[oxg_testkit::test]
async fn what_the_logs_show_of_the_machine_is_named_line_by_line(t: Testkit<Sample>) {
    let run = t.task(json!({ "say": "read /etc/passwd, CI_TOKEN=x, http://10.1.2.3/" })).await;
    let shows = |assertion: &dyn Fn(Logs<'_>)| message(|| assertion(run.assert_logs()));
    assert!(shows(&|logs| _ = logs.no_env_beyond([])).contains("  CI_TOKEN\n    in: "));
    assert!(shows(&|logs| _ = logs.only_destinations([])).contains("  10.1.2.3\n    in: "));
    let message = shows(&|logs| _ = logs.only_paths_under_workspace());
    assert!(message.contains("  /etc/passwd\n    in: "), "{message}");
    run.assert_logs().no_env_beyond(["CI_TOKEN"]).only_destinations(["10.1.2.3"]).lacks("password");
}

#[oxg_testkit::test]
async fn the_snapshot_of_a_run_is_the_same_each_time(t: Testkit<Sample>) {
    let input = json!({ "find": "a.b", "put": "a.txt" });
    let (first, second) = (t.task(input.clone()).await, t.task(input).await);
    assert_eq!(first.snapshot(), second.snapshot());
    assert_eq!(first.snapshot()["findings"][0]["id"], "[id]");
    assert_eq!(first.snapshot()["artifacts"]["a.txt"], json!({ "bytes": 8 }));
}

#[test]
fn a_testkit_that_is_dropped_checks_its_script() {
    let message = message(|| {
        let kit = Testkit::new(Sample::default);
        kit.http().on(get("https://shop.test/")).reply(200);
    });
    assert!(
        message.contains("missing request: GET https://shop.test/\n  expected at least once"),
        "{message}"
    );
}

#[test]
fn an_unscripted_request_fails_the_test_in_the_end() {
    let message = message(|| {
        oxg_testkit::__private::run(Transport::Memory, |t: Testkit<Sample>| async move {
            t.http().on(get("https://shop.test/a")).reply(200).optional();
            t.task(json!({ "get": "https://shop.test/b" })).await.assert_failed("no script covers");
        });
    });
    assert!(message.contains("nearest expectation: GET https://shop.test/a"), "{message}");
    assert!(
        message.contains("url: expected https://shop.test/a, sent https://shop.test/b"),
        "{message}"
    );
}

#[test]
fn two_testkits_know_nothing_of_each_other() {
    let kit = || Testkit::new(Sample::default);
    let (one, other) = (kit(), kit());
    one.http().on(get("https://shop.test/")).reply(200);
    other.verify();
    assert!(message(|| one.verify()).contains("came never"));
}

#[test]
fn the_readme_shows_the_example_as_it_is() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    let example =
        read("examples/header-audit/src/main.rs") + &read("examples/header-audit/src/tests.rs");
    let readme = read("README.md");
    let mut shown = 0;
    for block in readme.split("```rust").skip(1) {
        let code = block.split("```").next().unwrap().lines().skip(1);
        for line in code.filter(|line| !line.trim().is_empty()) {
            assert!(example.lines().any(|known| known == line), "not in the example: {line}");
            shown += 1;
        }
    }
    assert!(shown > 40);
}

#[test]
fn hundreds_of_testkits_run_beside_each_other() {
    let test = |number: usize| {
        oxg_testkit::__private::run(Transport::Memory, |t: Testkit<Sample>| async move {
            let url = format!("https://shop.test/{number}");
            t.http().on(get(&url)).reply(200).times(1);
            let run = t.task(json!({ "get": url, "put": format!("{number}.txt") })).await;
            run.assert_completed();
            assert_eq!(
                run.artifacts.keys().map(|name| name.as_str()).collect::<Vec<_>>(),
                [format!("{number}.txt")]
            );
            assert_eq!(run.sent.len(), 1);
        });
    };
    std::thread::scope(|scope| {
        for worker in 0..8 {
            scope.spawn(move || (0..32).for_each(|turn| test(worker * 32 + turn)));
        }
    });
}
