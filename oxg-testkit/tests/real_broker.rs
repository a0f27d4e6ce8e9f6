//! The SDK against the broker of `oxg-broker`: over sockets, and over a stream in memory where time
//! is the test's own.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use oxg_broker::egress::{CheckedRequest, ScriptedResolver, Sending, Upstream};
use oxg_broker::{Broker, Session, TaskState, full};
use oxg_manifest::Manifest;
use oxg_protocol::audit::Decision;
use oxg_protocol::task::NewTask;
use oxg_protocol::{Endpoint, ErrorCode, Limits};
use oxg_sdk::channel::{Body, BrokerChannel, ChannelBuilder, TokenSource};
use oxg_sdk::clients::ArtifactError;
use oxg_sdk::logging::Logging;
use oxg_sdk::prelude::*;
use oxg_sdk::redact::Redactor;
use oxg_sdk::run::StopReason;
use oxg_sdk::{RunError, RunSummary, Runtime, http};
use secrecy::ExposeSecret as _;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

type Hook = dyn Fn(Context<Probe>, Task) -> Pin<Box<dyn Future<Output = Result<TaskOutcome>> + Send>>
    + Send
    + Sync;

/// A plugin that does as a test says.
struct Probe(Box<Hook>);

#[oxg_sdk::plugin]
impl Plugin for Probe {
    async fn on_task(&self, ctx: &Context<Self>, task: Task) -> Result<TaskOutcome> {
        (self.0)(ctx.clone(), task).await
    }
}

fn probe<F>(hook: impl Fn(Context<Probe>, Task) -> F + Send + Sync + 'static) -> Probe
where
    F: Future<Output = Result<TaskOutcome>> + Send + 'static,
{
    Probe(Box::new(move |ctx, task| Box::pin(hook(ctx, task))))
}

/// Answers every request, and counts them.
#[derive(Clone, Default)]
struct Target {
    served: Arc<AtomicUsize>,
    fields: usize,
    delay: Duration,
}

impl Upstream for Target {
    fn send(&self, checked: CheckedRequest) -> Sending<'_> {
        Box::pin(async move {
            self.served.fetch_add(1, Ordering::SeqCst);
            let _ = checked.request.into_body().collect().await;
            sleep(self.delay).await;
            let mut answer = http::Response::new(full("a page"));
            for n in 0..self.fields {
                let name = http::HeaderName::try_from(format!("x-field-{n}")).unwrap();
                answer.headers_mut().insert(name, "1".parse().unwrap());
            }
            Ok(answer)
        })
    }
}

/// A broker with one session, and the plugin's way to it.
struct Host {
    broker: Broker,
    session: Session,
    connections: Arc<AtomicUsize>,
}

impl Host {
    fn new() -> Self {
        Self::with(Limits::default(), Target::default())
    }

    fn with(limits: Limits, target: Target) -> Self {
        let broker = Broker::builder()
            .limits(limits)
            .resolver(ScriptedResolver::new().otherwise([[93, 184, 215, 14].into()]))
            .upstream(target);
        let broker = broker.build().unwrap();
        let manifest = Manifest::from_slice(<Probe as oxg_sdk::Declared>::MANIFEST.as_bytes());
        let session = broker
            .session(manifest.unwrap())
            .secret("api-token".parse().unwrap(), "canary-0123456789".into());
        let session = session.open().unwrap();
        Self { broker, session, connections: Arc::default() }
    }

    async fn task(self, input: serde_json::Value) -> Self {
        self.session.enqueue(NewTask::new(input)).await.unwrap();
        self
    }

    fn token(&self) -> TokenSource {
        TokenSource::value(self.session.token().expose_secret()).unwrap()
    }

    fn builder(&self) -> ChannelBuilder {
        let (broker, connections) = (self.broker.clone(), self.connections.clone());
        BrokerChannel::from_connector(move || {
            connections.fetch_add(1, Ordering::SeqCst);
            std::future::ready(Ok(broker.connect()))
        })
        .token(self.token())
    }

    fn dial(&self, endpoint: &Endpoint) -> ChannelBuilder {
        BrokerChannel::builder(endpoint).unwrap().token(self.token())
    }

    fn runtime(&self, plugin: Probe) -> Runtime<Probe> {
        Runtime::new(plugin, self.builder().build()).workspace("/nowhere")
    }

    async fn run(&self, plugin: Probe) -> std::result::Result<RunSummary, RunError> {
        self.until_settled(self.runtime(plugin)).await
    }

    /// Drains once every task is settled, as a launcher does.
    async fn until_settled(
        &self,
        runtime: Runtime<Probe>,
    ) -> std::result::Result<RunSummary, RunError> {
        let mut running = std::pin::pin!(runtime.run(std::future::pending()));
        tokio::select! {
            result = &mut running => return result,
            () = self.session.settled() => self.session.drain(),
        }
        running.await
    }

    fn state(&self) -> TaskState {
        self.session.tasks()[0].state.clone()
    }

    fn reason(&self) -> String {
        match self.state() {
            TaskState::DeadLettered { reason } => reason,
            other => panic!("not dead-lettered: {other:?}"),
        }
    }

    fn decided(&self, decision: Decision, about: &str) -> usize {
        let audit = self.broker.audit().unwrap();
        let about = |record: &&oxg_protocol::audit::AuditRecord| {
            record.decision == decision
                && serde_json::to_string(&record.metadata).unwrap().contains(about)
        };
        audit.iter().filter(about).count()
    }
}

/// Everything that a plugin does, once.
fn busy() -> Probe {
    probe(|ctx, _| async move {
        let secret = ctx.secrets().get("api-token").await?;
        let page = ctx.http().get("https://shop.test/").bearer_auth(&secret).send().await?;
        ctx.artifacts().put("page.html", page.into_body()).await?;
        let page = ctx.artifacts().get("page.html").await?.bytes(64).await?;
        ctx.emit(Finding::info("web.page.seen", "there is a page")).await?;
        TaskOutcome::with_output(&String::from_utf8_lossy(&page))
    })
}

async fn works_over(host: &Host, endpoint: &Endpoint) {
    let runtime = Runtime::new(busy(), host.dial(endpoint).build()).workspace("/nowhere");
    let summary = timeout(Duration::from_secs(60), host.until_settled(runtime)).await;
    assert_eq!(summary.unwrap().unwrap().completed, 1);
    assert_eq!(host.state(), TaskState::Completed(Some("a page".into())));
    assert_eq!(host.broker.findings().unwrap().len(), 1);
}

#[tokio::test]
async fn a_plugin_works_over_a_unix_socket() {
    let directory = tempfile::tempdir().unwrap();
    let host = Host::new().task(json!({})).await;
    let listener = host.broker.listen_unix(directory.path().join("broker.sock")).unwrap();
    works_over(&host, listener.endpoint()).await;
}

#[tokio::test]
async fn a_plugin_works_over_tcp() {
    let host = Host::new().task(json!({})).await;
    let listener = host.broker.listen_tcp(([127, 0, 0, 1], 0).into()).await.unwrap();
    works_over(&host, listener.endpoint()).await;
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_goes_away_in_the_middle_of_a_task_ends_the_run() {
    for polite in [false, true] {
        let host = Host::new().task(json!({})).await;
        let directory = tempfile::tempdir().unwrap();
        let logging = Logging::new(Redactor::default()).directory(directory.path()).unwrap();
        // The streams to the broker, which all end at once when it is killed.
        let wires = Arc::new(Mutex::new(Some(JoinSet::new())));
        let (broker, plugged) = (host.broker.clone(), wires.clone());
        let channel = BrokerChannel::from_connector(move || {
            let refused = std::io::ErrorKind::ConnectionRefused.into();
            let mut wires = plugged.lock().unwrap();
            std::future::ready(wires.as_mut().ok_or(refused).map(|wires| {
                let (near, mut far) = tokio::io::duplex(1 << 16);
                let mut broker = broker.connect();
                wires.spawn(async move {
                    tokio::io::copy_bidirectional(&mut far, &mut broker).await.map(drop)
                });
                near
            }))
        });
        let channel = channel.token(host.token()).build();
        let runtime = Runtime::new(probe(|_, _| std::future::pending()), channel);
        let runtime = runtime.workspace("/nowhere").logging(logging.build());
        let started = Instant::now();
        let leave = async {
            sleep(Duration::from_secs(3)).await;
            if polite {
                host.broker.shutdown().await;
            }
            *wires.lock().unwrap() = None;
        };
        let (result, ()) = tokio::join!(runtime.run(std::future::pending()), leave);
        let error = result.unwrap_err();
        assert_eq!(error.exit().code(), 69, "{error:?}");
        assert!(started.elapsed() < Duration::from_secs(60));
        let log = std::fs::read_to_string(directory.path().join("run.log")).unwrap();
        assert!(log.lines().last().unwrap().contains("run ended early"), "{log}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_that_the_broker_closed_is_not_noticed() {
    for pause in [59, 60, 61, 300] {
        let host = Host::new().task(json!({})).await;
        let plugin = probe(move |ctx, _| async move {
            for _ in 0..3 {
                let answer = ctx.http().post("https://shop.test/").body("one").send().await?;
                assert_eq!(answer.bytes().await?, "a page");
                sleep(Duration::from_secs(pause)).await;
            }
            Ok(TaskOutcome::done())
        });
        let runtime = host.runtime(plugin).task_timeout(Duration::from_secs(3600));
        assert_eq!(host.until_settled(runtime).await.unwrap().completed, 1, "after {pause} s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_denial_is_asked_for_once() {
    let host = Host::new().task(json!({})).await;
    let plugin = probe(|ctx, _| async move {
        ctx.http().get("https://evil.test/").send().await?;
        Ok(TaskOutcome::done())
    });
    assert_eq!(host.run(plugin).await.unwrap().failed, 1);
    assert_eq!(host.decided(Decision::Deny, "evil.test"), 1);
    assert!(host.reason().contains("evil.test"), "{}", host.reason());
    assert_eq!(host.session.tasks()[0].attempts, 1);
}

#[tokio::test]
async fn an_artifact_that_is_too_large_is_refused_with_its_code() {
    let mut limits = Limits::default();
    limits.artifact_bytes = 64 << 10;
    // The broker answers while the body is still on its way, over each kind of stream.
    for (way, streamed) in [("memory", false), ("unix", false), ("unix", true), ("tcp", true)] {
        let host = Host::with(limits.clone(), Target::default()).task(json!({})).await;
        let directory = tempfile::tempdir().unwrap();
        let unix = host.broker.listen_unix(directory.path().join("broker.sock")).unwrap();
        let tcp = host.broker.listen_tcp(([127, 0, 0, 1], 0).into()).await.unwrap();
        let dial = |endpoint: &Endpoint| BrokerChannel::builder(endpoint).unwrap();
        let channel = match way {
            "unix" => dial(unix.endpoint()).token(host.token()),
            "tcp" => dial(tcp.endpoint()).token(host.token()),
            _ => host.builder(),
        };
        let found = Arc::new(Mutex::new(None));
        let seen = found.clone();
        let plugin = probe(move |ctx, _| {
            let seen = seen.clone();
            async move {
                let bytes = Bytes::from(vec![b'x'; 2 << 20]);
                let body: Body = match streamed {
                    true => Body::wrap(http_body_util::Full::new(bytes)),
                    false => bytes.into(),
                };
                let result = ctx.artifacts().put("big.bin", body).await;
                *seen.lock().unwrap() = Some(result);
                Ok(TaskOutcome::done())
            }
        });
        let runtime = Runtime::new(plugin, channel.build()).workspace("/nowhere");
        let run = runtime.run(host.session.settled());
        timeout(Duration::from_secs(60), run).await.unwrap().unwrap();
        let result = found.lock().unwrap().take().unwrap();
        let Err(ArtifactError::Api(error)) = result else { panic!("{way}: {result:?}") };
        assert_eq!(error.code(), Some(ErrorCode::PayloadTooLarge), "{way}: {error:?}");
        assert!(host.session.artifacts().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn an_output_that_is_too_large_fails_the_task_with_the_reason() {
    let directory = tempfile::tempdir().unwrap();
    let host = Host::new().task(json!({})).await;
    let unix = host.broker.listen_unix(directory.path().join("broker.sock")).unwrap();
    let channel = host.dial(unix.endpoint()).build();
    let plugin = probe(|_, _| async { TaskOutcome::with_output(&"a word ".repeat(1 << 20)) });
    let runtime = Runtime::new(plugin, channel).workspace("/nowhere");
    let run = host.until_settled(runtime);
    assert_eq!(timeout(Duration::from_secs(60), run).await.unwrap().unwrap().failed, 1);
    assert!(host.reason().contains("limit is 1048576"), "{}", host.reason());
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_extended_over_a_long_task_that_is_completed_once() {
    let host = Host::new().task(json!({})).await;
    let runs = Arc::new(AtomicUsize::new(0));
    let seen = runs.clone();
    let plugin = probe(move |_, _| {
        seen.fetch_add(1, Ordering::SeqCst);
        async {
            sleep(Duration::from_secs(300)).await;
            Ok(TaskOutcome::done())
        }
    });
    let summary = host.run(plugin).await.unwrap();
    assert_eq!((summary.completed, summary.failed, summary.lost), (1, 0, 0));
    assert_eq!((runs.load(Ordering::SeqCst), host.session.tasks()[0].attempts), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn leases_are_extended_while_the_plugin_waits_for_more_pages_than_it_may_ask_for_at_a_time() {
    let target = Target { delay: Duration::from_secs(25), ..Target::default() };
    let host = Host::with(Limits::default(), target).task(json!({})).await;
    let plugin = probe(|ctx, _| async move {
        let mut pages = JoinSet::new();
        for _ in 0..150 {
            let page = ctx.http().get("https://shop.test/").timeout(secs(600));
            pages.spawn(page.send());
        }
        for page in pages.join_all().await {
            page?;
        }
        Ok(TaskOutcome::done())
    });
    let summary = host.run(plugin).await.unwrap();
    assert_eq!((summary.completed, summary.failed, summary.lost), (1, 0, 0));
    assert_eq!(host.session.tasks()[0].attempts, 1);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_task_hears_of_it() {
    let host = Host::new().task(json!({})).await;
    let id = host.session.tasks()[0].id.clone();
    let plugin = probe(|ctx, _| async move {
        ctx.cancelled().await;
        std::future::pending().await
    });
    let cancel = async {
        sleep(Duration::from_secs(3)).await;
        host.session.cancel(&id).await.unwrap();
    };
    let (summary, ()) = tokio::join!(host.run(plugin), cancel);
    assert_eq!(summary.unwrap().failed, 1);
    assert_eq!(host.reason(), "the task was cancelled");
}

#[tokio::test(start_paused = true)]
async fn a_task_whose_own_deadline_passes_has_failed_and_is_not_lost() {
    let host = Host::new();
    let mut task = NewTask::new(json!({}));
    task.deadline_ms = Some(45_000);
    host.session.enqueue(task).await.unwrap();
    let runtime = host.runtime(probe(|_, _| std::future::pending()));
    let summary = runtime.run(sleep(Duration::from_secs(60))).await.unwrap();
    assert_eq!((summary.failed, summary.lost), (1, 0));
    assert!(host.reason().contains("deadline passed"), "{}", host.reason());
}

#[tokio::test(start_paused = true)]
async fn only_so_many_tasks_run_at_a_time() {
    let mut host = Host::new();
    for n in 0..20 {
        host = host.task(json!(n)).await;
    }
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (running, peak) = (now.clone(), most.clone());
    let plugin = probe(move |_, _| {
        let (running, peak) = (running.clone(), peak.clone());
        async move {
            peak.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            sleep(Duration::from_secs(1)).await;
            running.fetch_sub(1, Ordering::SeqCst);
            Ok(TaskOutcome::done())
        }
    });
    let runtime = host.runtime(plugin).concurrency(3);
    assert_eq!(host.until_settled(runtime).await.unwrap().completed, 20);
    assert_eq!(most.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn a_draining_broker_gets_the_running_tasks_done_and_keeps_the_others() {
    let mut host = Host::new();
    for n in 0..6 {
        host = host.task(json!(n)).await;
    }
    let plugin = probe(|_, _| async {
        sleep(Duration::from_secs(90)).await;
        Ok(TaskOutcome::done())
    });
    let runtime = host.runtime(plugin).concurrency(4);
    let drain = async {
        sleep(Duration::from_secs(5)).await;
        host.session.drain();
    };
    let (summary, ()) = tokio::join!(runtime.run(std::future::pending()), drain);
    let summary = summary.unwrap();
    assert_eq!((summary.completed, summary.reason), (4, StopReason::Draining));
    let tasks = host.session.tasks();
    let queued = tasks.iter().filter(|task| task.state == TaskState::Queued && task.attempts == 0);
    assert_eq!(queued.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_finding_of_an_attempt_that_failed_is_kept_once() {
    let host = Host::new().task(json!({})).await;
    let ids = Arc::new(Mutex::new(Vec::new()));
    let seen = ids.clone();
    let plugin = probe(move |ctx, task| {
        let seen = seen.clone();
        async move {
            let id = ctx.emit(Finding::low("web.a", "there it is")).await?;
            seen.lock().unwrap().push(id);
            if task.attempt() == 1 {
                return Err(Failure::retryable("not yet"));
            }
            Ok(TaskOutcome::done())
        }
    });
    let summary = host.run(plugin).await.unwrap();
    assert_eq!((summary.completed, summary.failed), (1, 1));
    let ids = ids.lock().unwrap();
    assert!(ids.len() == 2 && ids[0] == ids[1], "{ids:?}");
    assert_eq!(host.broker.findings().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_findings_and_a_flood_of_logs_get_through_in_order() {
    let host = Host::new().task(json!({})).await;
    let plugin = probe(|ctx, _| async move {
        let findings = (0..10_000).map(|n| Finding::info("web.page", format!("page {n}")));
        for n in 0..5_000 {
            info!(n, "a line of the flood");
        }
        sleep(Duration::from_secs(1)).await;
        assert_eq!(ctx.findings().emit_all(findings).await?.len(), 10_000);
        Ok(TaskOutcome::done())
    });
    let logging = Logging::new(Redactor::default()).broker().build();
    let summary = host.until_settled(host.runtime(plugin).logging(logging)).await.unwrap();
    assert_eq!(summary.completed, 1);
    assert_eq!(host.broker.findings().unwrap().len(), 10_000);
    let logs = host.broker.logs().unwrap();
    assert!(logs.iter().any(|line| line.msg.contains("log lines are missing here")));
    assert_eq!(logs.last().unwrap().msg, "run ended");
}

#[tokio::test(start_paused = true)]
async fn a_target_that_sends_many_header_fields_is_still_an_answer() {
    let target = Target { fields: 250, ..Target::default() };
    let host = Host::with(Limits::default(), target.clone()).task(json!({})).await;
    let plugin = probe(|ctx, _| async move {
        let page = ctx.http().get("https://shop.test/").send().await?;
        TaskOutcome::with_output(
            &page.headers().keys().filter(|name| name.as_str().starts_with("x-field-")).count(),
        )
    });
    host.run(plugin).await.unwrap();
    assert_eq!(host.state(), TaskState::Completed(Some(250.into())));
    assert_eq!(target.served.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn calls_one_after_another_share_a_connection() {
    let host = Host::new().task(json!({})).await;
    let plugin = probe(|ctx, _| async move {
        for n in 0..20 {
            ctx.emit(Finding::info("web.page", format!("page {n}"))).await?;
            ctx.artifacts().put("page.txt", "a page").await?;
            ctx.artifacts().delete("page.txt").await?;
            info!(n, "one more");
            sleep(Duration::from_secs(1)).await;
        }
        Ok(TaskOutcome::done())
    });
    let logging = Logging::new(Redactor::default()).broker().build();
    host.until_settled(host.runtime(plugin).logging(logging)).await.unwrap();
    assert!(host.connections.load(Ordering::SeqCst) <= 5, "{:?}", host.connections);
}

#[tokio::test(start_paused = true)]
async fn a_secret_does_not_leak_although_nobody_names_the_redactor() {
    let host = Host::new().task(json!({})).await;
    let lines = Arc::new(Mutex::new(String::new()));
    let seen = lines.clone();
    let logging = Logging::new(Redactor::default())
        .sink(move |line: &oxg_sdk::logging::LogLine<'_>| seen.lock().unwrap().push_str(line.json))
        .build();
    let plugin = probe(|ctx, _| async move {
        let value = ctx.secrets().get("api-token").await?.expose(str::to_owned);
        info!("it is {value}");
        Err(Failure::permanent(value))
    });
    host.until_settled(host.runtime(plugin).logging(logging)).await.unwrap();
    let lines = lines.lock().unwrap();
    assert!(lines.contains("it is ") && !lines.contains("canary-0123456789"), "{lines}");
}

#[tokio::test]
async fn a_large_artifact_goes_up_in_pieces_and_comes_back_whole() {
    let directory = tempfile::tempdir().unwrap();
    let host = Host::new().task(json!({})).await;
    let unix = host.broker.listen_unix(directory.path().join("broker.sock")).unwrap();
    let channel = host.dial(unix.endpoint()).build();
    let root = directory.path().to_owned();
    let plugin = probe(move |ctx, _| {
        let root = root.clone();
        async move {
            let content: Vec<u8> = (0..8_400_003_u32).map(|n| (n % 251) as u8).collect();
            let body = Body::wrap(http_body_util::Full::new(Bytes::from(content.clone())));
            let artifacts = ctx.artifacts();
            let info = artifacts.put("big.bin", body).if_absent().await?;
            artifacts.get("big.bin").await?.to_file(root.join("big.bin")).await?;
            assert!(std::fs::read(root.join("big.bin")).unwrap() == content);
            let again = artifacts.put("big.bin", "x").if_absent().await;
            assert!(again.unwrap_err().is_precondition_failed());
            artifacts.delete_if_match("big.bin", info.digest).await?;
            assert!(artifacts.list("").next().await?.is_none());
            Ok(TaskOutcome::done())
        }
    });
    let runtime = Runtime::new(plugin, channel).workspace("/nowhere");
    let summary = timeout(Duration::from_secs(60), host.until_settled(runtime)).await;
    assert_eq!(summary.unwrap().unwrap().completed, 1);
}
