//! What a failed test says, as text that was read.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use oxg_sdk::http::Method;
use oxg_sdk::prelude::*;
use oxg_testkit::prelude::{
    Answer, Cassette, High, Testkit, allowed, denied, finding, get, json, request,
};
use serde_json::Value;

/// Does what its task says, with the secret.
#[derive(Default)]
struct Sample;

#[derive(Deserialize)]
struct Call {
    #[serde(default)]
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    body: Option<Value>,
}

#[oxg_sdk::plugin]
impl Plugin for Sample {
    async fn on_task(&self, ctx: &Context<Self>, task: Task) -> Result<TaskOutcome> {
        let input: Value = task.input()?;
        let secret = ctx.secrets().get("api-token").await?;
        for call in input["calls"].as_array().into_iter().flatten() {
            let call: Call = serde_json::from_value(call.clone()).unwrap();
            let method = call.method.parse().unwrap_or(Method::GET);
            let mut request = ctx.http().request(method, call.url.as_str()).bearer_auth(&secret);
            for (name, value) in &call.headers {
                request = request.header(name.as_str(), value.as_str());
            }
            if let Some(body) = &call.body {
                request = request.json(body);
            }
            // The script's complaint is what the test is about.
            _ = request.send().await;
        }
        if let Some(name) = input["put-secret"].as_str() {
            ctx.artifacts().put(name, secret.expose(str::to_owned)).await?;
        }
        if let Some(text) = input["say"].as_str() {
            info!("{text}");
        }
        for kind in input["find"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let finding = Finding::low(kind, "It is not set, and nobody knows since when it is so");
            ctx.emit(finding.target("https://shop.test/a/rather/long/path?with=a&query=too"))
                .await?;
        }
        match input["fail"].as_str() {
            Some(reason) => Err(Failure::permanent(reason)),
            None => Ok(TaskOutcome::done()),
        }
    }
}

/// The message of the panic in `test`, which a person is to read: no line is too wide, and no secret
/// is in it.
fn message(t: &Testkit<Sample>, test: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(test)).unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap().clone();
    for line in message.lines() {
        assert!(line.chars().count() < 100, "{} wide: {line}", line.chars().count());
    }
    assert!(!message.contains(&t.secret("api-token")), "{message}");
    message
}

#[tokio::test(start_paused = true)]
async fn a_request_that_no_script_covers() {
    let t = Testkit::new(Sample::default);
    t.task(json!({ "calls": [{ "url": "https://shop.test/a" }] })).await;
    insta::assert_snapshot!("nothing_is_scripted", message(&t, || t.verify()));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_nearly_the_expected_one() {
    let t = Testkit::new(Sample::default);
    let long = "a value that is much too long to be read by anybody, ".repeat(5);
    t.http().on(get("https://other.test/")).reply(200).optional();
    let pattern = request("POST", "https://shop.test/items/{id}")
        .query("page", "1")
        .header("authorization", "Bearer another-token")
        .header("x-long", long.clone())
        .has_header("x-absent")
        .json(json!({ "name": "lamp", "tags": ["a"], "text": long, "old": null }))
        .matching("a page below 10", |_| false);
    t.http().on(pattern).reply(200).optional();
    t.task(json!({ "calls": [{
        "method": "PUT",
        "url": "https://shop.test/items/7?page=2",
        "headers": [["x-long", long.replace("too", "far too")]],
        "body": { "name": "lamps", "tags": ["a", "b"], "text": long.to_uppercase(), "new": 1 },
    }] }))
    .await;
    insta::assert_snapshot!("nearest_expectation", message(&t, || t.verify()));
}

#[tokio::test(start_paused = true)]
async fn requests_that_come_too_often_too_early_or_never() {
    let t = Testkit::new(Sample::default);
    t.http().in_order();
    t.http().on(get("https://shop.test/login")).reply(200).times(1);
    t.http().on(get("https://shop.test/page")).reply(200).times(2);
    t.http().on(get("https://shop.test/logout")).answer_in_turn([200, 204].map(Answer::new));
    t.http().on(get("https://shop.test/bye")).reply(200);
    t.task(json!({ "calls": [
        { "url": "https://shop.test/page" },
        { "url": "https://shop.test/login" },
        { "url": "https://shop.test/login" },
        { "url": "https://shop.test/page" },
    ] }))
    .await;
    insta::assert_snapshot!("times_and_order", message(&t, || t.verify()));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_not_as_it_was_recorded() {
    let t = Testkit::new(Sample::default);
    t.cassette(Cassette::new("tests/cassettes/shop.json").recording(false));
    t.task(json!({ "calls": [
        { "url": "https://shop.test/items?page=1" },
        { "url": "https://shop.test/items?page=3" },
        { "method": "POST", "url": "https://shop.test/items", "body": { "name": "lamps" } },
    ] }))
    .await;
    insta::assert_snapshot!("cassette_mismatch", message(&t, || t.verify()));
}

#[oxg_testkit::test]
async fn a_cassette_that_is_not_there(t: Testkit<Sample>) {
    let missing = || t.cassette(Cassette::new("tests/cassettes/none.json").recording(false));
    insta::assert_snapshot!("cassette_missing", message(&t, missing));
}

#[oxg_testkit::test]
async fn a_cassette_that_cannot_be_read(t: Testkit<Sample>) {
    let broken = || t.cassette(Cassette::new("tests/cassettes/broken.json").recording(false));
    insta::assert_snapshot!("cassette_broken", message(&t, broken));
}

#[oxg_testkit::test]
async fn a_secret_that_came_out(t: Testkit<Sample>) {
    let pattern = request("*", "https://shop.test/{*any}").any_query();
    t.http().on(pattern).reply(200);
    let secret = t.secret("api-token");
    let url = format!("https://shop.test/?token={secret}");
    let run = t
        .task(json!({ "put-secret": "dump.txt", "calls": [
            { "url": url, "headers": [["x-debug", secret]] },
        ] }))
        .await;
    insta::assert_snapshot!("leaks", message(&t, || run.assert_no_leaks()));
}

#[oxg_testkit::test]
async fn a_manifest_that_says_too_much_and_too_little(t: Testkit<Sample>) {
    let run = t.task(json!({ "calls": [{ "url": "https://evil.test/" }] })).await;
    insta::assert_snapshot!("least_privilege", message(&t, || run.assert_least_privilege()));
}

#[oxg_testkit::test]
async fn decisions_that_were_not_made(t: Testkit<Sample>) {
    t.http().on(get("https://shop.test/")).reply(200);
    let run = t
        .task(
            json!({ "calls": [{ "url": "https://shop.test/" }, { "url": "https://evil.test/" }] }),
        )
        .await;
    let expected = [
        allowed("https://shop.test/"),
        denied("https://shop.test/").because("methods"),
        allowed("https://evil.test/"),
    ];
    insta::assert_snapshot!("audit", message(&t, || run.assert_audit(expected)));
    insta::assert_snapshot!("denied", message(&t, || run.assert_denied("https://shop.test/")));
}

#[oxg_testkit::test]
async fn findings_that_were_not_expected(t: Testkit<Sample>) {
    let run = t.task(json!({ "find": ["web.header.missing", "web.cookie.insecure"] })).await;
    let expected = [
        finding("web.header.missing").at_least(High).target("https://shop.test/"),
        finding("web.cookie.insecure"),
    ];
    insta::assert_snapshot!("findings", message(&t, || run.assert_findings(expected)));
}

#[oxg_testkit::test]
async fn tasks_that_ended_otherwise(t: Testkit<Sample>) {
    let run = t
        .tasks([json!({}), json!({ "fail": "the page has no title, and there is no other" })])
        .await;
    insta::assert_snapshot!("completed", message(&t, || run.assert_completed()));
    insta::assert_snapshot!("failed", message(&t, || run.assert_failed("no body")));
}

#[oxg_testkit::test]
async fn logs_that_show_too_much_or_too_little(t: Testkit<Sample>) {
    // So long that a line is shown without what differs from run to run.
    let around = "as it is told by whoever was there and has seen it happen";
    let text =
        format!("{around}: read /etc/passwd with CI_TOKEN=x from http://10.1.2.3/, {around}");
    let run = t.task(json!({ "say": text })).await;
    let told = [
        message(&t, || _ = run.assert_logs().lacks("passwd")),
        message(&t, || _ = run.assert_logs().no_env_beyond(["PATH"])),
        message(&t, || _ = run.assert_logs().only_destinations(["shop.test"])),
        message(&t, || _ = run.assert_logs().only_paths_under_workspace()),
    ];
    insta::assert_snapshot!("logs", told.join("\n"));
    let told = message(&t, || _ = run.assert_logs().contains("never said"));
    assert!(told.starts_with("no line of the logs has \"never said\"\nall lines:\n  {"), "{told}");
}

#[oxg_testkit::test]
async fn a_run_is_the_same_each_time_as_json_and_as_yaml(t: Testkit<Sample>) {
    t.http().on(get("https://shop.test/")).reply(200);
    let run = t
        .task(json!({
            "calls": [{ "url": "https://shop.test/" }, { "url": "https://evil.test/" }],
            "find": ["web.header.missing"],
        }))
        .await;
    insta::assert_json_snapshot!("run_as_json", run.snapshot());
    insta::assert_yaml_snapshot!("run_as_yaml", run.snapshot());
}
