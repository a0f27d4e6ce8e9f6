//! A run as one JSON value that is the same each time.

use oxg_broker::TaskState;
use oxg_protocol::audit::Decision;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Run, subject};

/// Members whose values differ from run to run.
const VOLATILE: [&str; 10] = [
    "id",
    "plugin",
    "ts",
    "timestamp",
    "run_id",
    "task_id",
    "trace_id",
    "request_id",
    "elapsed_ms",
    "etag",
];

pub(super) fn of(run: &Run) -> Value {
    let tasks = run.tasks.iter().map(|task| {
        let state = match &task.state {
            TaskState::Completed(output) => json!({ "completed": output }),
            TaskState::DeadLettered { reason } => json!({ "failed": reason }),
            other => json!(format!("{other:?}")),
        };
        json!({ "input": task.input, "attempts": task.attempts, "state": state })
    });
    let decided = run.audit.iter().filter(|record| record.decision != Decision::Info);
    let audit = decided.filter_map(|record| {
        Some(json!({
            "event": record.event_type,
            "decision": record.decision,
            "about": stable(subject(record)?),
            "reason": record.reason,
        }))
    });
    let artifacts = run
        .artifacts
        .iter()
        .map(|(name, bytes)| (name.as_str().to_owned(), json!({ "bytes": bytes.len() })));
    let sent =
        run.sent.iter().map(|sent| json!({ "method": sent.method, "url": sent.url.as_str() }));
    json!({
        "tasks": tasks.collect::<Vec<_>>(),
        "findings": run.findings.iter().map(masked).collect::<Vec<_>>(),
        "artifacts": artifacts.collect::<Map<_, _>>(),
        "sent": sent.collect::<Vec<_>>(),
        "audit": audit.collect::<Vec<_>>(),
    })
}

/// A path of the API without the ids in it.
pub(super) fn stable(subject: &str) -> String {
    let mut previous = "";
    let segments = subject.split('/').map(|segment| {
        let id = ["tasks", "leases", "uploads"].contains(&previous) && segment != "lease";
        previous = segment;
        if id { "[id]" } else { segment }
    });
    match subject.starts_with("/v1/") {
        true => segments.collect::<Vec<_>>().join("/"),
        false => subject.to_owned(),
    }
}

fn masked(value: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(value).unwrap_or_default();
    mask(&mut value);
    value
}

fn mask(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match VOLATILE.contains(&name.as_str()) {
                    true => *value = format!("[{name}]").into(),
                    false => mask(value),
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(mask),
        _ => {}
    }
}
