use std::time::Duration;

use oxg_protocol::task::{Delivery, LeaseRequest, NewTask};
use oxg_protocol::{ErrorCode, LeaseToken};
use serde_json::json;
use tokio::time::Instant;

use super::queue::{Failure, Queue, TaskState};

const LEASE: Duration = Duration::from_secs(10);

fn token(text: &str) -> LeaseToken {
    text.parse().unwrap()
}

fn queue_of(task: NewTask, now: Instant) -> Queue {
    let mut queue = Queue::default();
    queue.enqueue(task, "t-1".parse().unwrap(), now);
    queue
}

fn lease(queue: &mut Queue, name: &str, now: Instant) -> Option<Delivery> {
    queue.lease(token(name), LEASE, now)
}

fn failure(retryable: bool, retry_after: Duration) -> Failure {
    Failure { reason: "no luck".to_owned(), retryable, retry_after }
}

fn state(queue: &Queue) -> TaskState {
    queue.views().next().unwrap().state.clone()
}

#[test]
fn a_stale_lease_token_never_completes_a_task() {
    let now = Instant::now();
    let mut queue = queue_of(NewTask::new(json!(1)), now);
    let first = lease(&mut queue, "first", now).unwrap();
    let later = now + LEASE;
    let second = lease(&mut queue, "second", later).unwrap();
    assert_eq!(second.attempt, 2);

    let late = queue.complete(&first.task_id, &first.lease_token, None, later).unwrap_err();
    assert_eq!(late.code(), ErrorCode::LeaseLost);
    assert_eq!(state(&queue), TaskState::Leased);
    queue.complete(&second.task_id, &second.lease_token, None, later).unwrap();
    assert_eq!(state(&queue), TaskState::Completed(None));
}

#[test]
fn completing_twice_with_one_token_is_completing_once() {
    let now = Instant::now();
    let mut queue = queue_of(NewTask::new(json!(1)), now);
    let delivery = lease(&mut queue, "a", now).unwrap();
    for _ in 0..2 {
        queue.complete(&delivery.task_id, &delivery.lease_token, Some(json!("x")), now).unwrap();
    }
    assert!(queue.complete(&delivery.task_id, &token("b"), None, now).is_err());
    assert_eq!(state(&queue), TaskState::Completed(Some(json!("x"))));
}

#[test]
fn a_failure_that_cannot_be_retried_dead_letters_at_once() {
    let now = Instant::now();
    let mut queue = queue_of(NewTask::new(json!(1)), now);
    let delivery = lease(&mut queue, "a", now).unwrap();
    queue.fail(&delivery.task_id, &delivery.lease_token, failure(false, LEASE), now).unwrap();
    assert_eq!(state(&queue), TaskState::DeadLettered { reason: "no luck".to_owned() });
}

#[test]
fn a_retryable_failure_comes_back_after_its_delay_until_the_attempts_are_spent() {
    let now = Instant::now();
    let mut queue = queue_of(NewTask { max_attempts: 2, ..NewTask::new(json!(1)) }, now);
    let delivery = lease(&mut queue, "a", now).unwrap();
    queue.fail(&delivery.task_id, &delivery.lease_token, failure(true, LEASE), now).unwrap();
    assert!(lease(&mut queue, "b", now).is_none(), "not before its time");
    assert_eq!(queue.next_event(now), Some(now + LEASE));

    let later = now + LEASE;
    let delivery = lease(&mut queue, "c", later).unwrap();
    queue.fail(&delivery.task_id, &delivery.lease_token, failure(true, LEASE), later).unwrap();
    let view = queue.views().next().unwrap();
    assert!(view.state.is_settled());
    assert_eq!((view.attempts, view.history.len()), (2, 2));
}

#[test]
fn an_expired_lease_counts_as_an_attempt() {
    let now = Instant::now();
    let mut queue = queue_of(NewTask { max_attempts: 1, ..NewTask::new(json!(1)) }, now);
    lease(&mut queue, "a", now).unwrap();
    queue.settle(now + LEASE);
    assert_eq!(state(&queue), TaskState::DeadLettered { reason: "the lease expired".to_owned() });
}

#[test]
fn a_release_does_not_count_as_an_attempt() {
    let now = Instant::now();
    let mut queue = queue_of(NewTask { max_attempts: 1, ..NewTask::new(json!(1)) }, now);
    for name in ["a", "b", "c"] {
        let delivery = lease(&mut queue, name, now).unwrap();
        assert_eq!(delivery.attempt, 1);
        queue.release(&delivery.task_id, &delivery.lease_token, now).unwrap();
    }
    assert_eq!(state(&queue), TaskState::Queued);
}

#[test]
fn extending_moves_the_expiry_and_tells_of_a_cancellation() {
    let now = Instant::now();
    let mut queue = queue_of(NewTask::new(json!(1)), now);
    let delivery = lease(&mut queue, "a", now).unwrap();
    queue.cancel(&delivery.task_id);
    let later = now + LEASE - Duration::from_secs(1);
    let extension = queue.extend(&delivery.task_id, &delivery.lease_token, LEASE, later).unwrap();
    assert_eq!((extension.lease_expires_in_ms, extension.cancel_requested), (10_000, true));
    assert_eq!(queue.next_event(later), Some(later + LEASE));
}

#[test]
fn no_lease_reaches_past_the_tasks_deadline() {
    let now = Instant::now();
    let mut queue = queue_of(NewTask { deadline_ms: Some(4_000), ..NewTask::new(json!(1)) }, now);
    let delivery = lease(&mut queue, "a", now).unwrap();
    assert_eq!((delivery.lease_expires_in_ms, delivery.deadline_in_ms), (4_000, Some(4_000)));
    queue.settle(now + Duration::from_secs(4));
    assert_eq!(state(&queue), TaskState::DeadLettered { reason: "its deadline passed".to_owned() });
}

#[test]
fn one_key_is_one_task() {
    let now = Instant::now();
    let task = NewTask { idempotency_key: Some("k".to_owned()), ..NewTask::new(json!(1)) };
    let mut queue = queue_of(task.clone(), now);
    let again = queue.enqueue(task, "t-2".parse().unwrap(), now);
    assert_eq!((again.task_id.as_str(), again.duplicate), ("t-1", true));
    assert_eq!(queue.views().count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_expires_without_a_word_wakes_whoever_waits_for_the_end() {
    let tasks = super::Tasks::new();
    tasks.enqueue(NewTask { max_attempts: 1, ..NewTask::new(json!(1)) }).unwrap();
    let lease = async {
        // After the other side has begun to wait.
        tokio::task::yield_now().await;
        tasks.lease(LeaseRequest { max: 1, wait_ms: 0, lease_ms: 10_000 }).await.unwrap()
    };
    let settled = tokio::time::timeout(LEASE * 2, tasks.settled());
    let (settled, leased) = tokio::join!(settled, lease);
    assert_eq!(leased.deliveries.len(), 1);
    settled.unwrap();
}
