//! Functions that take one client, tested with a mock of it.
#![allow(clippy::unwrap_used, reason = "tests")]

use bytes::Bytes;
use oxg_protocol::ErrorCode;
use oxg_sdk::clients::traits::{Enqueue, Fetch, GetSecret, ReadArtifact, Report, WriteArtifact};
use oxg_sdk::clients::{ApiError, FindingError};
use oxg_sdk::http::{Request, Response};
use oxg_sdk::prelude::*;
use oxg_sdk::protocol::FindingId;
use oxg_sdk::protocol::task::NewTask;
use oxg_testkit::mock::{
    self, MockEnqueue, MockFetch, MockGetSecret, MockReadArtifact, MockReport, MockWriteArtifact,
};
use oxg_testkit::prelude::{Testkit, get, json};

/// What a plugin of any size is made of: functions that take only what they need.
async fn title(http: &impl Fetch, url: &str) -> Result<Option<String>> {
    let request = Request::get(url)
        .body(Bytes::new())
        .map_err(|error| Failure::permanent(error.to_string()))?;
    let page = http.fetch(request).await?.text().await?;
    Ok(page.split_once("<title>").and_then(|(_, rest)| Some(rest.split_once('<')?.0.to_owned())))
}

async fn key_is_short(secrets: &impl GetSecret) -> Result<bool> {
    Ok(secrets.get_secret("api-token").await?.expose(str::len) < 8)
}

async fn count_up(artifacts: &(impl ReadArtifact + WriteArtifact)) -> Result<u64> {
    let old = artifacts.read_artifact("count", 20).await?;
    let new = std::str::from_utf8(&old).ok().and_then(|text| text.parse().ok()).unwrap_or(0) + 1;
    artifacts.write_artifact("count", Bytes::from(new.to_string())).await?;
    Ok(new)
}

async fn report_all(findings: &impl Report, kinds: &[&str]) -> Result<usize, FindingError> {
    for kind in kinds {
        findings.report(Finding::low(*kind, "found")).await?;
    }
    Ok(kinds.len())
}

async fn split(tasks: &impl Enqueue, urls: &[&str]) -> Result<(), ApiError> {
    for url in urls {
        tasks.enqueue_task(NewTask::new(json!({ "url": url }))).await?;
    }
    Ok(())
}

/// The functions again, with the clients.
#[derive(Default)]
struct Sample;

#[oxg_sdk::plugin]
impl Plugin for Sample {
    async fn on_task(&self, ctx: &Context<Self>, _: Task) -> Result<TaskOutcome> {
        ctx.artifacts().put("count", "41").await?;
        let seen = json!({
            "title": title(&ctx.http(), "https://shop.test/").await?,
            "short": key_is_short(&ctx.secrets()).await?,
            "count": count_up(&ctx.artifacts()).await?,
            "reported": report_all(&ctx.findings(), &["a", "b"]).await?,
        });
        TaskOutcome::with_output(&seen)
    }
}

#[tokio::test]
async fn a_function_that_fetches_is_tested_with_an_answer() {
    let mut http = MockFetch::new();
    http.expect_fetch()
        .withf(|request| request.uri() == "https://shop.test/" && request.method() == "GET")
        .once()
        .returning(|_| {
            Ok(mock::response("https://shop.test/", Response::new("<title>Shop</title>")))
        });
    assert_eq!(title(&http, "https://shop.test/").await.unwrap().as_deref(), Some("Shop"));
}

#[tokio::test]
async fn a_function_that_uses_a_secret_is_tested_with_one() {
    let mut secrets = MockGetSecret::new();
    secrets.expect_get_secret().returning(|name| Ok(mock::secret(name, "short")));
    assert!(key_is_short(&secrets).await.unwrap());
}

#[tokio::test]
async fn a_function_that_takes_two_traits_is_tested_with_a_pair_of_mocks() {
    struct Both(MockReadArtifact, MockWriteArtifact);

    impl ReadArtifact for Both {
        async fn read_artifact(
            &self,
            name: &str,
            limit: usize,
        ) -> Result<Bytes, oxg_sdk::clients::ArtifactError> {
            self.0.read_artifact(name, limit).await
        }
    }

    impl WriteArtifact for Both {
        async fn write_artifact(
            &self,
            name: &str,
            content: Bytes,
        ) -> Result<oxg_sdk::protocol::artifact::ArtifactInfo, oxg_sdk::clients::ArtifactError>
        {
            self.1.write_artifact(name, content).await
        }
    }

    let mut both = Both(MockReadArtifact::new(), MockWriteArtifact::new());
    both.0.expect_read_artifact().returning(|_, _| Ok(Bytes::from_static(b"7")));
    both.1
        .expect_write_artifact()
        .withf(|name, content| name == "count" && content == "8")
        .once()
        .returning(|name, content| Ok(mock::stored(name, &content)));
    assert_eq!(count_up(&both).await.unwrap(), 8);
}

#[tokio::test]
async fn a_refusal_of_the_broker_comes_through_a_mock() {
    let mut findings = MockReport::new();
    findings.expect_report().once().returning(|_| Ok("0".repeat(26).parse::<FindingId>().unwrap()));
    findings.expect_report().returning(|_| {
        let refused = mock::refusal(ErrorCode::RateLimited, "too many findings");
        Err(FindingError::from(ApiError::from(refused)))
    });
    let error = report_all(&findings, &["a", "b"]).await.unwrap_err();
    assert!(error.to_string().contains("too many findings"), "{error}");
}

#[tokio::test]
async fn a_function_that_enqueues_is_tested_by_what_it_enqueues() {
    let mut tasks = MockEnqueue::new();
    tasks
        .expect_enqueue_task()
        .withf(|task| task.input["url"] == "https://a.test/")
        .once()
        .returning(|_| {
            Err(ApiError::from(mock::refusal(ErrorCode::Draining, "the broker is stopping")))
        });
    let error = split(&tasks, &["https://a.test/", "https://b.test/"]).await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::Draining));
}

#[oxg_testkit::test]
async fn the_clients_do_what_their_mocks_stand_for(t: Testkit<Sample>) {
    t.http().on(get("https://shop.test/")).reply(200).body("<title>Shop</title>");
    let run = t.task(json!({})).await;
    run.assert_completed();
    assert_eq!(run.artifacts["count"], b"42");
    assert_eq!(run.findings.len(), 2);
    run.assert_no_leaks();
}
