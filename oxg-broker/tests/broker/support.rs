//! What the tests share: a plugin's side of the wire, scripted names, scripted targets.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use oxg_broker::egress::{CheckedRequest, ScriptedResolver, Sending, Upstream, UpstreamError};
use oxg_broker::{Body, BodyError, Broker, Session};
use oxg_manifest::Manifest;
use oxg_protocol::audit::{AuditRecord, Decision};
use oxg_protocol::{ErrorCode, Limits, Problem, header};
use secrecy::ExposeSecret as _;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

/// Longer than anything that a test waits for, so that a hang is a failure.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    let result = tokio::time::timeout(PATIENCE, future).await;
    result.expect("what the test waits for never came")
}

/// Waits until `condition` holds, in real time.
pub(crate) async fn until(mut condition: impl FnMut() -> bool) {
    let limit = std::time::Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(std::time::Instant::now() < limit, "the condition never held");
        tokio::task::yield_now().await;
    }
}

pub(crate) fn manifest_of(name: &str, capabilities: Value) -> Manifest {
    let manifest = json!({
        "name": name, "version": "0.1.0", "entry": "./probe", "capabilities": capabilities,
    });
    manifest.to_string().parse().unwrap()
}

/// A manifest that asks for everything that this broker has.
pub(crate) fn manifest() -> Manifest {
    let capabilities = json!({
        "http": { "outbound": ["broker"], "hosts": ["shop.test"] },
        "storage": { "workspace": true, "artifacts": "read-write" },
        "secrets": { "broker": true, "names": ["api-token"] },
        "tasks": { "pull": true },
        "findings": { "emit": true },
    });
    manifest_of("probe", capabilities)
}

pub(crate) fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    change(&mut limits);
    limits
}

/// A plugin with a session of its own. Each call is a connection of its own.
pub(crate) struct Plugin {
    pub(crate) broker: Broker,
    pub(crate) session: Session,
}

impl Plugin {
    pub(crate) fn new() -> Self {
        Self::of(Broker::builder().build().unwrap())
    }

    pub(crate) fn of(broker: Broker) -> Self {
        let session = broker.session(manifest()).open().unwrap();
        Self { broker, session }
    }

    /// One that may reach these ports of this machine.
    pub(crate) fn reaching(broker: Broker, ports: &[u16]) -> Self {
        let mut session = broker.session(manifest());
        for port in ports {
            session = session.allow_loopback(*port);
        }
        let session = session.open().unwrap();
        Self { broker, session }
    }

    /// The value of its authorization field.
    pub(crate) fn bearer(&self) -> String {
        format!("Bearer {}", self.session.token().expose_secret())
    }

    /// A request with the plugin's token, where the kind of target wants it.
    pub(crate) fn request(&self, method: &str, target: &str) -> http::request::Builder {
        let field = if target.starts_with('/') { "authorization" } else { "proxy-authorization" };
        Request::builder()
            .method(method)
            .uri(target)
            .header("host", "broker")
            .header(field, self.bearer())
    }

    pub(crate) async fn call(&self, method: &str, target: &str, body: impl Into<Bytes>) -> Reply {
        let body = Full::new(body.into());
        self.send(self.request(method, target).body(body).unwrap()).await
    }

    pub(crate) async fn post(&self, target: &str, body: &Value) -> Reply {
        self.call("POST", target, body.to_string()).await
    }

    pub(crate) async fn send<B>(&self, request: Request<B>) -> Reply
    where
        B: http_body::Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
            + Send
            + 'static,
    {
        exchange(self.broker.connect(), request).await
    }

    /// What is known of a refusal, in the answer and in the audit.
    #[track_caller]
    pub(crate) fn refusal(&self, reply: &Reply) -> Problem {
        let problem = reply.problem();
        let record = self.audited(reply);
        assert_ne!(record.decision, Decision::Allow, "{record:?}");
        problem
    }

    /// The last record of the audit with the request id of `reply`.
    #[track_caller]
    pub(crate) fn audited(&self, reply: &Reply) -> AuditRecord {
        let id = reply.header(header::REQUEST_ID);
        let mut records = self.broker.audit().unwrap();
        records.retain(|record| record.metadata.get("request_id") == Some(&json!(id)));
        records.pop().expect("the audit knows of the call")
    }
}

/// A whole response.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    #[track_caller]
    pub(crate) fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The problem, after a check that everything marks it as the broker's own.
    #[track_caller]
    pub(crate) fn problem(&self) -> Problem {
        let problem: Problem = self.json();
        assert_eq!(self.header("content-type"), Problem::MEDIA_TYPE);
        assert_eq!(self.header(header::ERROR), problem.code().as_str());
        assert_eq!(self.status, problem.code().status());
        let id = self.header(header::REQUEST_ID);
        assert_eq!(problem.request_id.as_deref(), Some(id));
        problem
    }

    #[track_caller]
    pub(crate) fn code(&self) -> ErrorCode {
        self.problem().code()
    }
}

/// One request over `stream`, and its whole response.
pub(crate) async fn exchange<S, B>(stream: S, request: Request<B>) -> Reply
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    B: http_body::Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
        + Send
        + 'static,
{
    let Open { response, connection: _connection } = open(stream, request).await.unwrap();
    let (parts, body) = response.into_parts();
    Reply {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: within(body.collect()).await.unwrap().to_bytes(),
    }
}

/// As [`exchange`], where the other side may die before it has answered.
pub(crate) async fn try_exchange<S, B>(stream: S, request: Request<B>) -> Option<Reply>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    B: http_body::Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
        + Send
        + 'static,
{
    let Open { response, connection: _connection } = open(stream, request).await.ok()?;
    let (parts, body) = response.into_parts();
    let body = within(body.collect()).await.ok()?.to_bytes();
    Some(Reply { status: parts.status.as_u16(), headers: parts.headers, body })
}

/// A response whose body is still to come. Dropped, the connection is gone.
pub(crate) struct Open {
    pub(crate) response: Response<Incoming>,
    pub(crate) connection: AbortOnDropHandle<()>,
}

pub(crate) async fn open<S, B>(stream: S, request: Request<B>) -> hyper::Result<Open>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    B: http_body::Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>
        + Send
        + 'static,
{
    let mut client = http1::Builder::new();
    let io = TokioIo::new(stream);
    let (mut sender, connection) = client.max_headers(2048).handshake(io).await?;
    // Spawned apart, so that dropping the caller's future drops the connection.
    let boxed: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async {
        let _ = connection.await;
    });
    let connection = AbortOnDropHandle::new(tokio::spawn(boxed));
    let response = within(sender.send_request(request)).await?;
    Ok(Open { response, connection })
}

/// Writes `bytes` and reads what comes until the other side closes.
pub(crate) async fn converse<S>(stream: S, bytes: &[u8]) -> String
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut answer = Vec::new();
    let write = async {
        // The other side may close before it has read everything.
        let _ = writer.write_all(bytes).await;
    };
    let (read, ()) = within(async { tokio::join!(reader.read_to_end(&mut answer), write) }).await;
    read.unwrap();
    String::from_utf8(answer).unwrap()
}

/// Names with these addresses each.
pub(crate) fn names(answers: &[(&str, &[&str])]) -> ScriptedResolver {
    answers.iter().fold(ScriptedResolver::new(), |names, (name, ips)| {
        let ips = ips.iter().map(|ip| ip.parse::<IpAddr>().unwrap());
        names.answer(&name.parse().unwrap(), ips)
    })
}

/// Targets that are a function.
pub(crate) struct Scripted<F>(pub(crate) F);

impl<F, R> Upstream for Scripted<F>
where
    F: Fn(CheckedRequest) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Response<Body>, UpstreamError>> + Send + 'static,
{
    fn send(&self, request: CheckedRequest) -> Sending<'_> {
        Box::pin(self.0(request))
    }
}

/// A plugin whose only target, `shop.test`, is a function.
pub(crate) fn scripted<F, R>(limits: Limits, target: F) -> Plugin
where
    F: Fn(CheckedRequest) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Response<Body>, UpstreamError>> + Send + 'static,
{
    let broker = Broker::builder()
        .limits(limits)
        .resolver(names(&[("shop.test", &["93.184.215.14"])]))
        .upstream(Scripted(target));
    Plugin::of(broker.build().unwrap())
}

/// A body whose frames come from a channel.
pub(crate) struct Piped(mpsc::Receiver<Bytes>);

pub(crate) fn piped() -> (mpsc::Sender<Bytes>, Piped) {
    let (sender, receiver) = mpsc::channel(1);
    (sender, Piped(receiver))
}

impl http_body::Body for Piped {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.0.poll_recv(cx).map(|data| Some(Ok(Frame::data(data?))))
    }
}

/// A TCP target on loopback that serves one connection; joined, it says what `serve` returned.
pub(crate) async fn target<F, R>(serve: F) -> (u16, AbortOnDropHandle<R::Output>)
where
    F: FnOnce(TcpStream) -> R + Send + 'static,
    R: Future<Output: Send> + Send + 'static,
{
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        serve(stream).await
    });
    (port, AbortOnDropHandle::new(serving))
}

/// A TCP target that serves connection after connection, each with its number from 1 on, at the same
/// time.
pub(crate) struct Target {
    pub(crate) port: u16,
    accepted: Arc<AtomicUsize>,
    _serving: AbortOnDropHandle<()>,
}

impl Target {
    pub(crate) async fn new<F, R>(serve: F) -> Self
    where
        F: Fn(usize, TcpStream) -> R + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let accepted = Arc::<AtomicUsize>::default();
        let count = accepted.clone();
        let serving = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let number = count.fetch_add(1, Ordering::SeqCst) + 1;
                connections.spawn(serve(number, stream));
            }
        });
        Self { port, accepted, _serving: AbortOnDropHandle::new(serving) }
    }

    /// How many connections there were.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// A plugin that may reach it.
    pub(crate) fn plugin(&self) -> Plugin {
        self.plugin_with(Limits::default())
    }

    pub(crate) fn plugin_with(&self, limits: Limits) -> Plugin {
        Plugin::reaching(Broker::builder().limits(limits).build().unwrap(), &[self.port])
    }
}

/// A target that answers with these bytes, hangs up, and returns the head that it got.
pub(crate) async fn answering(answer: &'static str) -> (u16, AbortOnDropHandle<String>) {
    target(async |mut stream| {
        let head = read_head(&mut stream).await;
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        head
    })
    .await
}

/// As [`read_head`]; `None` where the peer hangs up before its end.
pub(crate) async fn next_head(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

/// Reads up to the empty line, byte by byte, so that the body stays.
pub(crate) async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> String {
    next_head(stream).await.unwrap()
}
