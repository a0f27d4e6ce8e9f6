//! A broker that is killed, again and again, in the middle of its work.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use oxg_broker::{Broker, TaskState};
use oxg_protocol::task::Deliveries;
use oxg_protocol::{ArtifactName, Digest, header};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::sync::watch;

use crate::support::{Reply, manifest, try_exchange, within};

const ROUNDS: u32 = 200;
/// How many plugins work at a time.
const WORKERS: u32 = 4;
/// The shortest that the broker gives.
const SHORT_LEASE: Duration = Duration::from_millis(100);
const DIRECTORY: &str = "OXG_TEST_CRASH_DIRECTORY";

/// The broker that is killed: this program once more. Without the variable it is an empty test.
#[tokio::test]
async fn broker_process() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let directory = Path::new(&directory);
    let broker = Broker::builder().directory(directory.join("broker")).build().unwrap();
    let session = broker.session(manifest()).open().unwrap();
    let _listener = broker.listen_unix(directory.join("sock")).unwrap();
    std::fs::write(directory.join("token.new"), session.token().expose_secret()).unwrap();
    std::fs::rename(directory.join("token.new"), directory.join("token")).unwrap();
    std::future::pending().await
}

/// Numbers that are the same for the same seed (xorshift64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// What the broker has acknowledged.
#[derive(Default)]
struct Acknowledged {
    enqueued: BTreeSet<String>,
    /// The last lease of each task.
    leases: BTreeMap<String, Lease>,
    /// How many were replaced.
    expired: usize,
    completed: BTreeMap<String, Value>,
    /// Completions whose answer was lost: they are said again.
    unanswered: Vec<Completion>,
    said_again: usize,
    findings: BTreeSet<String>,
    artifacts: BTreeMap<String, String>,
    /// Ids of requests that the audit must know.
    requests: BTreeSet<String>,
}

#[derive(Clone, Copy)]
struct Lease {
    attempt: u32,
    /// At least.
    valid_until: Instant,
}

struct Completion {
    task: String,
    token: String,
    output: String,
}

/// The same, and how much of it there is.
#[derive(Default)]
struct Journal {
    known: Mutex<Acknowledged>,
    count: watch::Sender<u64>,
}

impl Journal {
    fn add(&self, reply: &Reply, add: impl FnOnce(&mut Acknowledged)) {
        let mut known = self.known.lock().unwrap();
        known.requests.insert(reply.header(header::REQUEST_ID).to_owned());
        add(&mut known);
        self.count.send_modify(|count| *count += 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_a_killed_broker_acknowledged_is_lost_torn_or_done_twice() {
    let seed = std::env::var("OXG_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or(0x9e37_79b9_7f4a_7c15);
    println!("OXG_TEST_SEED={seed}");
    let mut random = Random(seed.max(1));
    let directory = directory();
    let journal = Arc::new(Journal::default());
    for round in 0..ROUNDS {
        let mut broker = start(directory.path()).await;
        let working: Vec<_> = (0..WORKERS)
            .map(|worker| {
                let directory = directory.path().to_owned();
                tokio::spawn(work(directory, format!("{round}-{worker}"), journal.clone()))
            })
            .collect();
        // After some answers, and then in the middle of whatever comes next.
        let enough = *journal.count.borrow() + random.below(16);
        let mut count = journal.count.subscribe();
        within(count.wait_for(|count| *count >= enough)).await.unwrap();
        tokio::time::sleep(Duration::from_micros(random.below(3_000))).await;
        broker.kill().await.unwrap();
        for worker in working {
            within(worker).await.unwrap();
        }
    }
    let known = std::mem::take(&mut *journal.known.lock().unwrap());
    println!(
        "{} tasks enqueued, {} completed, {} of them said again, {} leases expired, \
         {} findings, {} artifacts, {} lines of the audit",
        known.enqueued.len(),
        known.completed.len(),
        known.said_again,
        known.expired,
        known.findings.len(),
        known.artifacts.len(),
        known.requests.len(),
    );
    assert!(known.completed.len() > 20, "the broker hardly got to work");
    assert!(known.said_again > 0 && known.expired > 0, "another seed is needed");
    check(directory.path(), &known).await;
}

/// In memory, where there is such a place: whatever ends a process loses nothing of it that a disk
/// would keep, and 200 rounds need not wait for a disk.
fn directory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// Starts the broker and waits until it serves.
async fn start(directory: &Path) -> Child {
    let _ = std::fs::remove_file(directory.join("token"));
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::broker_process", "--nocapture"])
        .env(DIRECTORY, directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    within(async {
        while !directory.join("token").exists() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    child
}

/// What a plugin does until the broker is gone. `None` ends it.
async fn work(directory: std::path::PathBuf, name: String, journal: Arc<Journal>) {
    let token = std::fs::read_to_string(directory.join("token")).unwrap();
    let plugin = Plugin { directory, token };
    for n in 0.. {
        if step(&plugin, &format!("{name}-{n}"), &journal).await.is_none() {
            return;
        }
    }
}

async fn step(plugin: &Plugin, name: &str, journal: &Journal) -> Option<()> {
    let task = json!({ "input": { "name": name }, "idempotency_key": name });
    let reply = plugin.post("/v1/tasks", task).await?;
    journal.add(&reply, |known| {
        known.enqueued.insert(name.to_owned());
    });

    let again = journal.known.lock().unwrap().unanswered.pop();
    if let Some(completion) = again {
        complete(plugin, completion, journal, true).await?;
    }
    lease(plugin, name, journal).await?;

    let finding = json!({ "type": "a", "message": name, "severity": "low" });
    let reply = plugin.post("/v1/findings", finding).await?;
    let id = reply.json::<Value>()["accepted"].as_str().unwrap().to_owned();
    journal.add(&reply, |known| {
        known.findings.insert(id.clone());
    });

    // One name is new each time; the other is written by everybody, and whole.
    let content = format!("content of {name} ").repeat(200);
    let reply = plugin.call("PUT", &format!("/v1/artifacts/{name}"), content.clone()).await?;
    journal.add(&reply, |known| {
        known.artifacts.insert(name.to_owned(), content.clone());
    });
    plugin.call("PUT", "/v1/artifacts/shared", content.clone()).await?;
    upload(plugin, &format!("{name}-uploaded"), &content, journal).await
}

/// Leases a task; completes it, or lets its lease end.
async fn lease(plugin: &Plugin, name: &str, journal: &Journal) -> Option<()> {
    let short = name.bytes().map(u32::from).sum::<u32>() % 3 == 0;
    let time = if short { SHORT_LEASE } else { Duration::from_secs(600) };
    let asked = Instant::now();
    let wanted = json!({ "max": 1, "wait_ms": 0, "lease_ms": time.as_millis() as u64 });
    let leased: Deliveries = plugin.post("/v1/tasks/lease", wanted).await?.json();
    for delivery in leased.deliveries {
        let id = delivery.task_id.to_string();
        {
            let mut known = journal.known.lock().unwrap();
            let before = known.leases.get(&id).copied();
            if before.is_some_and(|before| before.attempt > delivery.attempt) {
                // This worker slept so long that another has it by now.
                continue;
            }
            assert!(!known.completed.contains_key(&id), "{id} is lent after it was completed");
            if let Some(before) = before {
                let ended = before.valid_until <= Instant::now();
                assert!(ended, "{id} has two holders of a valid lease");
                assert!(before.attempt < delivery.attempt, "the end of a lease is an attempt");
                known.expired += 1;
            }
            // The broker reckons in whole milliseconds.
            let valid_until = asked + time - Duration::from_millis(1);
            known.leases.insert(id.clone(), Lease { attempt: delivery.attempt, valid_until });
        }
        if !short {
            let token = delivery.lease_token.expose().to_owned();
            let completion = Completion { task: id, token, output: name.to_owned() };
            complete(plugin, completion, journal, false).await?;
        }
    }
    Some(())
}

/// Completes a task, and notes if nobody knows whether that was heard.
async fn complete(
    plugin: &Plugin,
    completion: Completion,
    journal: &Journal,
    again: bool,
) -> Option<()> {
    let Completion { task, token, output } = &completion;
    let done = json!({ "lease_token": token, "output": output });
    let Some(reply) = plugin.post(&format!("/v1/tasks/{task}/complete"), done).await else {
        journal.known.lock().unwrap().unanswered.push(completion);
        return None;
    };
    journal.add(&reply, |known| {
        known.completed.insert(task.clone(), json!(output));
        known.said_again += usize::from(again);
    });
    Some(())
}

/// An artifact in two parts.
async fn upload(plugin: &Plugin, name: &str, content: &str, journal: &Journal) -> Option<()> {
    let begun = plugin.call("POST", "/v1/uploads", String::new()).await?;
    let place = begun.header("location").to_owned();
    let (first, second) = content.split_at(content.len() / 3);
    for (offset, part) in [(0, first), (first.len(), second)] {
        plugin.append(&place, offset, part).await?;
    }
    let digest = Digest::of(content.as_bytes());
    let close = format!("{place}?name={name}&digest={digest}");
    let reply = plugin.call("PUT", &close, String::new()).await?;
    journal.add(&reply, |known| {
        known.artifacts.insert(name.to_owned(), content.to_owned());
    });
    Some(())
}

struct Plugin {
    directory: std::path::PathBuf,
    token: String,
}

impl Plugin {
    async fn post(&self, target: &str, body: Value) -> Option<Reply> {
        self.call("POST", target, body.to_string()).await
    }

    async fn call(&self, method: &str, target: &str, body: String) -> Option<Reply> {
        let request = Request::builder().method(method).uri(target);
        self.send(request, body).await
    }

    async fn append(&self, place: &str, offset: usize, part: &str) -> Option<Reply> {
        let request = Request::builder().method("PATCH").uri(place);
        self.send(request.header("upload-offset", offset), part.to_owned()).await
    }

    /// A whole answer that is no refusal, or `None` if the broker died before it came.
    async fn send(&self, request: http::request::Builder, body: String) -> Option<Reply> {
        let stream = UnixStream::connect(self.directory.join("sock")).await.ok()?;
        let request = request
            .header("host", "broker")
            .header("authorization", format!("Bearer {}", self.token))
            .body(Full::new(Bytes::from(body)))
            .unwrap();
        let reply = try_exchange(stream, request).await?;
        assert!(reply.status < 300, "{reply:?}");
        Some(reply)
    }
}

async fn check(directory: &Path, known: &Acknowledged) {
    let broker = Broker::builder().directory(directory.join("broker")).build().unwrap();
    let session = broker.session(manifest()).open().unwrap();

    let views = session.tasks();
    let keys: BTreeSet<_> = views.iter().map(|v| v.input["name"].as_str().unwrap()).collect();
    assert_eq!(keys.len(), views.len(), "one key, one task");
    for name in &known.enqueued {
        assert!(keys.contains(name.as_str()), "the task {name} is lost");
    }
    let states: BTreeMap<_, _> = views.iter().map(|v| (v.id.to_string(), &v.state)).collect();
    for (id, output) in &known.completed {
        assert_eq!(states[id], &TaskState::Completed(Some(output.clone())), "{id}");
    }

    let findings = broker.findings().unwrap();
    let ids: BTreeSet<_> = findings.iter().map(|finding| finding.id.to_string()).collect();
    assert_eq!(ids.len(), findings.len(), "a finding is kept once");
    assert!(known.findings.is_subset(&ids), "a finding is lost");

    let infos: BTreeMap<_, _> = session
        .artifacts()
        .await
        .unwrap()
        .into_iter()
        .map(|info| (info.name.clone(), info.digest))
        .collect();
    for (name, digest) in &infos {
        let bytes = session.artifact(name).await.expect("an artifact that is listed can be read");
        assert_eq!(Digest::of(&bytes), *digest, "{name}");
    }
    for (name, content) in &known.artifacts {
        let name: ArtifactName = name.parse().unwrap();
        assert_eq!(infos.get(&name), Some(&Digest::of(content.as_bytes())), "{name}");
    }

    let audit = broker.audit().unwrap();
    let ids: BTreeSet<_> =
        audit.iter().filter_map(|record| record.metadata.get("request_id")?.as_str()).collect();
    for id in &known.requests {
        assert!(ids.contains(id.as_str()), "the audit does not know of {id}");
    }
}
