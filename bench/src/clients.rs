//! The clients to compare. Each has one connection pool, one token, and reads what it gets.

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, PROXY_AUTHORIZATION};
use http::{HeaderName, HeaderValue, Request, Uri};
use http_body_util::{BodyExt as _, Empty};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo};
use oxg_protocol::session::SessionInfo;
use oxg_protocol::{Endpoint, route};
use oxg_redact::Redactor;
use oxg_sdk::channel::{BrokerChannel, TokenSource};
use oxg_sdk::clients::Clients;
use oxg_sdk::clients::http::HttpClient;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;

use crate::Result;

/// One call, in the making; it gives the bytes of the answer's body.
pub type Calling = Pin<Box<dyn Future<Output = Result<usize>>>>;

/// Somebody who makes a call over and over.
#[derive(Clone)]
pub struct Candidate {
    /// For the table.
    pub name: &'static str,
    call: Rc<dyn Fn() -> Calling>,
}

impl Candidate {
    fn new<F>(name: &'static str, call: impl Fn() -> F + 'static) -> Self
    where
        F: Future<Output = Result<usize>> + 'static,
    {
        Self { name, call: Rc::new(move || Box::pin(call())) }
    }

    /// Makes one call.
    #[must_use]
    pub fn call(&self) -> Calling {
        (self.call)()
    }
}

/// The session, as the typed clients get it, from whoever serves `socket`.
pub fn typed(socket: &Path, token: &Path) -> Result<Vec<Candidate>> {
    let clients = Clients::new(channel(socket, token)?, Redactor::default());
    let bearer = bearer(token)?;
    let (hyper, url) = (hyper_over(socket, false), format!("http://localhost{}", route::SESSION));
    let reqwest = reqwest::Client::builder().unix_socket(socket).build()?;
    let (uri, text) = (url.parse::<Uri>()?, bearer.clone());
    Ok(vec![
        Candidate::new("oxg-sdk", move || {
            let clients = clients.clone();
            async move { Ok(clients.session().await?.plugin.len()) }
        }),
        Candidate::new("hyper-util", move || {
            let request = get(&uri, AUTHORIZATION, &bearer);
            let answer = hyper.request(request);
            async move { decode(&answer.await?.into_body().collect().await?.to_bytes()) }
        }),
        Candidate::new("reqwest", move || {
            let request = reqwest.get(&url).header(ACCEPT, "application/json");
            let answer = request.header(AUTHORIZATION, &text).send();
            async move { decode(&answer.await?.bytes().await?) }
        }),
    ])
}

/// A page of a target, asked for over `socket` as a plugin does.
pub fn egress(socket: &Path, token: &Path, url: &str) -> Result<Vec<Candidate>> {
    let http = HttpClient::new(channel(socket, token)?);
    let bearer = bearer(token)?;
    let hyper = hyper_over(socket, true);
    let (own, uri) = (url.to_owned(), url.parse::<Uri>()?);
    Ok(vec![
        Candidate::new("oxg-sdk", move || {
            let answer = http.get(own.as_str()).send();
            async move { Ok(answer.await?.error_for_status()?.bytes().await?.len()) }
        }),
        Candidate::new("hyper-util", move || {
            let request = get(&uri, PROXY_AUTHORIZATION, &bearer);
            let answer = hyper.request(request);
            async move { Ok(answer.await?.into_body().collect().await?.to_bytes().len()) }
        }),
    ])
}

/// The same page without a broker.
pub fn direct(url: &str) -> Result<Candidate> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client = Client::builder(TokioExecutor::new()).build(connector);
    let uri = url.parse::<Uri>()?;
    let nobody = HeaderValue::from_static("Bearer none");
    Ok(Candidate::new("hyper-util, no broker", move || {
        let answer = client.request(get(&uri, AUTHORIZATION, &nobody));
        async move { Ok(answer.await?.into_body().collect().await?.to_bytes().len()) }
    }))
}

fn channel(socket: &Path, token: &Path) -> Result<BrokerChannel> {
    let builder = BrokerChannel::builder(&Endpoint::Unix(socket.to_owned()))?;
    Ok(builder.token(TokenSource::file(token)).build())
}

fn bearer(token: &Path) -> Result<HeaderValue> {
    Ok(format!("Bearer {}", std::fs::read_to_string(token)?.trim()).parse()?)
}

fn get(uri: &Uri, field: HeaderName, value: &HeaderValue) -> Request<Empty<Bytes>> {
    let mut request = Request::new(Empty::new());
    *request.uri_mut() = uri.clone();
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
    request.headers_mut().insert(field, value.clone());
    request
}

fn decode(bytes: &[u8]) -> Result<usize> {
    Ok(serde_json::from_slice::<SessionInfo>(bytes)?.plugin.len())
}

fn hyper_over(socket: &Path, is_proxy: bool) -> Client<Dial, Empty<Bytes>> {
    Client::builder(TokioExecutor::new()).build(Dial { socket: socket.to_owned(), is_proxy })
}

/// Dials a Unix socket, whatever the URL says.
#[derive(Clone)]
struct Dial {
    socket: PathBuf,
    is_proxy: bool,
}

impl tower_service::Service<Uri> for Dial {
    type Response = TokioIo<Dialled>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TokioIo<Dialled>>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _uri: Uri) -> Self::Future {
        let Self { socket, is_proxy } = self.clone();
        Box::pin(async move {
            let stream = UnixStream::connect(socket).await?;
            Ok(TokioIo::new(Dialled { stream, is_proxy }))
        })
    }
}

/// A stream that says whether requests go out in absolute form.
struct Dialled {
    stream: UnixStream,
    is_proxy: bool,
}

impl Connection for Dialled {
    fn connected(&self) -> Connected {
        Connected::new().proxy(self.is_proxy)
    }
}

impl AsyncRead for Dialled {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Dialled {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }
}
