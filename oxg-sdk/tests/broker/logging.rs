use oxg_sdk::logging::Levels;
use oxg_sdk::prelude::*;
use oxg_sdk::redact::Redactor;
use tracing::Instrument;

use crate::fake::FakeBroker;
use crate::probe::{Lines, probe, runtime};

const VALUE: &str = "s3cr3t-of-the-shop";

#[derive(Debug)]
#[allow(dead_code)]
struct Account {
    login: &'static str,
}

#[derive(Debug)]
struct Outer(std::io::Error);

impl std::fmt::Display for Outer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("sign-in failed")
    }
}

impl std::error::Error for Outer {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_secret_gets_into_a_log_on_any_way() {
    let redactor = Redactor::default();
    let lines = Lines::default();
    let broker = FakeBroker::well_behaved().task("t-1", json!({}));
    let known = redactor.clone();
    let plugin = probe(move |_, _| {
        // The span is there before the secret is known.
        let span = tracing::info_span!("early", credential = VALUE, later = tracing::field::Empty);
        known.register(VALUE).unwrap();
        span.record("later", VALUE);
        async move {
            info!("message {VALUE}");
            info!(field = VALUE, "field");
            info!(account = ?Account { login: VALUE }, "debug");
            info!(shown = %format!("<{VALUE}>"), "display");
            let error = Outer(std::io::Error::other(format!("bad token {VALUE}")));
            error!(error = &error as &(dyn std::error::Error + 'static), "chain");
            error!(error = %error, "no chain");
            Err(Failure::from(error))
        }
        .instrument(span)
    });
    let summary = runtime(&broker, plugin)
        .redactor(redactor.clone())
        .logging(lines.logging(&redactor))
        .run(std::future::pending())
        .await
        .unwrap();
    assert_eq!(summary.failed, 1);

    let log = lines.all();
    assert!(!log.contains(VALUE), "{log}");
    for text in ["message ", "sign-in failed: bad token ", "\"credential\":", "\"later\":"] {
        assert!(log.contains(text), "{text}: {log}");
    }
    let told = broker.calls_to("/fail")[0].json();
    assert!(!told.to_string().contains(VALUE));
    let shipped = broker.calls_to("/v1/logs");
    let shipped: Vec<_> = shipped.iter().flat_map(|call| call.body.to_vec()).collect();
    let shipped = String::from_utf8(shipped).unwrap();
    assert!(shipped.contains("message ") && !shipped.contains(VALUE));
}

#[tokio::test(start_paused = true)]
async fn a_line_says_who_speaks_and_about_which_task() {
    let redactor = Redactor::default();
    let lines = Lines::default();
    let broker = FakeBroker::well_behaved().task("t-1", json!({}));
    let plugin = probe(|_, _| async {
        info!(pages = 3, "looked");
        Ok(TaskOutcome::done())
    });
    runtime(&broker, plugin)
        .logging(lines.logging(&redactor))
        .run(std::future::pending())
        .await
        .unwrap();
    let log = lines.all();
    let line = log.lines().find(|line| line.contains("looked")).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["level"], "info");
    assert_eq!(line["plugin"], "probe");
    assert_eq!(line["run_id"], "run-1");
    assert_eq!(line["task_id"], "t-1");
    assert_eq!(line["fields"]["pages"], 3);
}

#[test]
fn a_number_can_be_secret_too() {
    let redactor = Redactor::default();
    redactor.register("83920147").unwrap();
    let lines = Lines::default();
    let logging = lines.logging(&redactor);
    tracing::dispatcher::with_default(&logging.dispatch(), || info!(pin = 83_920_147, "typed"));
    assert!(!lines.all().contains("83920147"), "{}", lines.all());
}

#[test]
fn the_run_log_has_one_json_object_a_line() {
    use oxg_sdk::logging::Logging;

    let directory = tempfile::tempdir().unwrap();
    let logging = Logging::new(Redactor::default())
        .levels("warn".parse().unwrap())
        .directory(directory.path())
        .unwrap()
        .build();
    tracing::dispatcher::with_default(&logging.dispatch(), || {
        info!("not logged");
        warn!("first\nwith a line break");
        error!("second");
    });
    assert!(logging.flush(Duration::from_secs(30)));
    let text = std::fs::read_to_string(directory.path().join("run.log")).unwrap();
    let messages: Vec<_> = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["msg"].clone())
        .collect();
    assert_eq!(messages, ["first\nwith a line break", "second"]);
}

#[test]
fn levels_that_make_no_sense_are_refused() {
    let error = "probe=loud".parse::<Levels>().unwrap_err();
    assert!(error.to_string().contains("target=level"));
}

#[test]
fn a_typing_error_in_a_level_is_refused_and_does_not_turn_logging_off() {
    for bad in ["inof", "warn,my_plugin", "info,"] {
        assert!(bad.parse::<Levels>().is_err(), "{bad}");
    }
    for good in ["info", "WARN, my_plugin=debug", "off", "my_plugin=trace"] {
        assert!(good.parse::<Levels>().is_ok(), "{good}");
    }
}

/// Logs while it is written.
struct Talker;

impl std::fmt::Debug for Talker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        info!("speaking of itself");
        f.write_str("Talker")
    }
}

#[test]
fn a_secret_in_the_field_of_a_task_or_as_bytes_is_cut_out() {
    let redactor = Redactor::default();
    redactor.register(VALUE).unwrap();
    let lines = Lines::default();
    let logging = lines.logging(&redactor);
    tracing::dispatcher::with_default(&logging.dispatch(), || {
        info!(task_id = VALUE, "posing as a task");
        info!(bytes = VALUE.as_bytes(), "bytes");
        info!(bytes = &b"\xff s3cr3t-of-the-shop \xfe"[..], "not UTF-8");
        info!("two lines\n{VALUE}\nthe end");
    });
    let log = lines.all();
    assert!(!log.contains(VALUE) && !log.contains("73 33 63"), "{log}");
    assert_eq!(log.matches("[REDACTED").count(), 4, "{log}");
}

#[test]
fn a_value_that_logs_while_a_span_records_it_does_not_wait_for_itself() {
    let lines = Lines::default();
    let logging = lines.logging(&Redactor::default());
    tracing::dispatcher::with_default(&logging.dispatch(), || {
        let span = tracing::info_span!("outer", who = tracing::field::Empty);
        let _entered = span.enter();
        span.record("who", tracing::field::debug(Talker));
        info!("after");
    });
    assert!(lines.all().contains("speaking of itself"));
    assert!(lines.all().contains(r#""who":"Talker""#), "{}", lines.all());
}

#[cfg(target_os = "linux")]
#[test]
fn a_log_on_a_full_disk_keeps_the_other_sinks_going() {
    use oxg_sdk::logging::{LogLine, Logging};

    let directory = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/dev/full", directory.path().join("run.log")).unwrap();
    let seen = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = seen.clone();
    let logging = Logging::new(Redactor::default())
        .directory(directory.path())
        .unwrap()
        .sink(move |_: &LogLine<'_>| {
            count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        })
        .build();
    tracing::dispatcher::with_default(&logging.dispatch(), || {
        info!("one");
        info!("two");
    });
    assert_eq!(seen.load(std::sync::atomic::Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn shipping_goes_on_after_the_broker_was_deaf_for_a_while_and_says_what_is_missing() {
    use std::sync::atomic::{AtomicUsize, Ordering};

    let calls = AtomicUsize::new(0);
    let broker = FakeBroker::new(move |call| {
        let deaf = call.target == "/v1/logs" && calls.fetch_add(1, Ordering::SeqCst) < 2;
        deaf.then_some(crate::fake::Reply::Silence)
    })
    .task("t-1", json!({}));
    let plugin = probe(|_, _| async {
        for n in 0..20_000 {
            info!(n, "flood");
            if n % 1000 == 0 {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
        Ok(TaskOutcome::done())
    });
    let lines = Lines::default();
    let redactor = Redactor::default();
    runtime(&broker, plugin)
        .logging(lines.logging(&redactor))
        .run(std::future::pending())
        .await
        .unwrap();
    let shipped = broker.calls_to("/v1/logs").split_off(2);
    let text: String =
        shipped.iter().map(|call| String::from_utf8_lossy(&call.body).into_owned()).collect();
    let missing: usize = text
        .lines()
        .filter_map(|line| line.split_once(" log lines are missing here"))
        .map(|(head, _)| head.rsplit('"').next().unwrap().parse::<usize>().unwrap())
        .sum();
    let arrived = text.lines().filter(|line| !line.contains("are missing here")).count();
    assert_eq!(arrived + missing, lines.all().lines().count());
    assert!(text.contains("run ended"));
}
