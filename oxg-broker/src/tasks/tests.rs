//! The rules of the protocol, against every store.

use std::sync::Arc;
use std::time::Duration;

use oxg_manifest::PluginName;
use oxg_protocol::task::{Delivery, LeaseRequest, NewTask};
use serde_json::json;
use tempfile::TempDir;

use super::clock::Clock;
use super::queues::Queues;
use super::session::Tasks;
use super::{DurableTasks, Failure, Holder, MemoryTasks, TaskError, TaskState, TaskStore};

const LEASE: Duration = Duration::from_secs(10);

/// A store under test, and its clock.
struct Subject {
    store: Arc<dyn TaskStore>,
    clock: Clock,
    _directory: Option<TempDir>,
    #[cfg(feature = "nats")]
    _server: Option<super::nats::tests::NatsServer>,
}

impl Subject {
    fn new(store: impl TaskStore, clock: Clock) -> Self {
        Self {
            store: Arc::new(store),
            clock,
            _directory: None,
            #[cfg(feature = "nats")]
            _server: None,
        }
    }

    /// `None` where there is no server to test against.
    #[cfg(feature = "nats")]
    async fn nats() -> Option<Self> {
        let server = super::nats::tests::NatsServer::start()?;
        let store = server.connect().await;
        let clock = store.clock().clone();
        Some(Self { _server: Some(server), ..Self::new(store, clock) })
    }

    fn memory() -> Self {
        let store = MemoryTasks::new();
        let clock = store.plugins().clock().clone();
        Self::new(store, clock)
    }

    fn durable() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = DurableTasks::open(&directory.path().join("tasks.redb")).unwrap();
        let clock = store.plugins().clock().clone();
        Self { _directory: Some(directory), ..Self::new(store, clock) }
    }

    async fn enqueue(&self, task: NewTask) {
        self.store.enqueue(&plugin(), task).await.unwrap();
    }

    async fn lease(&self) -> Option<Delivery> {
        self.store.lease(&plugin(), 1, LEASE).await.unwrap().pop()
    }

    async fn complete(&self, delivery: &Delivery) -> Result<(), TaskError> {
        self.store.complete(&plugin(), holder(delivery), Some(json!("x"))).await
    }

    async fn fail(
        &self,
        delivery: &Delivery,
        retryable: bool,
        retry_after: Duration,
    ) -> Result<(), TaskError> {
        let failure = Failure { reason: "no luck".to_owned(), retryable, retry_after };
        self.store.fail(&plugin(), holder(delivery), failure).await
    }

    fn state(&self) -> TaskState {
        self.store.views(&plugin()).remove(0).state
    }
}

fn plugin() -> PluginName {
    "probe".parse().unwrap()
}

fn holder(delivery: &Delivery) -> Holder {
    Holder { task: delivery.task_id.clone(), token: delivery.lease_token.clone() }
}

fn task() -> NewTask {
    NewTask::new(json!({ "n": 1 }))
}

fn dead(reason: &str) -> TaskState {
    TaskState::DeadLettered { reason: reason.to_owned() }
}

/// Each rule as a test of each store.
macro_rules! rules {
    ($($rule:ident,)*) => {
        mod memory {
            $(#[tokio::test] async fn $rule() { super::$rule(&super::Subject::memory()).await })*
        }
        #[cfg(feature = "nats")]
        mod nats {
            $(#[tokio::test] async fn $rule() {
                let Some(subject) = super::Subject::nats().await else { return };
                super::$rule(&subject).await;
            })*
        }
        mod durable {
            $(#[tokio::test] async fn $rule() { super::$rule(&super::Subject::durable()).await })*
        }
    };
}

rules! {
    a_task_is_lent_to_one_holder_at_a_time,
    a_stale_lease_token_never_completes_a_task,
    a_token_is_worth_nothing_for_another_task_or_plugin,
    no_two_deliveries_have_one_token,
    completing_twice_with_one_token_is_completing_once,
    a_failure_that_cannot_be_retried_dead_letters_at_once,
    a_retryable_failure_comes_back_after_its_delay_until_the_attempts_are_spent,
    an_expired_lease_counts_as_an_attempt,
    a_release_does_not_count_as_an_attempt,
    extending_moves_the_end_and_tells_of_a_cancellation,
    no_lease_reaches_past_the_deadline_of_the_task,
    one_key_is_one_task_even_when_it_is_done,
    leases_are_bounded_whatever_is_asked,
    many_tasks_are_lent_oldest_first_and_counted,
    a_long_reason_is_cut,
    a_lease_that_nobody_took_is_given_back,
    whoever_waits_for_the_end_hears_of_it,
}

async fn a_task_is_lent_to_one_holder_at_a_time(subject: &Subject) {
    subject.enqueue(task()).await;
    let delivery = subject.lease().await.unwrap();
    assert_eq!((delivery.attempt, &delivery.input), (1, &json!({ "n": 1 })));
    assert_eq!((delivery.lease_expires_in_ms, delivery.deadline_in_ms), (10_000, None));
    assert!(subject.lease().await.is_none());
}

async fn a_stale_lease_token_never_completes_a_task(subject: &Subject) {
    subject.enqueue(task()).await;
    let first = subject.lease().await.unwrap();
    subject.clock.skip(LEASE);
    let second = subject.lease().await.unwrap();
    assert_eq!(second.attempt, 2);
    assert!(matches!(subject.complete(&first).await, Err(TaskError::LeaseLost)));
    assert!(matches!(subject.fail(&first, true, LEASE).await, Err(TaskError::LeaseLost)));
    assert_eq!(subject.state(), TaskState::Leased);
    subject.complete(&second).await.unwrap();
    assert_eq!(subject.state(), TaskState::Completed(Some(json!("x"))));
    assert!(matches!(subject.complete(&first).await, Err(TaskError::LeaseLost)));
}

async fn a_token_is_worth_nothing_for_another_task_or_plugin(subject: &Subject) {
    subject.enqueue(task()).await;
    subject.enqueue(task()).await;
    let (mine, other) = (subject.lease().await.unwrap(), subject.lease().await.unwrap());
    let crossed = Holder { task: other.task_id, token: mine.lease_token.clone() };
    let result = subject.store.complete(&plugin(), crossed, None).await;
    assert!(matches!(result, Err(TaskError::LeaseLost)));
    let stranger = "stranger".parse().unwrap();
    let result = subject.store.complete(&stranger, holder(&mine), None).await;
    assert!(matches!(result, Err(TaskError::NotFound)));
}

async fn no_two_deliveries_have_one_token(subject: &Subject) {
    subject.enqueue(task()).await;
    let first = subject.lease().await.unwrap();
    subject.store.release(&plugin(), holder(&first)).await.unwrap();
    let second = subject.lease().await.unwrap();
    assert_ne!(first.lease_token.expose(), second.lease_token.expose());
    assert!(matches!(subject.complete(&first).await, Err(TaskError::LeaseLost)));
}

async fn completing_twice_with_one_token_is_completing_once(subject: &Subject) {
    subject.enqueue(task()).await;
    let delivery = subject.lease().await.unwrap();
    subject.complete(&delivery).await.unwrap();
    subject.store.complete(&plugin(), holder(&delivery), Some(json!("y"))).await.unwrap();
    assert_eq!(subject.state(), TaskState::Completed(Some(json!("x"))));
    assert!(subject.fail(&delivery, true, LEASE).await.is_err());
}

async fn a_failure_that_cannot_be_retried_dead_letters_at_once(subject: &Subject) {
    subject.enqueue(task()).await;
    let delivery = subject.lease().await.unwrap();
    subject.fail(&delivery, false, LEASE).await.unwrap();
    assert_eq!(subject.state(), dead("no luck"));
}

async fn a_retryable_failure_comes_back_after_its_delay_until_the_attempts_are_spent(
    subject: &Subject,
) {
    subject.enqueue(NewTask { max_attempts: 2, ..task() }).await;
    let delivery = subject.lease().await.unwrap();
    subject.fail(&delivery, true, LEASE).await.unwrap();
    assert!(subject.lease().await.is_none(), "not before its time");
    subject.clock.skip(LEASE);
    let delivery = subject.lease().await.unwrap();
    subject.fail(&delivery, true, LEASE).await.unwrap();
    let view = subject.store.views(&plugin()).remove(0);
    assert_eq!((view.state, view.attempts), (dead("no luck"), 2));
    assert_eq!(view.history, ["no luck", "no luck"]);
}

async fn an_expired_lease_counts_as_an_attempt(subject: &Subject) {
    subject.enqueue(NewTask { max_attempts: 1, ..task() }).await;
    subject.lease().await.unwrap();
    subject.clock.skip(LEASE);
    assert_eq!(subject.state(), dead("the lease expired"), "seen before it is settled");
    subject.store.settle(&plugin()).await.unwrap();
    assert_eq!(subject.store.counts(&plugin()).dead_lettered, 1);
}

async fn a_release_does_not_count_as_an_attempt(subject: &Subject) {
    subject.enqueue(NewTask { max_attempts: 1, ..task() }).await;
    for _ in 0..3 {
        let delivery = subject.lease().await.unwrap();
        assert_eq!(delivery.attempt, 1);
        subject.store.release(&plugin(), holder(&delivery)).await.unwrap();
    }
    assert_eq!(subject.state(), TaskState::Queued);
}

async fn extending_moves_the_end_and_tells_of_a_cancellation(subject: &Subject) {
    subject.enqueue(task()).await;
    let delivery = subject.lease().await.unwrap();
    subject.store.cancel(&plugin(), delivery.task_id.clone()).await.unwrap();
    subject.clock.skip(LEASE - Duration::from_secs(1));
    let extension = subject.store.extend(&plugin(), holder(&delivery), LEASE).await.unwrap();
    assert_eq!((extension.lease_expires_in_ms, extension.cancel_requested), (10_000, true));
    subject.clock.skip(LEASE - Duration::from_secs(1));
    assert_eq!(subject.state(), TaskState::Leased);
    subject.clock.skip(Duration::from_secs(1));
    let late = subject.store.extend(&plugin(), holder(&delivery), LEASE).await;
    assert!(matches!(late, Err(TaskError::LeaseLost)));
}

async fn no_lease_reaches_past_the_deadline_of_the_task(subject: &Subject) {
    subject.enqueue(NewTask { deadline_ms: Some(4_000), ..task() }).await;
    let delivery = subject.lease().await.unwrap();
    assert_eq!((delivery.lease_expires_in_ms, delivery.deadline_in_ms), (4_000, Some(4_000)));
    subject.fail(&delivery, true, Duration::ZERO).await.unwrap();
    subject.clock.skip(Duration::from_secs(4));
    assert!(subject.lease().await.is_none());
    assert_eq!(subject.state(), dead("its deadline passed"));
}

async fn one_key_is_one_task_even_when_it_is_done(subject: &Subject) {
    let keyed = NewTask { idempotency_key: Some("k".to_owned()), ..task() };
    let first = subject.store.enqueue(&plugin(), keyed.clone()).await.unwrap();
    assert!(!first.duplicate);
    let again = subject.store.enqueue(&plugin(), keyed.clone()).await.unwrap();
    assert_eq!((&again.task_id, again.duplicate), (&first.task_id, true));
    let delivery = subject.lease().await.unwrap();
    assert_eq!(delivery.idempotency_key, "k");
    subject.complete(&delivery).await.unwrap();
    assert!(subject.store.enqueue(&plugin(), keyed).await.unwrap().duplicate);
    assert!(subject.lease().await.is_none());
}

async fn leases_are_bounded_whatever_is_asked(subject: &Subject) {
    for (asked, given) in [(Duration::ZERO, 100), (Duration::MAX, 600_000)] {
        subject.enqueue(task()).await;
        let lent = subject.store.lease(&plugin(), 1, asked).await.unwrap();
        assert_eq!(lent[0].lease_expires_in_ms, given);
        subject.complete(&lent[0]).await.unwrap();
    }
}

async fn many_tasks_are_lent_oldest_first_and_counted(subject: &Subject) {
    for n in 0..5 {
        subject.enqueue(NewTask::new(json!(n))).await;
    }
    let lent = subject.store.lease(&plugin(), 3, LEASE).await.unwrap();
    let inputs: Vec<_> = lent.iter().map(|delivery| delivery.input.clone()).collect();
    assert_eq!(inputs, [json!(0), json!(1), json!(2)]);
    subject.complete(&lent[0]).await.unwrap();
    subject.fail(&lent[1], false, LEASE).await.unwrap();
    let counts = subject.store.counts(&plugin());
    assert_eq!(
        (counts.queued, counts.leased, counts.completed, counts.dead_lettered, counts.open()),
        (2, 1, 1, 1, 3)
    );
}

async fn a_long_reason_is_cut(subject: &Subject) {
    subject.enqueue(task()).await;
    let delivery = subject.lease().await.unwrap();
    let failure =
        Failure { reason: "é".repeat(5000), retryable: false, retry_after: Duration::ZERO };
    subject.store.fail(&plugin(), holder(&delivery), failure).await.unwrap();
    let view = subject.store.views(&plugin()).remove(0);
    assert_eq!(view.history[0].chars().count(), 1025);
}

async fn a_lease_that_nobody_took_is_given_back(subject: &Subject) {
    subject.enqueue(NewTask { max_attempts: 1, ..task() }).await;
    let tasks = Tasks::new(subject.store.clone(), plugin());
    let wanted = LeaseRequest { max: 1, wait_ms: 60_000, lease_ms: 600_000 };
    let lent = tasks.lease(wanted).await.unwrap();
    assert_eq!(subject.state(), TaskState::Leased);
    drop(lent);
    let again = tasks.lease(wanted).await.unwrap();
    assert_eq!(again.deliveries()[0].attempt, 1);
}

async fn whoever_waits_for_the_end_hears_of_it(subject: &Subject) {
    subject.enqueue(task()).await;
    let tasks = Tasks::new(subject.store.clone(), plugin());
    let work = async {
        let delivery = subject.lease().await.unwrap();
        subject.complete(&delivery).await.unwrap();
    };
    let ended = async { tokio::join!(tasks.settled(), work) };
    tokio::time::timeout(Duration::from_secs(30), ended).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_expires_without_a_word_wakes_whoever_waits_for_the_end() {
    let subject = Subject::memory();
    let tasks = Tasks::new(subject.store.clone(), plugin());
    subject.enqueue(NewTask { max_attempts: 1, ..task() }).await;
    let lease = async {
        // After the other side has begun to wait.
        tokio::task::yield_now().await;
        subject.lease().await.unwrap()
    };
    let settled = tokio::time::timeout(LEASE * 2, tasks.settled());
    let (settled, _) = tokio::join!(settled, lease);
    settled.unwrap();
}

mod limits {
    use std::time::Duration;

    use oxg_protocol::TaskId;
    use oxg_protocol::task::NewTask;
    use serde_json::json;

    use crate::tasks::clock::Moment;
    use crate::tasks::queue::Queue;
    use crate::tasks::{Holder, TaskError};

    fn id(n: usize) -> TaskId {
        format!("t-{n}").parse().unwrap()
    }

    fn enqueue(queue: &mut Queue, n: usize, input: &str) -> Result<(), TaskError> {
        let key = Some(n.to_string());
        let task = NewTask { idempotency_key: key, ..NewTask::new(json!(input)) };
        queue.enqueue(task, id(n), Moment::default()).map(|_| ())
    }

    fn complete(queue: &mut Queue, output: &str) {
        let token = || "token-0123456789".parse().unwrap();
        let lent = queue.lease(token(), Duration::from_secs(60), Moment::default()).unwrap();
        let holder = Holder { task: lent.task_id, token: token() };
        queue.complete(&holder, Some(json!(output)), Moment::default()).unwrap();
    }

    #[test]
    fn a_full_queue_takes_no_more_until_a_task_is_settled() {
        let mut queue = Queue::default();
        for n in 0..100_000 {
            enqueue(&mut queue, n, "").unwrap();
        }
        assert!(matches!(enqueue(&mut queue, 100_000, ""), Err(TaskError::Full(_))));
        enqueue(&mut queue, 7, "known already").unwrap();
        complete(&mut queue, "");
        enqueue(&mut queue, 100_000, "").unwrap();

        let mut queue = Queue::default();
        let large = "x".repeat(100 << 20);
        enqueue(&mut queue, 0, &large).unwrap();
        enqueue(&mut queue, 1, &large).unwrap();
        assert!(matches!(enqueue(&mut queue, 2, &large), Err(TaskError::Full(_))));
    }

    #[test]
    fn the_oldest_settled_tasks_are_forgotten_and_open_ones_never() {
        let mut queue = Queue::default();
        for n in 0..10_002 {
            enqueue(&mut queue, n, "").unwrap();
        }
        for _ in 0..10_001 {
            complete(&mut queue, "");
        }
        let counts = queue.counts();
        assert_eq!((counts.completed, counts.queued), (10_000, 1));
        assert_eq!(queue.views(Moment::default())[0].id, id(1));
        enqueue(&mut queue, 0, "").unwrap();
        assert_eq!(queue.counts().queued, 2, "its key counts as new");

        let mut queue = Queue::default();
        for n in 0..3 {
            enqueue(&mut queue, n, "").unwrap();
            complete(&mut queue, &"x".repeat(30 << 20));
        }
        assert_eq!(queue.counts().completed, 2);
    }
}
