//! Each way in which a request can fail has a type of its own: against the broker, over sockets.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use oxg_broker::{Broker, Listener, Session};
use oxg_manifest::Manifest;
use oxg_protocol::{Endpoint, Limits};
use oxg_sdk::Failure;
use oxg_sdk::channel::{BrokerChannel, ChannelError, TokenSource};
use oxg_sdk::clients::http::{HttpClient, HttpError, HttpResponse};
use oxg_sdk::prelude::{Duration, secs};
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

const MANIFEST: &str = r#"{
    "name": "probe", "version": "0.1.0", "entry": "./probe",
    "capabilities": { "http": { "outbound": ["broker"], "hosts": ["shop.test"] } }
}"#;

/// A target that answers everything with the same bytes; with none it says nothing and stays.
async fn target(answer: &'static str) -> (u16, JoinSet<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            if answer.is_empty() {
                open.push(stream);
            } else {
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        }
    });
    (port, serving)
}

/// A broker on a socket of its own.
struct Host {
    _directory: tempfile::TempDir,
    _broker: Broker,
    _session: Session,
    _listener: Listener,
    http: HttpClient,
}

impl Host {
    fn new(port: u16) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut limits = Limits::default();
        limits.egress_response_bytes = 100;
        let broker = Broker::builder().limits(limits).build().unwrap();
        let manifest = Manifest::from_slice(MANIFEST.as_bytes()).unwrap();
        let session = broker.session(manifest).allow_loopback(port).open().unwrap();
        let listener = broker.listen_unix(directory.path().join("broker.sock")).unwrap();
        let token = TokenSource::value(session.token().expose_secret()).unwrap();
        let channel = BrokerChannel::builder(listener.endpoint()).unwrap().token(token).build();
        let http = HttpClient::new(channel);
        Self {
            _directory: directory,
            _broker: broker,
            _session: session,
            _listener: listener,
            http,
        }
    }
}

/// What comes of a request to a target that answers so.
async fn answered(answer: &'static str) -> Result<HttpResponse, HttpError> {
    let (port, _serving) = target(answer).await;
    let time = if answer.is_empty() { Duration::from_millis(300) } else { secs(30) };
    let host = Host::new(port);
    host.http.get(format!("http://127.0.0.1:{port}/")).timeout(time).send().await
}

#[tokio::test]
async fn a_denial_has_the_line_of_the_manifest_to_add() {
    let error = Host::new(1).http.get("https://evil.test/").send().await.unwrap_err();
    let HttpError::Denied(problem) = &error else { panic!("{error:?}") };
    let line = r#""hosts": ["shop.test", "evil.test"]"#;
    assert_eq!(problem.manifest_hint.as_deref(), Some(line));
    assert_eq!(problem.capability.as_deref(), Some("http"));
    assert_eq!(problem.destination.as_deref(), Some("https://evil.test:443"));
    assert!(Failure::from(error).to_string().ends_with(line));
}

#[tokio::test]
async fn a_broker_that_is_not_there_is_unavailable() {
    let endpoint: Endpoint = "unix:/nonexistent/broker.sock".parse().unwrap();
    let http = HttpClient::new(BrokerChannel::builder(&endpoint).unwrap().build());
    let error = http.get("http://shop.test/").send().await.unwrap_err();
    let unavailable = matches!(error, HttpError::BrokerUnavailable(ChannelError::Connect { .. }));
    assert!(unavailable, "{error:?}");
}

#[tokio::test]
async fn a_target_that_says_nothing_is_a_deadline() {
    let error = answered("").await.unwrap_err();
    assert!(matches!(error, HttpError::Deadline(Some(_))), "{error:?}");
}

#[tokio::test]
async fn a_port_that_nobody_serves_is_unreachable() {
    let (port, mut serving) = target("").await;
    serving.shutdown().await;
    let url = format!("http://127.0.0.1:{port}/");
    let error = Host::new(port).http.get(url).send().await.unwrap_err();
    assert!(matches!(error, HttpError::Unreachable(_)), "{error:?}");
    assert_eq!(error.problem().unwrap().destination, Some(format!("http://127.0.0.1:{port}")));
}

#[tokio::test]
async fn a_target_without_tls_is_a_tls_error_where_tls_was_wanted() {
    let (port, _serving) = target("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
    let url = format!("https://127.0.0.1:{port}/");
    let error = Host::new(port).http.get(url).send().await.unwrap_err();
    assert!(matches!(error, HttpError::Tls(_)), "{error:?}");
}

#[tokio::test]
async fn a_target_that_speaks_no_http_broke_the_protocol() {
    let error = answered("SSH-2.0-OpenSSH_9.6\r\n").await.unwrap_err();
    assert!(matches!(error, HttpError::Protocol(_)), "{error:?}");
}

#[tokio::test]
async fn a_body_past_the_brokers_limit_and_one_past_the_plugins_are_told_apart() {
    let error = answered("HTTP/1.1 200 OK\r\ncontent-length: 101\r\n\r\n").await.unwrap_err();
    assert!(matches!(error, HttpError::BrokerLimit(_)), "{error:?}");
    let (port, _serving) = target("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await;
    let host = Host::new(port);
    let page = host.http.get(format!("http://127.0.0.1:{port}/")).send().await.unwrap();
    let error = page.max_bytes(4).bytes().await.unwrap_err();
    assert!(matches!(error, HttpError::TooLarge { limit: 4 }), "{error:?}");
}

#[tokio::test]
async fn a_targets_403_is_an_answer_however_much_it_looks_like_a_denial() {
    let page = answered(
        "HTTP/1.1 403 Forbidden\r\noxg-error: destination_denied\r\n\
         content-type: application/problem+json\r\ncontent-length: 2\r\n\r\n{}",
    );
    let page = page.await.unwrap();
    assert_eq!(page.status(), 403);
    let error = page.error_for_status().unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(403));
    assert!(error.problem().is_none());
}
