//! Tasks over the wire: long polls, fencing, draining.

use std::time::Duration;

use oxg_broker::TaskState;
use oxg_protocol::ErrorCode;
use oxg_protocol::audit::EventType;
use oxg_protocol::task::{Deliveries, Enqueued, Extension, NewTask};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::support::{Plugin, manifest_of, open, within};

fn wanting(max: u32, wait_ms: u64) -> Value {
    json!({ "max": max, "wait_ms": wait_ms, "lease_ms": 10_000 })
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_answers_when_a_task_comes() {
    let plugin = Plugin::new();
    let start = Instant::now();
    let wanted = wanting(8, 20_000);
    let poll = plugin.post("/v1/tasks/lease", &wanted);
    let enqueue = async {
        sleep(Duration::from_secs(5)).await;
        plugin.session.enqueue(NewTask::new(json!({ "n": 1 }))).await.unwrap()
    };
    let (reply, enqueued) = tokio::join!(poll, enqueue);
    assert_eq!(start.elapsed().as_secs(), 5);
    let deliveries: Deliveries = reply.json();
    assert_eq!(deliveries.deliveries.len(), 1);
    let delivery = &deliveries.deliveries[0];
    assert_eq!(delivery.task_id, enqueued.task_id);
    assert_eq!((delivery.attempt, &delivery.input), (1, &json!({ "n": 1 })));
    assert_eq!((delivery.lease_expires_in_ms, delivery.deadline_in_ms), (10_000, None));
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_in_vain_is_an_empty_answer_and_no_error() {
    let plugin = Plugin::new();
    let start = Instant::now();
    let reply = plugin.post("/v1/tasks/lease", &wanting(1, 20_000)).await;
    let deliveries: Deliveries = reply.json();
    assert!(deliveries.deliveries.is_empty() && !deliveries.draining);
    assert_eq!(start.elapsed().as_secs(), 20);
}

#[tokio::test(start_paused = true)]
async fn draining_answers_a_waiting_poll_at_once() {
    let plugin = Plugin::new();
    let start = Instant::now();
    let wanted = wanting(1, 20_000);
    let drain = async {
        sleep(Duration::from_secs(3)).await;
        plugin.session.drain();
    };
    let (reply, ()) = tokio::join!(plugin.post("/v1/tasks/lease", &wanted), drain);
    let deliveries: Deliveries = reply.json();
    assert!(deliveries.deliveries.is_empty() && deliveries.draining);
    assert_eq!(start.elapsed().as_secs(), 3);
    assert!(plugin.session.enqueue(NewTask::new(json!(1))).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_stale_lease_token_is_answered_with_lease_lost() {
    let plugin = Plugin::new();
    plugin.session.enqueue(NewTask::new(json!(1))).await.unwrap();
    let reply = plugin.post("/v1/tasks/lease", &wanting(1, 0)).await;
    let first: Value = reply.json();
    let first = &first["deliveries"][0];
    sleep(Duration::from_secs(11)).await;
    let path = format!("/v1/tasks/{}", first["task_id"].as_str().unwrap());
    let token = json!({ "lease_token": first["lease_token"], "output": 1, "lease_ms": 1000 });
    for action in ["complete", "extend", "release"] {
        let reply = plugin.post(&format!("{path}/{action}"), &token).await;
        assert_eq!(plugin.refusal(&reply).code(), ErrorCode::LeaseLost, "{action}");
    }
    assert_eq!(plugin.session.tasks()[0].state, TaskState::Queued);
}

#[tokio::test(start_paused = true)]
async fn a_task_goes_its_way_from_lease_to_completion() {
    let plugin = Plugin::new();
    let enqueued = plugin.session.enqueue(NewTask::new(json!(1))).await.unwrap();
    let lease = async || {
        let reply = plugin.post("/v1/tasks/lease", &wanting(1, 0)).await;
        let deliveries: Value = reply.json();
        deliveries["deliveries"][0]["lease_token"].clone()
    };
    let act = async |action: &str, body: Value| {
        let path = format!("/v1/tasks/{}/{action}", enqueued.task_id);
        plugin.post(&path, &body).await
    };

    let token = lease().await;
    let reply = act("release", json!({ "lease_token": token })).await;
    assert_eq!(reply.status, 204);

    let token = lease().await;
    let failure = json!({ "lease_token": token, "retryable": true, "reason": "no luck" });
    assert_eq!(act("fail", failure).await.status, 204);

    let token = lease().await;
    plugin.session.cancel(&enqueued.task_id).await.unwrap();
    plugin.session.drain();
    let reply = act("extend", json!({ "lease_token": token, "lease_ms": 5_000 })).await;
    let extension: Extension = reply.json();
    assert_eq!(extension.lease_expires_in_ms, 5_000);
    assert!(extension.cancel_requested && extension.draining);

    let done = json!({ "lease_token": token, "output": { "pages": 3 } });
    for _ in 0..2 {
        assert_eq!(act("complete", done.clone()).await.status, 204);
    }
    within(plugin.session.settled()).await;
    let view = plugin.session.tasks().remove(0);
    assert_eq!(view.state, TaskState::Completed(Some(json!({ "pages": 3 }))));
    assert_eq!((view.attempts, view.history), (2, vec!["no luck".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn a_queued_task_whose_deadline_passes_is_settled_without_a_lease() {
    let plugin = Plugin::new();
    let task = NewTask { deadline_ms: Some(30_000), ..NewTask::new(json!(1)) };
    let enqueued = plugin.session.enqueue(task).await.unwrap();
    let reply = plugin.post("/v1/tasks/lease", &wanting(1, 0)).await;
    let deliveries: Value = reply.json();
    let token = &deliveries["deliveries"][0]["lease_token"];
    let path = format!("/v1/tasks/{}/release", enqueued.task_id);
    plugin.post(&path, &json!({ "lease_token": token })).await;
    let start = Instant::now();
    within(plugin.session.settled()).await;
    assert_eq!(start.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_expires_wakes_the_poll_that_waits() {
    let plugin = Plugin::new();
    plugin.session.enqueue(NewTask::new(json!(1))).await.unwrap();
    plugin.post("/v1/tasks/lease", &wanting(1, 0)).await;
    let reply = plugin.post("/v1/tasks/lease", &wanting(1, 20_000)).await;
    let deliveries: Deliveries = reply.json();
    assert_eq!(deliveries.deliveries[0].attempt, 2);
}

#[tokio::test]
async fn a_plugin_adds_to_its_own_tasks_and_a_key_adds_once() {
    let plugin = Plugin::new();
    let session: Value = plugin.call("GET", "/v1/session", "").await.json();
    assert!(session["features"].as_array().unwrap().contains(&json!("task-enqueue")));
    let task = json!({ "input": { "page": 2 }, "idempotency_key": "page-2" });
    let first: Enqueued = plugin.post("/v1/tasks", &task).await.json();
    let reply = plugin.post("/v1/tasks", &task).await;
    assert_eq!(reply.json::<Enqueued>(), Enqueued { duplicate: true, ..first.clone() });
    assert_eq!(plugin.audited(&reply).event_type, EventType::Task);
    assert_eq!(plugin.session.task_counts().queued, 1);
    assert_eq!(plugin.session.tasks()[0].id, first.task_id);
}

#[tokio::test]
async fn what_cannot_be_enqueued_is_refused_by_name() {
    let plugin = Plugin::new();
    for task in [
        json!({}),
        json!({ "input": 1, "kind": "" }),
        json!({ "input": 1, "idempotency_key": "k".repeat(257) }),
    ] {
        let reply = plugin.post("/v1/tasks", &task).await;
        assert_eq!(plugin.refusal(&reply).code(), ErrorCode::InvalidRequest, "{task}");
    }
    plugin.session.drain();
    let reply = plugin.post("/v1/tasks", &json!({ "input": 1 })).await;
    assert_eq!(reply.code(), ErrorCode::Draining);
}

#[tokio::test]
async fn a_manifest_that_declines_tasks_enqueues_none() {
    let broker = oxg_broker::Broker::builder().build().unwrap();
    let manifest = manifest_of(
        "probe",
        json!({ "http": { "outbound": ["broker"] }, "tasks": { "pull": false } }),
    );
    let session = broker.session(manifest).open().unwrap();
    let plugin = Plugin { broker, session };
    let reply = plugin.post("/v1/tasks", &json!({ "input": 1 })).await;
    assert_eq!(plugin.refusal(&reply).code(), ErrorCode::CapabilityDenied);
}

#[tokio::test]
async fn tasks_in_a_directory_outlive_the_broker_and_their_leases_too() {
    let directory = tempfile::tempdir().unwrap();
    let start =
        || Plugin::of(oxg_broker::Broker::builder().directory(directory.path()).build().unwrap());
    let plugin = start();
    plugin.session.enqueue(NewTask::new(json!(1))).await.unwrap();
    let lent: Value = plugin.post("/v1/tasks/lease", &wanting(1, 0)).await.json();
    let lent = &lent["deliveries"][0];
    plugin.broker.shutdown().await;
    drop(plugin);

    let plugin = start();
    let none: Deliveries = plugin.post("/v1/tasks/lease", &wanting(1, 0)).await.json();
    assert!(none.deliveries.is_empty());
    let path = format!("/v1/tasks/{}/complete", lent["task_id"].as_str().unwrap());
    let done = json!({ "lease_token": lent["lease_token"], "output": 7 });
    assert_eq!(plugin.post(&path, &done).await.status, 204);
    assert_eq!(plugin.session.tasks()[0].state, TaskState::Completed(Some(json!(7))));
}

#[tokio::test]
async fn a_completion_whose_answer_got_lost_is_said_again_and_changes_nothing() {
    let plugin = Plugin::new();
    plugin.session.enqueue(NewTask::new(json!(1))).await.unwrap();
    let leased: Value = plugin.post("/v1/tasks/lease", &wanting(1, 0)).await.json();
    let delivery = &leased["deliveries"][0];
    let path = format!("/v1/tasks/{}/complete", delivery["task_id"].as_str().unwrap());
    let word = json!({ "lease_token": delivery["lease_token"], "output": "first" });
    // Whoever asked is gone before the answer.
    let request = plugin.request("POST", &path);
    let request = request.body(http_body_util::Full::<bytes::Bytes>::from(word.to_string()));
    drop(open(plugin.broker.connect(), request.unwrap()).await.unwrap());
    for output in ["first", "second"] {
        let word = json!({ "lease_token": delivery["lease_token"], "output": output });
        assert_eq!(plugin.post(&path, &word).await.status, 204);
    }
    let tasks = plugin.session.tasks();
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0].state, TaskState::Completed(Some(json!("first"))));
    let fail = path.replace("/complete", "/fail");
    let word = json!({ "lease_token": delivery["lease_token"], "retryable": true, "reason": "no" });
    assert_eq!(plugin.post(&fail, &word).await.code(), ErrorCode::LeaseLost);
}

#[tokio::test]
async fn a_task_keeps_the_trace_of_whoever_enqueued_it() {
    const OF_THE_CALL: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const OF_THE_TASK: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let plugin = Plugin::new();
    for body in [json!({ "input": 1 }), json!({ "input": 2, "traceparent": OF_THE_TASK })] {
        let request = plugin.request("POST", "/v1/tasks").header("traceparent", OF_THE_CALL);
        let body = http_body_util::Full::new(bytes::Bytes::from(body.to_string()));
        assert_eq!(plugin.send(request.body(body).unwrap()).await.status, 200);
    }
    plugin.session.enqueue(NewTask::new(json!(3))).await.unwrap();
    let leased: Deliveries = plugin.post("/v1/tasks/lease", &wanting(8, 0)).await.json();
    let mut traces: Vec<_> = leased
        .deliveries
        .iter()
        .map(|delivery| (delivery.input.as_u64(), delivery.traceparent))
        .collect();
    traces.sort_by_key(|(input, _)| *input);
    let of = |text: &str| Some(text.parse().unwrap());
    let expected = [(Some(1), of(OF_THE_CALL)), (Some(2), of(OF_THE_TASK)), (Some(3), None)];
    assert_eq!(traces, expected);
}

#[tokio::test]
async fn a_result_is_kept_without_secrets() {
    const SECRET: &str = "correct-horse-battery";
    let broker = oxg_broker::Broker::builder().build().unwrap();
    let session = broker.session(crate::support::manifest());
    let session = session.secret("api-token".parse().unwrap(), SECRET.into()).open().unwrap();
    let plugin = Plugin { broker, session };
    plugin.session.enqueue(NewTask::new(json!(1))).await.unwrap();
    let leased: Deliveries = plugin.post("/v1/tasks/lease", &wanting(1, 0)).await.json();
    let delivery = &leased.deliveries[0];
    let path = format!("/v1/tasks/{}/complete", delivery.task_id);
    let result = json!({ "lease_token": delivery.lease_token, "output": { "saw": SECRET } });
    assert_eq!(plugin.post(&path, &result).await.status, 204);
    let state = &plugin.session.tasks()[0].state;
    assert_eq!(*state, TaskState::Completed(Some(json!({ "saw": "[REDACTED_SECRET]" }))));
}
