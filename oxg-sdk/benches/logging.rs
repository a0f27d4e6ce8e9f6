//! What one event costs on its way to a sink: beside the JSON of `tracing-subscriber`, in one run.
//!
//! ```text
//! cargo bench -p oxg-sdk --bench logging
//! ```
//!
//! Ours redacts, with [`KNOWN_VALUES`] values registered; the other does not.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::hint::black_box;

use divan::Bencher;
use oxg_sdk::logging::{LogLine, Logging, RateLimit};
use oxg_sdk::redact::Redactor;
use tracing::{Dispatch, info, info_span};

fn main() {
    divan::main();
}

const KNOWN_VALUES: usize = 20;

#[derive(Debug, Clone, Copy)]
enum Formatter {
    Oxg,
    TracingSubscriberJson,
}

const BOTH: [Formatter; 2] = [Formatter::Oxg, Formatter::TracingSubscriberJson];

impl Formatter {
    fn dispatch(self) -> Dispatch {
        match self {
            Self::Oxg => {
                let redactor = Redactor::default();
                for number in 0..KNOWN_VALUES {
                    redactor.register(&format!("registered-{number}-q7Zk")).unwrap();
                }
                Logging::new(redactor)
                    .rate_limit(RateLimit::NONE)
                    .sink(|line: &LogLine<'_>| {
                        black_box(line.json);
                    })
                    .build()
                    .dispatch()
            }
            Self::TracingSubscriberJson => {
                let subscriber = tracing_subscriber::fmt().json().with_writer(std::io::sink);
                Dispatch::new(subscriber.finish())
            }
        }
    }
}

fn event() {
    info!(
        status = black_box(200_u64),
        url = black_box("https://shop.test/items/42?page=3"),
        elapsed = black_box(12.25),
        "fetched {} of {} pages",
        black_box(3),
        black_box(17),
    );
}

#[divan::bench(args = BOTH, sample_size = 500)]
fn no_span(bencher: Bencher<'_, '_>, formatter: Formatter) {
    let _guard = tracing::dispatcher::set_default(&formatter.dispatch());
    bencher.bench_local(event);
}

#[divan::bench(args = BOTH, sample_size = 500)]
fn two_spans(bencher: Bencher<'_, '_>, formatter: Formatter) {
    let _guard = tracing::dispatcher::set_default(&formatter.dispatch());
    let task = info_span!("task", task_id = "t-01J9ZV6Q", kind = "scan", attempt = 1);
    let _task = task.enter();
    let request = info_span!("request", method = "GET", host = "shop.test", port = 443);
    let _request = request.enter();
    bencher.bench_local(event);
}

#[divan::bench(args = BOTH, sample_size = 500)]
fn a_span_for_each_event(bencher: Bencher<'_, '_>, formatter: Formatter) {
    let _guard = tracing::dispatcher::set_default(&formatter.dispatch());
    bencher.bench_local(|| {
        let request = info_span!("request", method = black_box("GET"), host = "shop.test");
        let _request = request.enter();
        event();
    });
}
