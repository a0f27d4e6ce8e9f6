//! What a test pays before it begins: a mock that is ready for its first request, and gone again.
//!
//! `oxg-testkit` starts a whole broker, the others an HTTP server. `wiremock` and `httpmock` keep
//! servers for the next test; without that, they start one each time.

use oxg_sdk::prelude::*;
use oxg_testkit::{Testkit, get};
use tokio::runtime::{Builder, Runtime};

/// Completes every task.
#[derive(Default)]
struct Sample;

#[oxg_sdk::plugin(manifest = "../oxg-testkit/manifest.json")]
impl Plugin for Sample {
    async fn on_task(&self, _: &Context<Self>, _: Task) -> Result<TaskOutcome> {
        Ok(TaskOutcome::done())
    }
}

fn main() {
    divan::main();
}

fn runtime() -> Runtime {
    match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => panic!("{error}"),
    }
}

/// A broker in memory with one scripted page.
#[divan::bench(sample_count = 200, sample_size = 20)]
fn oxg_testkit(bencher: divan::Bencher<'_, '_>) {
    let runtime = runtime();
    bencher.bench_local(|| {
        runtime.block_on(async {
            let kit = Testkit::new(Sample::default);
            kit.http().on(get("https://shop.test/")).reply(200).body("<html>").optional();
            kit.verify();
        });
    });
}

/// A server of the pool with one mock.
#[divan::bench(sample_count = 200, sample_size = 20)]
fn wiremock_pooled(bencher: divan::Bencher<'_, '_>) {
    let runtime = runtime();
    bencher.bench_local(|| {
        runtime.block_on(async {
            let server = wiremock::MockServer::start().await;
            page().mount(&server).await;
            server.verify().await;
        });
    });
}

/// A server of its own with one mock.
#[divan::bench(sample_count = 200, sample_size = 20)]
fn wiremock_new(bencher: divan::Bencher<'_, '_>) {
    let runtime = runtime();
    bencher.bench_local(|| {
        runtime.block_on(async {
            let server = wiremock::MockServer::builder().start().await;
            page().mount(&server).await;
            server.verify().await;
        });
    });
}

fn page() -> wiremock::Mock {
    let answer = wiremock::ResponseTemplate::new(200).set_body_string("<html>");
    wiremock::Mock::given(wiremock::matchers::method("GET"))
        .and(wiremock::matchers::path("/"))
        .respond_with(answer)
}

/// A server of the pool with one mock; `httpmock` has no other.
#[divan::bench(sample_count = 200, sample_size = 20)]
fn httpmock_pooled(bencher: divan::Bencher<'_, '_>) {
    let runtime = runtime();
    bencher.bench_local(|| {
        runtime.block_on(async {
            let server = httpmock::MockServer::start_async().await;
            let mock = server
                .mock_async(|when, then| {
                    when.method(httpmock::Method::GET).path("/");
                    then.status(200).body("<html>");
                })
                .await;
            mock.delete_async().await;
        });
    });
}
