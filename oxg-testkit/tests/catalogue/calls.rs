//! Every call that the SDK's clients make.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use oxg_protocol::log::{Level, LogRecord};
use oxg_protocol::task::{Delivery, NewTask};
use oxg_sdk::clients::Clients;
use oxg_sdk::clients::http::{HttpClient, HttpError};
use oxg_sdk::prelude::*;
use oxg_sdk::redact::Redactor;
use oxg_testkit::{Call as Pattern, Testkit, get};
use serde_json::json;

use super::Idle;
use super::outcome::Outcome;

const PAGE: &str = "https://shop.test/";
const LEASE: Duration = Duration::from_secs(60);

/// A call of the SDK, and the calls of the protocol that it makes.
pub(crate) struct Call {
    pub(crate) name: &'static str,
    /// Its deadline, in seconds.
    seconds: u64,
    pub(crate) pattern: fn() -> Pattern,
    pub(crate) make: fn(Prepared) -> Making,
}

impl Call {
    /// The deadline, and the second that the SDK gives the broker to say so itself.
    pub(crate) fn limit(&self) -> Duration {
        Duration::from_secs(self.seconds) + Duration::from_millis(1_100)
    }
}

type Making = Pin<Box<dyn Future<Output = String>>>;

/// What calls need to succeed where nothing goes wrong.
pub(crate) struct Prepared {
    clients: Clients,
    http: HttpClient,
    held: Delivery,
}

impl Prepared {
    pub(crate) async fn new(kit: &Testkit<Idle>) -> Self {
        drop(kit.http().on(get(PAGE)).reply(200).body("hello").optional());
        let channel = kit.channel().await;
        let clients = Clients::new(channel.clone(), Redactor::default());
        clients.artifacts().put("a.txt", "hello").await.unwrap();
        clients.tasks().enqueue(&NewTask::new(json!({}))).await.unwrap();
        let mut lent = clients.tasks().lease(1, Duration::ZERO, LEASE).await.unwrap();
        Self { clients, http: HttpClient::new(channel), held: lent.deliveries.remove(0) }
    }
}

macro_rules! calls {
    ($($name:literal, $seconds:literal, $pattern:expr, |$made:ident| $make:expr;)*) => {
        pub(crate) const CALLS: &[Call] = &[$(Call {
            name: $name,
            seconds: $seconds,
            pattern: || $pattern,
            make: |$made| Box::pin(async move { Outcome::of($make.await).to_string() }),
        }),*];
    };
}

calls! {
    "session", 30, Pattern::session(), |with| with.clients.session();
    "secret", 30, Pattern::secret("api-token"), |with| with.clients.secrets().get("api-token");
    "put", 600, Pattern::put_artifact("b.txt"), |with| with.clients.artifacts().put("b.txt", "hello");
    // Ten minutes a connection, of which it takes up to six.
    "get", 3606, Pattern::get_artifact("a.txt"), |with| read(with.clients);
    "head", 30, Pattern::head_artifact("a.txt"), |with| with.clients.artifacts().head("a.txt");
    "delete", 30, Pattern::delete_artifact("a.txt"), |with| with.clients.artifacts().delete("a.txt");
    "list", 30, Pattern::list_artifacts(), |with| list(with.clients);
    "lease", 10, Pattern::lease_tasks(), |with| with.clients.tasks().lease(1, Duration::ZERO, LEASE);
    "extend", 21, Pattern::extend_task(),
        |with| with.clients.tasks().extend(&with.held.task_id, &with.held.lease_token, LEASE);
    "complete", 30, Pattern::complete_task(),
        |with| with.clients.tasks().complete(&with.held.task_id, &with.held.lease_token, None);
    "release", 30, Pattern::release_task(),
        |with| with.clients.tasks().release(&with.held.task_id, &with.held.lease_token);
    "enqueue", 30, Pattern::enqueue_task(), |with| enqueue(with.clients);
    "finding", 30, Pattern::report_findings(),
        |with| with.clients.findings("idle").emit(Finding::low("a.b", "seen"));
    "log", 10, Pattern::send_logs(), |with| with.clients.log(record());
    "http", 30, Pattern::egress(PAGE), |with| fetch(with.http);
}

async fn read(clients: Clients) -> std::result::Result<(), oxg_sdk::clients::ArtifactError> {
    clients.artifacts().get("a.txt").await?.bytes(64).await?;
    Ok(())
}

async fn list(clients: Clients) -> std::result::Result<(), oxg_sdk::clients::ApiError> {
    clients.artifacts().list("").next().await.map(drop)
}

async fn enqueue(clients: Clients) -> std::result::Result<(), oxg_sdk::clients::ApiError> {
    clients.tasks().enqueue(&NewTask::new(json!({}))).await.map(drop)
}

async fn fetch(http: HttpClient) -> std::result::Result<(), HttpError> {
    http.get(PAGE).send().await?.bytes().await.map(drop)
}

fn record() -> LogRecord {
    LogRecord {
        ts: "2026-01-01T00:00:00.000Z".to_owned(),
        level: Level::Info,
        target: "idle".to_owned(),
        msg: "hello".to_owned(),
        plugin: None,
        run_id: None,
        task_id: None,
        trace_id: None,
        fields: Default::default(),
        spans: Vec::new(),
    }
}
