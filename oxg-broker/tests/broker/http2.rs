//! Targets that speak HTTP/2.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use oxg_broker::Broker;
use oxg_protocol::ErrorCode;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::task::AbortOnDropHandle;

use crate::support::{Plugin, limits, manifest_of, next_head, open, piped, within};

/// A TLS target on loopback that prefers HTTP/2.
struct Target {
    port: u16,
    certificate: CertificateDer<'static>,
    accepted: Arc<AtomicUsize>,
    _serving: AbortOnDropHandle<()>,
}

impl Target {
    /// Each request is answered by `serve`; over HTTP/1.1, all that there is is a 426.
    async fn new<F, R>(serve: F) -> Self
    where
        F: Fn(Request<RecvStream>, SendResponse<Bytes>) -> R + Clone + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let certificate = made.cert.der().clone();
        let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let accepted = Arc::<AtomicUsize>::default();
        let count = accepted.clone();
        let serving = tokio::spawn(async move {
            let mut tasks = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let (acceptor, serve) = (acceptor.clone(), serve.clone());
                tasks.spawn(async move {
                    let mut stream = acceptor.accept(stream).await.unwrap();
                    if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
                        next_head(&mut stream).await;
                        let answer = "HTTP/1.1 426 Upgrade Required\r\ncontent-length: 0\r\n\r\n";
                        stream.write_all(answer.as_bytes()).await.unwrap();
                        return;
                    }
                    let mut connection = h2::server::handshake(stream).await.unwrap();
                    let mut requests = tokio::task::JoinSet::new();
                    while let Some(Ok((request, respond))) = connection.accept().await {
                        if request.uri().path() == "/goaway" {
                            connection.graceful_shutdown();
                        }
                        requests.spawn(serve(request, respond));
                    }
                });
            }
        });
        Self { port, certificate, accepted, _serving: AbortOnDropHandle::new(serving) }
    }

    fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port)
    }

    fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    fn plugin(&self, change: impl FnOnce(&mut oxg_protocol::Limits)) -> Plugin {
        let broker = Broker::builder().root_certificate(self.certificate.clone());
        let broker = broker.limits(limits(change)).build().unwrap();
        let http = json!({ "outbound": ["broker"], "websocket": true });
        let manifest = manifest_of("probe", json!({ "http": http }));
        let session = broker.session(manifest).allow_loopback(self.port).open().unwrap();
        Plugin { broker, session }
    }
}

/// Sends back the body that it gets.
async fn echo(request: Request<RecvStream>, mut respond: SendResponse<Bytes>) {
    let mut body = request.into_body();
    let mut out = respond.send_response(Response::new(()), false).unwrap();
    while let Some(Ok(part)) = body.data().await {
        body.flow_control().release_capacity(part.len()).unwrap();
        out.send_data(part, false).unwrap();
    }
    out.send_data(Bytes::new(), true).unwrap();
}

#[tokio::test]
async fn requests_share_one_connection_at_the_same_time_and_their_bodies_arrive() {
    let target = Target::new(echo).await;
    let plugin = target.plugin(|_| {});
    assert_eq!(plugin.call("POST", &target.url("/"), "first").await.body, "first");
    let bodies = ["a", "b", "c", "d"].map(|body| body.repeat(100_000));
    let url = target.url("/");
    let call = |at: usize| plugin.call("POST", &url, bodies[at].clone());
    let replies = tokio::join!(call(0), call(1), call(2), call(3));
    for (reply, body) in [replies.0, replies.1, replies.2, replies.3].iter().zip(&bodies) {
        assert!(reply.status == 200 && reply.body == *body);
    }
    assert_eq!(target.accepted(), 1);
}

#[tokio::test]
async fn the_authority_is_written_anew_and_nothing_of_the_connection_passes() {
    let target =
        Target::new(async |request: Request<RecvStream>, mut respond: SendResponse<Bytes>| {
            let names: Vec<_> = request.headers().keys().map(|name| name.as_str()).collect();
            let answer = Response::builder()
                .status(418)
                .header("x-seen", format!("{} {} {names:?}", request.method(), request.uri()))
                .header("oxg-error", "internal")
                .body(());
            respond.send_response(answer.unwrap(), true).unwrap();
        })
        .await;
    let plugin = target.plugin(|_| {});
    let request = plugin
        .request("DELETE", &target.url("/a%2Fb?q=1"))
        .header("connection", "x-mine")
        .header("x-mine", "1")
        .header("te", "trailers")
        .header("x-other", "2")
        .body(Full::<Bytes>::default())
        .unwrap();
    let reply = plugin.send(request).await;
    assert_eq!(reply.status, 418);
    let url = target.url("/a%2Fb?q=1");
    assert_eq!(reply.header("x-seen"), format!("DELETE {url} [\"x-other\"]"));
    assert!(!reply.headers.contains_key("oxg-error"));
}

#[tokio::test]
async fn a_head_past_the_limits_is_refused() {
    let target =
        Target::new(async |request: Request<RecvStream>, mut respond: SendResponse<Bytes>| {
            let mut answer = Response::new(());
            let count = request.uri().path().trim_start_matches('/').parse().unwrap();
            for _ in 0..count {
                answer.headers_mut().append("x", "y".parse().unwrap());
            }
            let _ = respond.send_response(answer, true);
        })
        .await;
    for (lines, limit, status) in
        [(256, 1 << 20, 200), (257, 1 << 20, 502), (250, 64 << 10, 200), (250, 4 << 10, 502)]
    {
        let plugin = target.plugin(|limits| limits.header_block_bytes = limit);
        let reply = plugin.call("GET", &target.url(&format!("/{lines}")), "").await;
        assert_eq!(reply.status, status, "{lines} lines, {limit} bytes");
        if status == 502 {
            assert_eq!(plugin.refusal(&reply).code(), ErrorCode::UpstreamProtocol);
        }
    }
}

#[tokio::test]
async fn a_response_with_two_lengths_is_refused_over_http2_as_well() {
    let target =
        Target::new(async |request: Request<RecvStream>, mut respond: SendResponse<Bytes>| {
            let mut answer = Response::new(());
            for length in request.uri().path().trim_start_matches('/').split(',') {
                answer.headers_mut().append("content-length", length.parse().unwrap());
            }
            if let Ok(mut body) = respond.send_response(answer, false) {
                let _ = body.send_data("12345".into(), true);
            }
        })
        .await;
    let plugin = target.plugin(|_| {});
    assert_eq!(plugin.call("GET", &target.url("/5"), "").await.body, "12345");
    for lengths in ["5,5", "5,6", "+5"] {
        let reply = plugin.call("GET", &target.url(&format!("/{lengths}")), "").await;
        assert_eq!(plugin.refusal(&reply).code(), ErrorCode::UpstreamProtocol, "{lengths}");
    }
}

#[tokio::test]
async fn an_upload_past_its_limit_is_too_large_over_http2_as_well() {
    let target = Target::new(echo_late).await;
    let plugin = target.plugin(|limits| limits.egress_request_bytes = 5);
    for (parts, status) in [(["123", "45"], 200), (["123", "456"], 413)] {
        let (sender, body) = piped();
        let request = plugin.request("POST", &target.url("/")).body(body).unwrap();
        let feed = async {
            for part in parts {
                sender.send(part.into()).await.unwrap();
            }
            drop(sender);
        };
        let (reply, ()) = tokio::join!(plugin.send(request), feed);
        assert_eq!(reply.status, status);
    }
}

/// Sends back the body that it gets, once it has all of it.
async fn echo_late(request: Request<RecvStream>, mut respond: SendResponse<Bytes>) {
    let (mut body, mut all) = (request.into_body(), Vec::new());
    while let Some(part) = body.data().await {
        let Ok(part) = part else {
            return;
        };
        all.extend_from_slice(&part);
    }
    let mut out = respond.send_response(Response::new(()), false).unwrap();
    out.send_data(all.into(), true).unwrap();
}

#[tokio::test]
async fn a_response_that_breaks_off_never_looks_whole() {
    let target =
        Target::new(async |request: Request<RecvStream>, mut respond: SendResponse<Bytes>| {
            let mut answer = Response::new(());
            if request.uri().path() == "/length" {
                answer.headers_mut().insert("content-length", 9.into());
            }
            let mut body = respond.send_response(answer, false).unwrap();
            body.send_data("half".into(), request.uri().path() == "/length").unwrap();
            // So that the data goes out before the reset.
            tokio::task::yield_now().await;
            match request.uri().path() {
                "/no-error" => body.send_reset(Reason::NO_ERROR),
                "/cancel" => body.send_reset(Reason::CANCEL),
                _ => {}
            }
        })
        .await;
    let plugin = target.plugin(|_| {});
    for path in ["/no-error", "/cancel", "/length"] {
        let request =
            plugin.request("GET", &target.url(path)).body(Full::<Bytes>::default()).unwrap();
        let whole = async {
            let opened = open(plugin.broker.connect(), request).await?;
            let status = opened.response.status();
            opened.response.into_body().collect().await.map(|_| status)
        };
        let end = within(whole).await;
        // Before the head has left, it is a refusal.
        assert!(end.as_ref().is_ok_and(|status| *status == 502) || end.is_err(), "{path}: {end:?}");
    }
}

#[tokio::test]
async fn a_connection_that_the_target_closes_is_replaced() {
    let target = Target::new(echo).await;
    let plugin = target.plugin(|_| {});
    for path in ["/goaway", "/", "/"] {
        let reply = plugin.call("POST", &target.url(path), "body").await;
        assert_eq!((reply.status, reply.body.as_ref()), (200, &b"body"[..]), "{path}");
    }
    assert_eq!(target.accepted(), 2);
}

#[tokio::test]
async fn a_websocket_handshake_stays_on_http_1_1() {
    let target = Target::new(echo).await;
    let plugin = target.plugin(|_| {});
    assert_eq!(plugin.call("POST", &target.url("/"), "first").await.body, "first");
    let request = plugin
        .request("GET", &target.url("/"))
        .header("connection", "Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("sec-websocket-version", "13")
        .body(Full::<Bytes>::default())
        .unwrap();
    assert_eq!(plugin.send(request).await.status, 426);
    assert_eq!(target.accepted(), 2);
}

#[tokio::test]
async fn a_closed_session_ends_its_streams() {
    let target = Target::new(async |_: Request<RecvStream>, mut respond: SendResponse<Bytes>| {
        let mut body = respond.send_response(Response::new(()), false).unwrap();
        body.send_data("half".into(), false).unwrap();
        let _ = std::future::poll_fn(|cx| body.poll_reset(cx)).await;
    })
    .await;
    let plugin = target.plugin(|_| {});
    let request = plugin.request("GET", &target.url("/")).body(Full::<Bytes>::default()).unwrap();
    let opened = open(plugin.broker.connect(), request).await.unwrap();
    let Plugin { broker: _broker, session } = plugin;
    drop(session);
    assert!(within(opened.response.into_body().collect()).await.is_err());
}
