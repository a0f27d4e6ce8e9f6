//! A store against a model of it that is too simple to be wrong: whatever is done in whatever order
//! and at whatever times, both say the same.

use std::time::Duration;

use oxg_manifest::PluginName;
use oxg_protocol::TaskId;
use oxg_protocol::task::{Delivery, NewTask};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;

use super::clock::Clock;
use super::queues::Queues;
use super::{DurableTasks, Failure, Holder, MemoryTasks, TaskError, TaskState, TaskStore};

/// What can be done. A delivery is meant by its number, modulo how many there were.
#[derive(Debug, Clone)]
enum Step {
    Enqueue { key: Option<u8>, max_attempts: u32, deadline_ms: Option<u64> },
    Lease { max: u32, lease_ms: u64 },
    Extend { delivery: usize, lease_ms: u64 },
    Complete { delivery: usize },
    Fail { delivery: usize, retryable: bool, after_ms: u64 },
    Release { delivery: usize },
    Cancel { delivery: usize },
    Pass { ms: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let delivery = 0..64_usize;
    let lease = || prop_oneof![Just(0), 50..3_000_u64, Just(10_000_000)];
    prop_oneof![
        3 => (proptest::option::of(0..4_u8), 1..4_u32, proptest::option::of(1..8_000_u64)).prop_map(
            |(key, max_attempts, deadline_ms)| Step::Enqueue { key, max_attempts, deadline_ms }
        ),
        4 => (1..4_u32, lease()).prop_map(|(max, lease_ms)| Step::Lease { max, lease_ms }),
        2 => (delivery.clone(), lease())
            .prop_map(|(delivery, lease_ms)| Step::Extend { delivery, lease_ms }),
        2 => delivery.clone().prop_map(|delivery| Step::Complete { delivery }),
        2 => (delivery.clone(), any::<bool>(), 0..2_000_u64).prop_map(
            |(delivery, retryable, after_ms)| Step::Fail { delivery, retryable, after_ms }
        ),
        1 => delivery.clone().prop_map(|delivery| Step::Release { delivery }),
        1 => delivery.prop_map(|delivery| Step::Cancel { delivery }),
        4 => prop_oneof![0..300_u64, 300..4_000_u64].prop_map(|ms| Step::Pass { ms }),
    ]
}

/// Times are in milliseconds.
#[derive(Debug)]
struct Task {
    id: TaskId,
    key: Option<u8>,
    max_attempts: u32,
    deadline_ms: Option<u64>,
    deadline: Option<u64>,
    not_before: u64,
    attempts: u32,
    ended: usize,
    cancel: bool,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Queued,
    Leased { delivery: usize, until: u64 },
    Completed { delivery: usize },
    Dead,
}

impl Task {
    fn settle(&mut self, now: u64) {
        if matches!(self.state, State::Leased { until, .. } if until <= now) {
            self.end_attempt(true);
        }
        let open = !matches!(self.state, State::Completed { .. } | State::Dead);
        if open && self.deadline.is_some_and(|deadline| deadline <= now) {
            self.state = State::Dead;
        }
    }

    fn end_attempt(&mut self, retryable: bool) {
        self.ended += 1;
        let again = retryable && self.attempts < self.max_attempts;
        self.state = if again { State::Queued } else { State::Dead };
    }

    fn lease_until(&self, now: u64, lease_ms: u64) -> u64 {
        let wanted = now + lease_ms.clamp(100, 600_000);
        self.deadline.map_or(wanted, |deadline| wanted.min(deadline))
    }

    fn is_held_by(&self, number: usize) -> bool {
        matches!(self.state, State::Leased { delivery, .. } if delivery == number)
    }
}

/// The store, the model, and what both have said so far.
struct Comparison<'a> {
    store: &'a dyn TaskStore,
    clock: Clock,
    now: u64,
    plugin: PluginName,
    tasks: Vec<Task>,
    deliveries: Vec<Delivery>,
}

impl<'a> Comparison<'a> {
    fn new(store: &'a dyn TaskStore, clock: &Clock) -> Self {
        let plugin = "probe".parse().unwrap();
        // Paused time runs on to the next timer while the disk's thread works.
        clock.stop();
        Self { store, clock: clock.clone(), now: 0, plugin, tasks: vec![], deliveries: vec![] }
    }

    async fn take(&mut self, step: &Step) {
        match *step {
            Step::Pass { ms } => {
                self.clock.skip(Duration::from_millis(ms));
                self.now += ms;
            }
            Step::Enqueue { key, max_attempts, deadline_ms } => {
                self.enqueue(key, max_attempts, deadline_ms).await;
            }
            Step::Lease { max, lease_ms } => self.lease(max, lease_ms).await,
            Step::Extend { delivery, .. }
            | Step::Complete { delivery }
            | Step::Fail { delivery, .. }
            | Step::Release { delivery }
            | Step::Cancel { delivery } => {
                if !self.deliveries.is_empty() {
                    self.act(delivery % self.deliveries.len(), step).await;
                }
            }
        }
        self.compare();
    }

    async fn enqueue(&mut self, key: Option<u8>, max_attempts: u32, deadline_ms: Option<u64>) {
        let idempotency_key = key.map(|key| format!("key-{key}"));
        let new = NewTask { idempotency_key, max_attempts, deadline_ms, ..NewTask::new(json!(1)) };
        let enqueued = self.store.enqueue(&self.plugin, new).await.unwrap();
        let known = self.tasks.iter().find(|task| key.is_some() && task.key == key);
        assert_eq!(enqueued.duplicate, known.is_some());
        if let Some(known) = known {
            assert_eq!(enqueued.task_id, known.id);
            return;
        }
        assert!(self.tasks.iter().all(|task| task.id != enqueued.task_id));
        self.tasks.push(Task {
            id: enqueued.task_id,
            key,
            max_attempts,
            deadline_ms,
            deadline: None,
            not_before: self.now,
            attempts: 0,
            ended: 0,
            cancel: false,
            state: State::Queued,
        });
    }

    async fn lease(&mut self, max: u32, lease_ms: u64) {
        let lease = Duration::from_millis(lease_ms);
        let lent = self.store.lease(&self.plugin, max, lease).await.unwrap();
        let now = self.settle();
        let due = |task: &&Task| task.state == State::Queued && task.not_before <= now;
        let expected = self.tasks.iter().filter(due).count().min(max as usize);
        assert_eq!(lent.len(), expected);
        for delivery in lent {
            let number = self.deliveries.len();
            let task = self.tasks.iter_mut().find(|task| task.id == delivery.task_id).unwrap();
            assert!(due(&&*task), "{task:?} was lent");
            task.attempts += 1;
            task.deadline = task.deadline.or(task.deadline_ms.map(|time| now + time));
            let until = task.lease_until(now, lease_ms);
            task.state = State::Leased { delivery: number, until };
            assert_eq!(
                (delivery.attempt, delivery.lease_expires_in_ms),
                (task.attempts, until - now)
            );
            assert_eq!(delivery.deadline_in_ms, task.deadline.map(|deadline| deadline - now));
            let fresh = |old: &Delivery| old.lease_token.expose() != delivery.lease_token.expose();
            assert!(self.deliveries.iter().all(fresh));
            self.deliveries.push(delivery);
        }
    }

    /// What a holder, present or past, says of its task.
    async fn act(&mut self, number: usize, step: &Step) {
        let Delivery { task_id, lease_token, .. } = self.deliveries[number].clone();
        let holder = Holder { task: task_id.clone(), token: lease_token };
        let now = self.settle();
        let task = self.tasks.iter_mut().find(|task| task.id == task_id).unwrap();
        let (store, plugin) = (self.store, &self.plugin);
        let result = match *step {
            Step::Extend { lease_ms, .. } => {
                let lease = Duration::from_millis(lease_ms);
                store.extend(plugin, holder, lease).await.map(|extension| {
                    let until = task.lease_until(now, lease_ms);
                    assert_eq!(extension.lease_expires_in_ms, until - now);
                    assert_eq!(extension.cancel_requested, task.cancel);
                })
            }
            Step::Complete { .. } => store.complete(plugin, holder, None).await,
            Step::Fail { retryable, after_ms, .. } => {
                let retry_after = Duration::from_millis(after_ms);
                let failure = Failure { reason: "no luck".to_owned(), retryable, retry_after };
                store.fail(plugin, holder, failure).await
            }
            Step::Release { .. } => store.release(plugin, holder).await,
            _ => {
                store.cancel(plugin, task_id).await.unwrap();
                task.cancel |= matches!(task.state, State::Queued | State::Leased { .. });
                return;
            }
        };
        let again = matches!(step, Step::Complete { .. })
            && task.state == State::Completed { delivery: number };
        if !task.is_held_by(number) {
            let lost = matches!(result, Err(TaskError::LeaseLost));
            assert!(if again { result.is_ok() } else { lost }, "{task:?}: {result:?}");
            return;
        }
        result.unwrap();
        match *step {
            Step::Extend { lease_ms, .. } => {
                let until = task.lease_until(now, lease_ms);
                task.state = State::Leased { delivery: number, until };
            }
            Step::Complete { .. } => task.state = State::Completed { delivery: number },
            Step::Fail { retryable, after_ms, .. } => {
                task.not_before = now + after_ms;
                task.end_attempt(retryable);
            }
            _ => {
                task.attempts -= 1;
                task.state = State::Queued;
            }
        }
    }

    fn settle(&mut self) -> u64 {
        self.tasks.iter_mut().for_each(|task| task.settle(self.now));
        self.now
    }

    fn compare(&mut self) {
        self.settle();
        let views = self.store.views(&self.plugin);
        assert_eq!(views.len(), self.tasks.len());
        for (view, task) in views.iter().zip(&self.tasks) {
            let same = matches!(
                (&view.state, task.state),
                (TaskState::Queued, State::Queued)
                    | (TaskState::Leased, State::Leased { .. })
                    | (TaskState::Completed(_), State::Completed { .. })
                    | (TaskState::DeadLettered { .. }, State::Dead)
            );
            assert!(same, "{view:?} is not {task:?}");
            assert_eq!((&view.id, view.attempts), (&task.id, task.attempts));
            assert_eq!(view.history.len(), task.ended, "{view:?} is not {task:?}");
        }
    }
}

/// Takes the steps under a clock that stands still but for [`Step::Pass`].
fn follow(steps: &[Step], open: impl FnOnce() -> (Box<dyn TaskStore>, Clock)) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.build().unwrap();
    runtime.block_on(async {
        let (store, clock) = open();
        let mut comparison = Comparison::new(&*store, &clock);
        for step in steps {
            comparison.take(step).await;
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_tasks_in_memory_are_as_the_model_says(steps in vec(step(), 1..80)) {
        follow(&steps, || {
            let store = MemoryTasks::new();
            let clock = store.plugins().clock().clone();
            (Box::new(store), clock)
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_tasks_on_disk_are_as_the_model_says(steps in vec(step(), 1..40)) {
        let directory = tempfile::tempdir().unwrap();
        follow(&steps, || {
            let store = DurableTasks::open(&directory.path().join("tasks.redb")).unwrap();
            let clock = store.plugins().clock().clone();
            (Box::new(store), clock)
        });
    }
}
