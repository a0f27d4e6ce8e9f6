//! The way to a target: dial exactly a checked address, TLS if the URL says so, one HTTP/1.1 exchange.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use http_body_util::BodyExt as _;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use oxg_protocol::{Host, Url};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;

use crate::body::{Body, Holding};
use crate::gate::{MAX_RESPONSE_LINES, ResponseGated};

/// A request that policy has allowed, and the only addresses that it may go to.
#[derive(Debug)]
#[non_exhaustive]
pub struct CheckedRequest {
    /// Where it goes.
    pub url: Url,
    /// Every address of the host, each checked; at least one.
    pub addresses: Vec<IpAddr>,
    /// The request in origin form, with `Host` and without anything of the broker's.
    pub request: Request<Body>,
    /// How long dialling may take, the TLS handshake included.
    pub connect_timeout: Duration,
    /// The largest head of a response, in bytes; interim responses count.
    pub max_head_bytes: usize,
}

/// What [`Upstream::send`] returns.
pub type Sending<'a> =
    Pin<Box<dyn Future<Output = Result<Response<Body>, UpstreamError>> + Send + 'a>>;

/// The way to targets. The real one is [`Dialer`]; a test may script one.
pub trait Upstream: Send + Sync + 'static {
    /// Sends the request and waits for the head of the response.
    fn send(&self, request: CheckedRequest) -> Sending<'_>;
}

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpstreamError {
    /// No address could be dialled.
    #[error("the target cannot be reached: {0}")]
    Unreachable(io::Error),
    /// Dialling took too long.
    #[error("the target did not accept the connection within {} s", .0.as_secs())]
    ConnectTimeout(Duration),
    /// The TLS handshake failed.
    #[error("the TLS handshake with the target failed: {0}")]
    Tls(io::Error),
    /// The target does not speak HTTP properly, or hung up.
    #[error("the target broke the protocol: {0}")]
    Protocol(hyper::Error),
    /// No script covers the request; for upstreams that are not the network.
    #[error("{0}")]
    NotScripted(String),
}

/// Dials targets over TCP and TLS.
pub struct Dialer {
    tls: TlsConnector,
}

impl Dialer {
    pub(crate) fn new(tls: Arc<rustls::ClientConfig>) -> Self {
        Self { tls: tls.into() }
    }

    async fn exchange(&self, checked: CheckedRequest) -> Result<Response<Body>, UpstreamError> {
        let limit = checked.connect_timeout;
        let late = |_| UpstreamError::ConnectTimeout(limit);
        let dial = timeout(limit, dial(&checked.addresses, checked.url.port()));
        let stream = dial.await.map_err(late)?.map_err(UpstreamError::Unreachable)?;
        if !checked.url.scheme().is_tls() {
            return exchange(stream, checked).await;
        }
        let name = server_name(checked.url.host()).map_err(UpstreamError::Tls)?;
        let handshake = self.tls.connect(name, stream);
        let stream = timeout(limit, handshake).await.map_err(late)?.map_err(UpstreamError::Tls)?;
        exchange(stream, checked).await
    }
}

impl Upstream for Dialer {
    fn send(&self, request: CheckedRequest) -> Sending<'_> {
        Box::pin(self.exchange(request))
    }
}

/// The first address that answers.
async fn dial(addresses: &[IpAddr], port: u16) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for &address in addresses {
        match TcpStream::connect(SocketAddr::new(address, port)).await {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The name that the certificate must carry: always the URL's host, never the dialled address.
pub(crate) fn server_name(host: &Host) -> io::Result<ServerName<'static>> {
    match host.ip() {
        Some(ip) => Ok(ServerName::IpAddress(ip.into())),
        None => ServerName::try_from(host.to_string()).map_err(io::Error::other),
    }
}

/// One exchange over a connection that stands already, encrypted or not: what [`Dialer`] does once
/// it has dialled. For upstreams that are not the network.
///
/// # Errors
/// [`UpstreamError::Protocol`].
///
/// # Panics
/// Outside of a Tokio runtime.
pub async fn exchange<S>(
    stream: S,
    checked: CheckedRequest,
) -> Result<Response<Body>, UpstreamError>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) = http1::Builder::new()
        .max_headers(MAX_RESPONSE_LINES)
        // The gate limits the head first; the buffer has to hold what it lets through.
        .max_buf_size(checked.max_head_bytes.saturating_add(16 << 10))
        .handshake(TokioIo::new(ResponseGated::new(stream, checked.max_head_bytes)))
        .await
        .map_err(UpstreamError::Protocol)?;
    // Aborted with the response's body, so that a plugin that goes away frees the target.
    let driver = AbortOnDropHandle::new(tokio::spawn(async move {
        let _ = connection.with_upgrades().await;
    }));
    let response = sender.send_request(checked.request).await.map_err(UpstreamError::Protocol)?;
    Ok(response.map(|body| Holding::new(body, driver).boxed_unsync()))
}
