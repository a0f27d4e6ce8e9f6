//! What becomes of calls and uploads when a process at either end is killed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::Stdio;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::Frame;
use oxg_broker::{Broker, Listener, Session};
use oxg_manifest::Manifest;
use oxg_protocol::audit::Decision;
use oxg_protocol::{Endpoint, Limits};
use oxg_sdk::channel::{Body, BodyError, BrokerChannel, CallOptions, ChannelError, TokenSource};
use oxg_sdk::clients::Clients;
use oxg_sdk::clients::http::{HttpClient, HttpError};
use oxg_sdk::http::Request;
use oxg_sdk::redact::Redactor;
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

const MANIFEST: &str = r#"{
    "name": "probe", "version": "0.1.0", "entry": "./probe",
    "capabilities": {
        "http": { "outbound": ["broker"], "hosts": ["shop.test"] },
        "storage": { "workspace": true, "artifacts": "read-write" }
    }
}"#;
/// What a call states as its deadline: longer than anything here waits for.
const DEADLINE: Duration = Duration::from_secs(600);
/// Where the plugin's process finds its broker and its token, and what it shall do.
const DIRECTORY: &str = "OXG_TEST_DIRECTORY";
const WORK: &str = "OXG_TEST_WORK";

/// What is waited for must come long before any deadline.
async fn soon<F: IntoFuture>(what: F) -> F::Output {
    timeout(Duration::from_secs(30), what.into_future()).await.unwrap()
}

async fn until(mut condition: impl FnMut() -> bool) {
    let waiting = async {
        while !condition() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    soon(waiting).await;
}

fn socket(directory: &Path) -> Endpoint {
    format!("unix:{}", directory.join("broker.sock").display()).parse().unwrap()
}

fn channel(directory: &Path) -> BrokerChannel {
    let token = TokenSource::file(directory.join("token"));
    BrokerChannel::builder(&socket(directory)).unwrap().token(token).build()
}

/// Puts the token where the plugin reads it, as a launcher does.
fn hand_over(directory: &Path, token: &str) {
    std::fs::write(directory.join("token.new"), token).unwrap();
    std::fs::rename(directory.join("token.new"), directory.join("token")).unwrap();
}

/// `oxg broker serve` on the socket in `directory`; killed when it is dropped.
async fn serve(directory: &Path, port: u16) -> Child {
    std::fs::write(directory.join("manifest.json"), MANIFEST).unwrap();
    let mut broker = Command::new(env!("CARGO_BIN_EXE_oxg"))
        .args(["broker", "serve", "--allow-loopback", &port.to_string()])
        .args(["--listen", &socket(directory).to_string(), "--manifest"])
        .arg(directory.join("manifest.json"))
        .env("TMPDIR", directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(broker.stdout.take().unwrap()).lines();
    loop {
        let line = soon(lines.next_line()).await.unwrap().unwrap();
        if let Some(file) = line.strip_prefix("OXG_TOKEN_FILE=") {
            hand_over(directory, &std::fs::read_to_string(file).unwrap());
            return broker;
        }
    }
}

async fn read_head(stream: &mut TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
}

#[tokio::test]
async fn a_call_whose_broker_is_killed_ends_at_once_and_says_so() {
    let target = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = target.local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/");
    for method in ["POST", "GET"] {
        let directory = tempfile::tempdir().unwrap();
        let mut broker = serve(directory.path(), port).await;
        let http = HttpClient::new(channel(directory.path()));
        let call = http.request(method.parse().unwrap(), &url).timeout(DEADLINE).send();
        let call = tokio::spawn(call);
        let (mut stream, _) = soon(target.accept()).await.unwrap();
        read_head(&mut stream).await;
        broker.kill().await.unwrap();
        match (method, soon(call).await.unwrap().unwrap_err()) {
            ("POST", HttpError::BrokerUnavailable(ChannelError::Lost(_))) => {}
            // It was made again, and then nobody was there.
            ("GET", HttpError::BrokerUnavailable(ChannelError::Connect { .. })) => {}
            (method, error) => panic!("{method}: {error:?}"),
        }
    }
}

#[tokio::test]
async fn a_body_whose_broker_is_killed_breaks_off_at_once_and_never_looks_whole() {
    let target = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = target.local_addr().unwrap().port();
    let directory = tempfile::tempdir().unwrap();
    let mut broker = serve(directory.path(), port).await;
    let http = HttpClient::new(channel(directory.path()));
    let call = http.get(format!("http://127.0.0.1:{port}/")).timeout(DEADLINE).send();
    let call = tokio::spawn(call);
    let (mut stream, _) = soon(target.accept()).await.unwrap();
    read_head(&mut stream).await;
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf").await.unwrap();
    let page = soon(call).await.unwrap().unwrap();
    broker.kill().await.unwrap();
    let error = soon(page.bytes()).await.unwrap_err();
    assert!(matches!(error, HttpError::Body(BodyError::Lost(_))), "{error:?}");
}

#[tokio::test]
async fn a_client_goes_on_with_the_broker_that_took_the_place_of_a_killed_one() {
    let target = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = target.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = target.accept().await {
            read_head(&mut stream).await;
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\npage";
            stream.write_all(answer).await.unwrap();
        }
    });
    let directory = tempfile::tempdir().unwrap();
    let http = HttpClient::new(channel(directory.path()));
    for _ in 0..3 {
        let mut broker = serve(directory.path(), port).await;
        for _ in 0..2 {
            // A method that is never made again: the old connection must not even be tried.
            let call = http.post(format!("http://127.0.0.1:{port}/")).send();
            let page = soon(call).await.unwrap();
            assert_eq!(soon(page.bytes()).await.unwrap(), "page");
        }
        broker.kill().await.unwrap();
    }
}

/// The plugin that is killed: this program once more. Without the variable it is an empty test.
#[tokio::test]
async fn plugin_process() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let channel = channel(Path::new(&directory));
    let body = Body::wrap(Endless);
    let work = std::env::var(WORK).unwrap();
    match work.as_str() {
        "put" => {
            let mut request = Request::put("/v1/artifacts/part").body(body).unwrap();
            request.extensions_mut().insert(CallOptions::new().deadline(DEADLINE));
            let _ = channel.send(request).await;
        }
        "upload" => {
            let clients = Clients::new(channel, Redactor::default());
            let _ = clients.artifacts().put("part", body).await;
        }
        url => {
            let _ = HttpClient::new(channel).post(url).timeout(DEADLINE).body(body).send().await;
        }
    }
}

/// A body without an end.
struct Endless;

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 4096])))))
    }
}

/// A broker in this process, and where a plugin in another finds it.
struct Host {
    directory: tempfile::TempDir,
    broker: Broker,
    session: Session,
}

fn open(broker: &Broker, port: u16) -> Session {
    let manifest = Manifest::from_slice(MANIFEST.as_bytes()).unwrap();
    broker.session(manifest).allow_loopback(port).open().unwrap()
}

impl Host {
    fn new(port: u16) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut limits = Limits::default();
        limits.concurrent_requests = 1;
        limits.artifact_total_bytes = 100;
        let broker = Broker::builder().directory(directory.path().join("broker")).limits(limits);
        let broker = broker.build().unwrap();
        let session = open(&broker, port);
        let host = Self { directory, broker, session };
        host.hand_over();
        host
    }

    fn begin_another_session(&mut self) {
        self.session = open(&self.broker, 1);
        self.hand_over();
    }

    fn hand_over(&self) {
        hand_over(self.directory.path(), self.session.token().expose_secret());
    }

    fn plugin(&self, work: &str) -> Child {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "plugin_process", "--nocapture"])
            .env(DIRECTORY, self.directory.path())
            .env(WORK, work)
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    }

    fn listen(&self) -> Listener {
        self.broker.listen_unix(self.directory.path().join("broker.sock")).unwrap()
    }

    /// Files of artifacts that are on their way in.
    fn incoming(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut left = vec![self.directory.path().join("broker/artifacts")];
        while let Some(folder) = left.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten() {
                let entry = entry.unwrap();
                match entry.file_type().unwrap().is_dir() {
                    true => left.push(entry.path()),
                    false if entry.file_name().to_string_lossy().starts_with("incoming-") => {
                        found.push(entry.path());
                    }
                    false => {}
                }
            }
        }
        found
    }

    fn is_receiving(&self) -> bool {
        self.incoming().iter().any(|file| file.metadata().is_ok_and(|data| data.len() > 0))
    }

    /// Whether the audit says that a call with this method ended early.
    fn is_audited(&self, method: &str) -> bool {
        self.broker.audit().unwrap().iter().any(|record| {
            record.decision != Decision::Allow
                && record.reason.contains("ended")
                && record.metadata["method"] == method
        })
    }

    /// Places and quota are free again: all of either can be used.
    async fn assert_everything_is_free(&self) {
        let clients = Clients::new(channel(self.directory.path()), Redactor::default());
        soon(clients.artifacts().put("whole", vec![b'x'; 100])).await.unwrap();
        let names: Vec<_> = self.session.artifacts().await.unwrap();
        assert_eq!(names.len(), 1, "{names:?}");
    }
}

#[tokio::test]
async fn a_plugin_that_is_killed_while_it_sends_to_a_target_leaves_nothing_behind() {
    let target = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = target.local_addr().unwrap().port();
    let host = Host::new(port);
    let _listener = host.listen();
    let mut plugin = host.plugin(&format!("http://127.0.0.1:{port}/"));
    let (mut stream, _) = soon(target.accept()).await.unwrap();
    soon(stream.read_exact(&mut vec![0; 1 << 20])).await.unwrap();
    plugin.kill().await.unwrap();
    let mut rest = Vec::new();
    // The connection ends, and never with the chunk that would make the body whole.
    let _ = soon(stream.read_to_end(&mut rest)).await;
    assert!(!rest.ends_with(b"0\r\n\r\n"));
    until(|| host.is_audited("POST")).await;
    host.assert_everything_is_free().await;
}

#[tokio::test]
async fn a_plugin_that_is_killed_while_it_stores_an_artifact_leaves_nothing_behind() {
    let host = Host::new(1);
    let _listener = host.listen();
    let mut plugin = host.plugin("put");
    until(|| host.is_receiving()).await;
    plugin.kill().await.unwrap();
    until(|| host.incoming().is_empty() && host.is_audited("PUT")).await;
    host.assert_everything_is_free().await;
}

#[tokio::test]
async fn a_plugin_that_is_killed_in_a_resumable_upload_leaves_nothing_behind_its_session() {
    let mut host = Host::new(1);
    let _listener = host.listen();
    let mut plugin = host.plugin("upload");
    until(|| host.is_receiving()).await;
    plugin.kill().await.unwrap();
    until(|| host.is_audited("PATCH")).await;
    // Until then the upload could go on; its session ends with the plugin, and it with that.
    host.assert_everything_is_free().await;
    host.begin_another_session();
    until(|| host.incoming().is_empty()).await;
    host.assert_everything_is_free().await;
}
