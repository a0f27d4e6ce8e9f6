//! A broker that does as a test says.

use std::convert::Infallible;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use oxg_protocol::{ErrorCode, Problem};
use oxg_sdk::channel::{BrokerChannel, ChannelBuilder, TokenSource};
use oxg_sdk::http::{HeaderMap, Method, Request, Response};
use serde_json::{Value, json};
use tokio::io::DuplexStream;

pub(crate) const TOKEN: &str = "tok-0123456789abcdef";

/// One call, as it came over the wire.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Call {
    pub(crate) fn is(&self, method: Method, target: &str) -> bool {
        self.method == method && self.target == target
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What the broker does about a call.
#[derive(Debug)]
pub(crate) enum Reply {
    Answer(Response<Full<Bytes>>),
    /// Answers later.
    After(Duration, Box<Reply>),
    /// Closes the connection instead.
    HangUp,
    /// Never answers.
    Silence,
}

pub(crate) fn reply(status: u16, body: impl Into<Bytes>) -> Reply {
    let answer = Response::builder().status(status);
    Reply::Answer(answer.body(Full::new(body.into())).unwrap())
}

pub(crate) fn json(value: Value) -> Reply {
    reply(200, value.to_string())
}

pub(crate) fn problem(problem: Problem) -> Reply {
    let answer = Response::builder()
        .status(problem.status)
        .header("oxg-error", problem.code().as_str())
        .header("content-type", Problem::MEDIA_TYPE);
    let body = serde_json::to_vec(&problem).unwrap();
    Reply::Answer(answer.body(Full::new(body.into())).unwrap())
}

pub(crate) fn refuse(code: ErrorCode) -> Reply {
    problem(Problem::new(code, format!("refused: {code}")))
}

pub(crate) fn with_header(mut reply: Reply, name: &'static str, value: &str) -> Reply {
    if let Reply::Answer(answer) = &mut reply {
        answer.headers_mut().insert(name, value.parse().unwrap());
    }
    reply
}

type Script = dyn Fn(&Call) -> Option<Reply> + Send + Sync;

/// The broker. Where its script says nothing, it behaves: it opens a session, lends the tasks that
/// it was given, drains once they are gone, and says yes to everything else.
#[derive(Clone)]
pub(crate) struct FakeBroker(Arc<State>);

struct State {
    script: Box<Script>,
    calls: Mutex<Vec<Call>>,
    tasks: Mutex<Vec<Value>>,
    /// Whether the broker drains once it is out of tasks.
    drains: AtomicBool,
    gone: AtomicBool,
    connections: AtomicUsize,
}

impl FakeBroker {
    pub(crate) fn new(script: impl Fn(&Call) -> Option<Reply> + Send + Sync + 'static) -> Self {
        Self(Arc::new(State {
            script: Box::new(script),
            calls: Mutex::default(),
            tasks: Mutex::default(),
            drains: AtomicBool::new(true),
            gone: AtomicBool::new(false),
            connections: AtomicUsize::new(0),
        }))
    }

    pub(crate) fn well_behaved() -> Self {
        Self::new(|_| None)
    }

    pub(crate) fn task(self, id: &str, input: Value) -> Self {
        self.delivery(delivery(id, input))
    }

    pub(crate) fn delivery(self, delivery: Value) -> Self {
        self.0.tasks.lock().unwrap().push(delivery);
        self
    }

    pub(crate) fn never_draining(self) -> Self {
        self.0.drains.store(false, Ordering::SeqCst);
        self
    }

    /// From now on nobody listens.
    pub(crate) fn leave(&self) {
        self.0.gone.store(true, Ordering::SeqCst);
    }

    pub(crate) fn builder(&self) -> ChannelBuilder {
        let broker = self.clone();
        BrokerChannel::from_connector(move || {
            let broker = broker.clone();
            async move { broker.connect() }
        })
        .token(TokenSource::value(TOKEN).unwrap())
    }

    pub(crate) fn channel(&self) -> BrokerChannel {
        self.builder().build()
    }

    pub(crate) fn connections(&self) -> usize {
        self.0.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.0.calls.lock().unwrap().clone()
    }

    pub(crate) fn calls_to(&self, end: &str) -> Vec<Call> {
        let calls = self.calls();
        calls.into_iter().filter(|call| call.target.ends_with(end)).collect()
    }

    fn connect(&self) -> io::Result<DuplexStream> {
        if self.0.gone.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        self.0.connections.fetch_add(1, Ordering::SeqCst);
        let (ours, theirs) = tokio::io::duplex(64 << 10);
        let broker = self.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| broker.clone().serve(request));
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(ours), service)
                .await;
        });
        Ok(theirs)
    }

    async fn serve(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, HungUp> {
        if self.0.gone.load(Ordering::SeqCst) {
            return Err(HungUp);
        }
        let (head, body) = request.into_parts();
        // A body that breaks off ends the connection, as with a real broker.
        let body = body.collect().await.map_err(|_| HungUp)?.to_bytes();
        let call =
            Call { method: head.method, target: head.uri.to_string(), headers: head.headers, body };
        self.0.calls.lock().unwrap().push(call.clone());
        let mut reply = (self.0.script)(&call).unwrap_or_else(|| self.behave(&call));
        loop {
            match reply {
                Reply::Answer(answer) => return Ok(answer),
                Reply::HangUp => return Err(HungUp),
                Reply::Silence => std::future::pending::<Infallible>().await,
                Reply::After(delay, then) => {
                    tokio::time::sleep(delay).await;
                    reply = *then;
                    continue;
                }
            };
        }
    }

    fn behave(&self, call: &Call) -> Reply {
        match (call.method.as_str(), call.target.as_str()) {
            ("GET", "/v1/session") => json(session()),
            ("POST", "/v1/tasks/lease") => self.lend(call),
            ("POST", target) if target.ends_with("/extend") => {
                json(json!({ "lease_expires_in_ms": call.json()["lease_ms"] }))
            }
            ("POST", "/v1/findings") => {
                let lines = call.body.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
                let receipts = lines.map(|line| {
                    let finding: Value = serde_json::from_slice(line).unwrap();
                    format!("{}\n", json!({ "accepted": finding["id"] }))
                });
                reply(200, receipts.collect::<String>())
            }
            _ => reply(204, ""),
        }
    }

    fn lend(&self, call: &Call) -> Reply {
        let request = call.json();
        let mut tasks = self.0.tasks.lock().unwrap();
        let most = usize::try_from(request["max"].as_u64().unwrap()).unwrap();
        let lent: Vec<_> = (0..most.min(tasks.len())).map(|_| tasks.remove(0)).collect();
        if lent.is_empty() && !self.0.drains.load(Ordering::SeqCst) {
            let wait = Duration::from_millis(request["wait_ms"].as_u64().unwrap());
            return Reply::After(wait, Box::new(json(json!({ "deliveries": [] }))));
        }
        let draining = lent.is_empty();
        json(json!({ "deliveries": lent, "draining": draining }))
    }
}

pub(crate) fn session() -> Value {
    json!({
        "protocol": "1.0",
        "features": ["egress", "secrets", "artifacts", "tasks", "findings", "logs"],
        "plugin": "probe",
        "run_id": "run-1",
        "capabilities": ["http", "storage", "secrets", "tasks", "findings"],
    })
}

pub(crate) fn delivery(id: &str, input: Value) -> Value {
    json!({
        "task_id": id, "kind": "task", "attempt": 1, "lease_token": format!("lease-of-{id}"),
        "lease_expires_in_ms": 30_000, "idempotency_key": id, "input": input,
    })
}

#[derive(Debug)]
struct HungUp;

impl std::fmt::Display for HungUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("hung up")
    }
}

impl std::error::Error for HungUp {}
