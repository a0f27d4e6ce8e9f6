use oxg_protocol::TraceParent;
use oxg_protocol::log::LogRecord;
use oxg_sdk::logging::{Levels, LogLine, Logging, RateLimit};
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

fn parsed(lines: &Lines) -> Vec<LogRecord> {
    lines.all().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_secret_with_quotes_is_found_before_it_is_escaped() {
    let odd = "a\"b\\c\nd{\u{1b}}é%20";
    let redactor = Redactor::default();
    redactor.register(odd).unwrap();
    let lines = Lines::default();
    let logging = lines.logging(&redactor);
    tracing::dispatcher::with_default(&logging.dispatch(), || {
        info!(raw = odd, debug = ?odd, json = %json!(odd), "{odd} {odd:?}");
    });
    let record = &parsed(&lines)[0];
    assert_eq!(record.msg, "[REDACTED_SECRET] \"[REDACTED_SECRET]\"");
    assert_eq!(record.fields["raw"], "[REDACTED_SECRET]");
    assert!(!lines.all().contains("%20"), "{}", lines.all());
}

#[test]
fn what_becomes_secret_after_a_span_was_opened_is_cut_out_of_its_fields() {
    let redactor = Redactor::default();
    let lines = Lines::default();
    let logging = lines.logging(&redactor);
    tracing::dispatcher::with_default(&logging.dispatch(), || {
        let span = tracing::info_span!("early", text = VALUE, other = 1);
        let _entered = span.enter();
        info!("before");
        redactor.register(VALUE).unwrap();
        info!("after");
    });
    let records = parsed(&lines);
    assert_eq!(records[0].spans[0]["text"], VALUE);
    let expected = json!({ "name": "early", "text": "[REDACTED_SECRET]", "other": 1 });
    assert_eq!(json!(records[1].spans[0]), expected);
}

#[test]
fn a_field_that_is_recorded_again_has_its_last_value_once() {
    let lines = Lines::default();
    let logging = lines.logging(&Redactor::default());
    tracing::dispatcher::with_default(&logging.dispatch(), || {
        let span = tracing::info_span!("outer", state = "opened", pages = 0, mark = "x");
        let _outer = span.enter();
        let _inner = tracing::info_span!("inner", r#type = true).entered();
        span.record("state", "fetching").record("pages", 12_345_678).record("state", "done");
        info!(ratio = 0.5, odd = f64::NAN, "now");
    });
    let text = lines.all();
    assert_eq!(text.matches("state").count(), 1, "{text}");
    let record = &parsed(&lines)[0];
    let outer = json!({ "name": "outer", "state": "done", "pages": 12_345_678, "mark": "x" });
    assert_eq!(json!(record.spans), json!([outer, { "name": "inner", "type": true }]));
    assert_eq!(json!(record.fields), json!({ "ratio": 0.5, "odd": "NaN" }));
}

#[test]
fn a_name_that_tells_of_a_secret_hides_its_value_whatever_that_is() {
    let lines = Lines::default();
    let logging = lines.logging(&Redactor::default());
    tracing::dispatcher::with_default(&logging.dispatch(), || {
        info!(password = "hunter2", pin = 4711, tokens = 3, "named");
    });
    let fields = json!(parsed(&lines)[0].fields);
    assert_eq!(fields["password"], "[REDACTED_SECRET]");
    assert_eq!(fields["pin"], "[REDACTED_SECRET]");
    assert_eq!(fields["tokens"], 3);
}

#[test]
fn an_error_is_logged_with_all_that_is_behind_it() {
    let lines = Lines::default();
    let logging = lines.logging(&Redactor::default());
    tracing::dispatcher::with_default(&logging.dispatch(), || {
        let error = Outer(std::io::Error::other("no route to jo@example.org"));
        error!(error = &error as &(dyn std::error::Error + 'static), "failed");
    });
    let expected = "sign-in failed: no route to [REDACTED_EMAIL]";
    assert_eq!(parsed(&lines)[0].fields["error"], expected);
}

#[test]
fn a_long_text_is_cut_and_no_half_of_a_secret_is_left_at_the_end() {
    let redactor = Redactor::default();
    redactor.register(VALUE).unwrap();
    let lines = Lines::default();
    let logging = lines.logging(&redactor);
    tracing::dispatcher::with_default(&logging.dispatch(), || {
        // The text is looked at up to 64 KiB, which is in the middle of the last value.
        let room = (64 << 10) - VALUE.len() / 2;
        let text = format!("{}{VALUE}", format!("{VALUE} ").repeat(room / (VALUE.len() + 1)));
        info!(text, "x{text:?}");
        info!("{}", "é".repeat(40 << 10));
    });
    let text = lines.all();
    for length in 8..VALUE.len() {
        assert!(!text.contains(&VALUE[..length]), "{length}");
    }
    let records = parsed(&lines);
    assert!(records[1].msg.ends_with('…') && records[1].msg.len() < 17 << 10);
}

#[tokio::test(start_paused = true)]
async fn a_flood_from_one_place_is_held_back_and_told() {
    let lines = Lines::default();
    let sink = lines.clone();
    let logging = Logging::new(Redactor::default())
        .rate_limit(RateLimit::new(1, 3))
        .sink(move |line: &LogLine<'_>| sink.push(line.json))
        .build();
    let flood = |count| (0..count).for_each(|n| info!(n, "flood"));
    let _guard = tracing::dispatcher::set_default(&logging.dispatch());
    flood(1000);
    info!("another place");
    tokio::time::advance(Duration::from_secs(1)).await;
    flood(1);
    let messages: Vec<_> = parsed(&lines).into_iter().map(|record| record.msg).collect();
    let told = messages.iter().find(|text| text.contains("were left out")).unwrap();
    assert!(told.starts_with("997 log lines of ") && told.contains("logging.rs:"), "{told}");
    assert_eq!(messages.iter().filter(|text| *text == "flood").count(), 4);
    assert!(messages.iter().any(|text| text == "another place"));
}

#[cfg(target_os = "linux")]
#[test]
fn what_a_full_disk_loses_is_counted() {
    let directory = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/dev/full", directory.path().join("run.log")).unwrap();
    let logging = Logging::new(Redactor::default()).directory(directory.path()).unwrap().build();
    tracing::dispatcher::with_default(&logging.dispatch(), || {
        info!("one");
        info!("two");
    });
    assert!(logging.flush(Duration::from_secs(30)));
    assert_eq!(logging.lost(), 2);
}

#[test]
fn the_last_lines_are_written_when_nobody_flushes() {
    let directory = tempfile::tempdir().unwrap();
    let logging = Logging::new(Redactor::default()).directory(directory.path()).unwrap().build();
    tracing::dispatcher::with_default(&logging.dispatch(), || {
        (0..500).for_each(|n| info!(n, "line"));
    });
    drop(logging);
    let text = std::fs::read_to_string(directory.path().join("run.log")).unwrap();
    assert_eq!(text.lines().count(), 500);
}

#[cfg(feature = "log")]
#[test]
fn records_of_the_crate_log_go_the_same_way() {
    let redactor = Redactor::default();
    redactor.register(VALUE).unwrap();
    let lines = Lines::default();
    let logging = lines.logging(&redactor);
    logging.take_log_records();
    tracing::dispatcher::with_default(&logging.dispatch(), || {
        let _span = tracing::info_span!("outer", page = 3).entered();
        log::warn!(target: &format!("library::{VALUE}"), "saw {VALUE}");
        log::debug!("below the level");
    });
    let records = parsed(&lines);
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].msg, "saw [REDACTED_SECRET]");
    assert_eq!(records[0].target, "library::[REDACTED_SECRET]");
    assert_eq!(records[0].spans[0]["page"], 3);
}

#[tokio::test(start_paused = true)]
async fn the_calls_and_the_lines_of_a_task_carry_its_trace() {
    const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let lines = Lines::default();
    let mut delivery = crate::fake::delivery("t-1", json!({}));
    delivery["traceparent"] = CALLER.into();
    let broker = FakeBroker::well_behaved().delivery(delivery).task("t-2", json!({}));
    let plugin = probe(|ctx, _| async move {
        ctx.emit(Finding::low("a.b", "found")).await?;
        let target = "https://shop.test/";
        let _ = ctx.http().get(target).header("traceparent", "of-the-author").send().await;
        info!("looked");
        Ok(TaskOutcome::done())
    });
    runtime(&broker, plugin)
        .logging(lines.logging(&Redactor::default()))
        .run(std::future::pending())
        .await
        .unwrap();

    let trace = |text: &str| text.parse::<TraceParent>().unwrap().trace_id;
    let of = |end: &str| -> Vec<TraceParent> {
        let calls = broker.calls_to(end);
        calls.iter().map(|call| call.header("traceparent").unwrap().parse().unwrap()).collect()
    };
    let (first, second) = (of("/t-1/complete")[0], of("/t-2/complete")[0]);
    assert_eq!(first.trace_id, trace(CALLER));
    assert_ne!(second.trace_id, first.trace_id);
    let findings = of("/v1/findings");
    assert_eq!(findings.len(), 2);
    assert!(
        findings
            .iter()
            .any(|call| call.trace_id == first.trace_id && call.span_id != first.span_id)
    );
    // The field of that name is the target's there.
    for call in broker.calls_to("https://shop.test/") {
        assert_eq!(call.header("traceparent"), Some("of-the-author"));
        let ours = trace(call.header("oxg-traceparent").unwrap());
        assert!([first.trace_id, second.trace_id].contains(&ours));
    }
    for record in parsed(&lines).iter().filter(|record| record.msg == "looked") {
        let task = record.task_id.as_ref().unwrap().as_str();
        let expected = if task == "t-1" { first } else { second };
        assert_eq!(record.trace_id, Some(expected.trace_id), "{record:?}");
    }
    // Calls of no task have one of their own.
    let session = of("/v1/session")[0].trace_id;
    assert!(session != first.trace_id && session != second.trace_id);
}

#[cfg(feature = "otel")]
#[tokio::test(start_paused = true)]
async fn spans_are_exported_redacted_with_the_trace_of_their_task() {
    let directory = tempfile::tempdir().unwrap();
    let redactor = Redactor::default();
    redactor.register(VALUE).unwrap();
    let mut delivery = crate::fake::delivery("t-1", json!({}));
    let caller = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    delivery["traceparent"] = caller.into();
    let broker = FakeBroker::well_behaved().delivery(delivery);
    let plugin = probe(|_, _| async {
        tracing::info_span!("page", url = VALUE, number = 3, password = "hunter2").in_scope(|| ());
        Ok(TaskOutcome::done())
    });
    let logging = Logging::new(redactor).spans(directory.path()).unwrap().build();
    let run = runtime(&broker, plugin).logging(logging.clone()).run(std::future::pending());
    run.await.unwrap();
    assert!(logging.flush(Duration::from_secs(30)));
    let text = std::fs::read_to_string(directory.path().join("traces.jsonl")).unwrap();
    assert!(!text.contains(VALUE), "{text}");
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let span = |at: usize| &lines[at]["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
    let (page, task) = (span(0), span(1));
    assert_eq!((&page["name"], &task["name"]), (&json!("page"), &json!("task")));
    assert_eq!(page["parentSpanId"], task["spanId"]);
    assert_eq!(task["parentSpanId"], "00f067aa0ba902b7");
    assert_eq!(page["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(page["traceId"], task["traceId"]);
    let attributes = page["attributes"].as_array().unwrap();
    let attribute = |key: &str| attributes.iter().find(|a| a["key"] == key).unwrap();
    assert_eq!(attribute("number")["value"], json!({ "intValue": "3" }));
    for key in ["url", "password"] {
        assert_eq!(attribute(key)["value"], json!({ "stringValue": "[REDACTED_SECRET]" }));
    }
    let resource = &lines[0]["resourceSpans"][0]["resource"]["attributes"];
    assert_eq!(resource[1]["value"]["stringValue"], "probe");
}
