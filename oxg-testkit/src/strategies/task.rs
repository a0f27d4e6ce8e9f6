use oxg_protocol::task::NewTask;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{AlmostValid, Flaw, spoiled, texts};

/// Tasks that a broker takes: any input, few keys so that some are equal, deadlines of a second to an
/// hour.
pub fn tasks() -> impl Strategy<Value = NewTask> {
    let deadline = option::of(1_000..3_600_000_u64);
    (inputs(), "[a-z]{1,8}", option::of("[ab]"), 1..5_u32, deadline).prop_map(
        |(input, kind, key, max_attempts, deadline_ms)| {
            let mut task = NewTask::new(input);
            task.kind = kind;
            task.idempotency_key = key;
            task.max_attempts = max_attempts;
            task.deadline_ms = deadline_ms;
            task
        },
    )
}

/// Tasks as JSON with one thing wrong: none can be read.
pub fn almost_valid_tasks() -> impl Strategy<Value = AlmostValid> {
    const FLAWS: &[Flaw] = &[
        ("the input is missing", |task| {
            task.as_object_mut().map(|members| members.remove("input"));
        }),
        ("the attempts are negative", |task| task["max_attempts"] = json!(-1)),
        ("the deadline is a text", |task| task["deadline_ms"] = json!("1 h")),
        ("the kind is a number", |task| task["kind"] = json!(7)),
    ];
    let tasks = tasks().prop_map(|task| serde_json::to_value(task).unwrap_or_default());
    spoiled(tasks.prop_filter("an object", Value::is_object), FLAWS)
}

/// JSON up to three levels deep.
fn inputs() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        texts().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map("[a-z]{1,6}", inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}
