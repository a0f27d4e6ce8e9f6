use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use oxg_manifest::PluginName;
use oxg_protocol::task::{Delivery, NewTask};
use serde_json::json;
use tempfile::TempDir;

use super::NatsTasks;
use crate::BrokerError;
use crate::tasks::{Failure, Holder, TaskError, TaskState, TaskStore as _};

const LEASE: Duration = Duration::from_secs(60);

/// A server of its own for a test.
pub(in crate::tasks) struct NatsServer {
    process: Child,
    port: u16,
    directory: TempDir,
}

impl NatsServer {
    /// `None`, and a word on it, where the server is not installed.
    pub(in crate::tasks) fn start() -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let Some(process) = spawn(directory.path(), "-1") else {
            eprintln!("SKIPPED: nats-server is not installed; Debian: apt-get install nats-server");
            return None;
        };
        let ports = directory.path().join(format!("nats-server_{}.ports", process.id()));
        let mut server = Self { process, port: 0, directory };
        for _ in 0..1_000 {
            let text = std::fs::read_to_string(&ports).unwrap_or_default();
            if let Some(found) = serde_json::from_str(&text).ok().and_then(|p| port(&p)) {
                server.port = found;
                return Some(server);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("nats-server does not say where it listens");
    }

    pub(in crate::tasks) async fn connect(&self) -> NatsTasks {
        NatsTasks::connect(&self.url()).await.unwrap()
    }

    fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    fn start_again(&mut self) {
        self.process = spawn(self.directory.path(), &self.port.to_string()).unwrap();
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn spawn(directory: &Path, port: &str) -> Option<Child> {
    let start = |program: &str| {
        let mut command = Command::new(program);
        command.args(["-js", "-a", "127.0.0.1", "-p", port, "-sd"]).arg(directory.join("store"));
        command.arg("--ports_file_dir").arg(directory);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
    };
    // Debian has it where not every user looks.
    start("nats-server").or_else(|_| start("/usr/sbin/nats-server")).ok()
}

fn port(ports: &serde_json::Value) -> Option<u16> {
    ports.get("nats")?.get(0)?.as_str()?.rsplit_once(':')?.1.parse().ok()
}

fn plugin() -> PluginName {
    "probe".parse().unwrap()
}

fn holder(delivery: &Delivery) -> Holder {
    Holder { task: delivery.task_id.clone(), token: delivery.lease_token.clone() }
}

fn keyed(key: &str) -> NewTask {
    NewTask { idempotency_key: Some(key.to_owned()), ..NewTask::new(json!(key)) }
}

async fn lease(store: &NatsTasks) -> Option<Delivery> {
    store.lease(&plugin(), 1, LEASE).await.unwrap().pop()
}

/// Waits for what other brokers have done to be known to `store`.
async fn until(store: &NatsTasks, what: impl Fn(&NatsTasks) -> bool) {
    let mut changes = store.changes(&plugin());
    let wait = async {
        loop {
            changes.mark_seen();
            if what(store) {
                return;
            }
            changes.changed().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.unwrap();
}

#[tokio::test]
async fn of_two_brokers_one_holds_a_task_and_each_knows_what_the_other_does() {
    let Some(server) = NatsServer::start() else { return };
    let (a, b) = (server.connect().await, server.connect().await);
    a.enqueue(&plugin(), keyed("k")).await.unwrap();
    assert!(b.enqueue(&plugin(), keyed("k")).await.unwrap().duplicate);
    let (by_a, by_b) = tokio::join!(lease(&a), lease(&b));
    assert_eq!(by_a.iter().chain(&by_b).count(), 1);
    let delivery = by_a.or(by_b).unwrap();

    // What was lent by one broker is extended and completed through either.
    for store in [&a, &b, &a] {
        let extension = store.extend(&plugin(), holder(&delivery), LEASE).await.unwrap();
        assert_eq!(extension.lease_expires_in_ms, 60_000);
    }
    for store in [&b, &a, &b] {
        store.complete(&plugin(), holder(&delivery), None).await.unwrap();
    }
    until(&a, |store| store.counts(&plugin()).completed == 1).await;
    assert!(a.enqueue(&plugin(), keyed("k")).await.unwrap().duplicate);
}

#[tokio::test]
async fn a_broker_whose_clock_is_ahead_takes_a_task_over_and_the_old_token_is_worth_nothing() {
    let Some(server) = NatsServer::start() else { return };
    let (a, b) = (server.connect().await, server.connect().await);
    a.enqueue(&plugin(), NewTask::new(json!(1))).await.unwrap();
    let first = lease(&a).await.unwrap();
    until(&b, |store| store.counts(&plugin()).leased == 1).await;
    assert!(lease(&b).await.is_none());
    b.clock().skip(LEASE);
    let second = lease(&b).await.unwrap();
    assert_eq!(second.attempt, 2);

    // Whether or not the first broker has heard of it.
    let late = a.complete(&plugin(), holder(&first), None).await;
    assert!(matches!(late, Err(TaskError::LeaseLost)), "{late:?}");
    let late = b.extend(&plugin(), holder(&first), LEASE).await;
    assert!(matches!(late, Err(TaskError::LeaseLost)), "{late:?}");
    a.complete(&plugin(), holder(&second), None).await.unwrap();
    let view = a.views(&plugin()).remove(0);
    assert_eq!(
        (view.state, view.history),
        (TaskState::Completed(None), vec!["the lease expired".to_owned()])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_holders_at_two_brokers_do_every_task_once() {
    const TASKS: usize = 300;
    let Some(server) = NatsServer::start() else { return };
    let stores = [Arc::new(server.connect().await), Arc::new(server.connect().await)];
    for n in 0..TASKS {
        stores[n % 2].enqueue(&plugin(), NewTask::new(json!(n))).await.unwrap();
    }
    let working = (0..16).map(|worker| {
        let (mine, other) = (stores[worker % 2].clone(), stores[(worker + 1) % 2].clone());
        tokio::spawn(async move {
            let mut done = Vec::new();
            while mine.counts(&plugin()).queued > 0 {
                for delivery in mine.lease(&plugin(), 3, LEASE).await.unwrap() {
                    other.complete(&plugin(), holder(&delivery), None).await.unwrap();
                    done.push(delivery.task_id.to_string());
                }
                // What is left may be about to be lent to another.
                tokio::task::yield_now().await;
            }
            done
        })
    });
    let mut done = Vec::new();
    for worker in working.collect::<Vec<_>>() {
        done.extend(worker.await.unwrap());
    }
    done.sort();
    done.dedup();
    assert_eq!(done.len(), TASKS);
    for store in &stores {
        until(store, |store| store.counts(&plugin()).completed == TASKS).await;
        assert!(store.views(&plugin()).iter().all(|view| view.attempts == 1));
    }
}

#[tokio::test]
async fn a_lease_is_valid_after_a_restart_of_every_broker_until_its_end() {
    let Some(server) = NatsServer::start() else { return };
    let store = server.connect().await;
    store.enqueue(&plugin(), NewTask::new(json!(1))).await.unwrap();
    let held = store.lease(&plugin(), 1, LEASE).await.unwrap().remove(0);
    store.enqueue(&plugin(), NewTask::new(json!(2))).await.unwrap();
    let short = store.lease(&plugin(), 1, Duration::from_millis(100)).await.unwrap().remove(0);
    drop(store);
    tokio::time::sleep(Duration::from_millis(150)).await;

    let store = server.connect().await;
    let late = store.complete(&plugin(), holder(&short), None).await;
    assert!(matches!(late, Err(TaskError::LeaseLost)), "the time off counts: {late:?}");
    assert_eq!(lease(&store).await.unwrap().attempt, 2);
    assert!(lease(&store).await.is_none(), "the other is still held");
    store.complete(&plugin(), holder(&held), None).await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_killed_and_comes_back_has_lost_nothing_and_meanwhile_says_no() {
    let Some(mut server) = NatsServer::start() else { return };
    let store = server.connect().await;
    for n in 0..3 {
        store.enqueue(&plugin(), NewTask::new(json!(n))).await.unwrap();
    }
    let done = lease(&store).await.unwrap();
    store.complete(&plugin(), holder(&done), Some(json!("x"))).await.unwrap();
    let held = lease(&store).await.unwrap();

    server.kill();
    let refused = store.complete(&plugin(), holder(&held), None).await;
    let Err(TaskError::Store(problem)) = refused else { panic!("{refused:?}") };
    assert!(problem.contains("NATS"), "{problem}");
    assert_eq!(store.counts(&plugin()).open(), 2, "the last that is known");
    server.start_again();

    let again = async {
        while store.complete(&plugin(), holder(&held), None).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), again).await.unwrap();
    store.complete(&plugin(), holder(&done), None).await.unwrap();
    let last = lease(&store).await.unwrap();
    store.complete(&plugin(), holder(&last), None).await.unwrap();
    assert_eq!((last.input, store.counts(&plugin()).completed), (json!(2), 3));
    let views = server.connect().await.views(&plugin());
    assert!(views.iter().all(|view| view.state.is_settled() && view.attempts == 1), "{views:?}");
}

#[tokio::test]
async fn what_is_longer_than_the_server_takes_is_refused_with_the_limit() {
    let Some(server) = NatsServer::start() else { return };
    let store = server.connect().await;
    let long = "x".repeat(2 << 20);
    let refused = store.enqueue(&plugin(), NewTask::new(json!(long))).await.unwrap_err();
    assert!(matches!(refused, TaskError::TooLarge { .. }), "{refused}");
    store.enqueue(&plugin(), NewTask::new(json!(1))).await.unwrap();
    let delivery = lease(&store).await.unwrap();
    let refused = store.complete(&plugin(), holder(&delivery), Some(json!(long))).await;
    assert!(matches!(refused, Err(TaskError::TooLarge { .. })), "{refused:?}");
    let failure = Failure { reason: "too long".to_owned(), retryable: false, retry_after: LEASE };
    store.fail(&plugin(), holder(&delivery), failure).await.unwrap();
}

#[tokio::test]
async fn a_place_without_a_server_and_a_stream_of_others_are_named() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = NatsTasks::connect(&format!("nats://u:hidden@{unused}")).await.unwrap_err();
    assert!(matches!(error, BrokerError::TaskServer { .. }), "{error}");
    assert!(error.to_string().contains(&unused.to_string()), "{error}");
    assert!(!error.to_string().contains("hidden"), "{error}");

    let Some(server) = NatsServer::start() else { return };
    let client = async_nats::connect(server.url()).await.unwrap();
    let context = async_nats::jetstream::new(client);
    let config = async_nats::jetstream::stream::Config {
        name: "oxg-tasks".to_owned(),
        ..Default::default()
    };
    context.create_stream(config).await.unwrap();
    let error = NatsTasks::connect(&server.url()).await.unwrap_err();
    assert!(error.to_string().contains("none of a broker"), "{error}");
}
