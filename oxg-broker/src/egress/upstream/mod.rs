//! The way to a target: a connection that its plugin has used before, or a new one to exactly a checked
//! address, with TLS if the URL says so.

mod dial;
mod h1;
mod h2;
mod pool;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::header::UPGRADE;
use http::{Request, Response};
use http_body::Body as _;
use oxg_protocol::{Host, Url};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;

use self::h1::Connection;
use self::h2::Multiplexed;
use self::pool::{Home, Key, Pool, Pooled};
use super::tls::{self, HTTP_1_1, HTTP_2};
use crate::body::{Body, full};
use crate::error::BrokerError;

/// A request that policy has allowed, and the only addresses that it may go to.
#[derive(Debug)]
#[non_exhaustive]
pub struct CheckedRequest {
    /// The run of the plugin that it is for, by the name that audit and findings have for it.
    pub plugin: Arc<str>,
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
    /// Cancelled with the plugin's session; its connections end with it.
    pub(crate) ended: CancellationToken,
}

/// What [`Upstream::send`] returns.
pub type Sending<'a> =
    Pin<Box<dyn Future<Output = Result<Response<Body>, UpstreamError>> + Send + 'a>>;

/// The way to targets. The real one is [`Dialer`]; a test may script one.
pub trait Upstream: Send + Sync + 'static {
    /// Sends the request and waits for the head of the response.
    fn send(&self, request: CheckedRequest) -> Sending<'_>;

    /// Lets go of what it keeps for requests to come: the broker is stopping. Nothing, by default.
    fn close(&self) {}
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
    Protocol(Box<dyn Error + Send + Sync>),
    /// No script covers the request; for upstreams that are not the network.
    #[error("{0}")]
    NotScripted(String),
}

impl UpstreamError {
    fn protocol(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Protocol(Box::new(error))
    }
}

/// Why an exchange came to nothing, and whether another connection may try it.
#[derive(Debug)]
struct Failed {
    error: UpstreamError,
    /// The request, if nothing of it was even taken.
    unsent: Option<Request<Body>>,
    /// Whether nothing of it was written.
    unwritten: bool,
    /// Whether the connection ended before the first byte of a response.
    unanswered: bool,
}

impl Failed {
    /// Whether `copy` may be sent in place of the request (RFC 9110, 9.2.2).
    fn may_retry<B>(&self, copy: &Request<B>) -> bool {
        self.unwritten || (self.unanswered && copy.method().is_idempotent())
    }

    fn finally(error: UpstreamError) -> Self {
        Self { error, unsent: None, unwritten: false, unanswered: false }
    }
}

/// Dials targets over TCP and TLS, in HTTP/1.1 or HTTP/2 as they prefer, and keeps the connections of
/// each run of a plugin for its next requests.
pub struct Dialer {
    tls: TlsConnector,
    /// For what only HTTP/1.1 can do.
    tls_http1: TlsConnector,
    pool: Arc<Pool>,
}

impl Dialer {
    /// One that trusts the certificate authorities of the web and no others.
    ///
    /// # Errors
    /// If TLS cannot be set up.
    pub fn with_web_roots() -> Result<Self, BrokerError> {
        Ok(Self::new(tls::client_config(Vec::new())?))
    }

    pub(crate) fn new(tls: Arc<rustls::ClientConfig>) -> Self {
        Self {
            tls: tls::offering(&tls, &[HTTP_2, HTTP_1_1]).into(),
            tls_http1: tls::offering(&tls, &[HTTP_1_1]).into(),
            pool: Arc::default(),
        }
    }

    async fn exchange(&self, checked: CheckedRequest) -> Result<Response<Body>, UpstreamError> {
        let CheckedRequest { mut request, .. } = checked;
        let way = Way {
            plugin: checked.plugin,
            origin: checked.url.origin().into(),
            url: checked.url,
            addresses: checked.addresses,
            connect_timeout: checked.connect_timeout,
            max_head_bytes: checked.max_head_bytes,
            ended: checked.ended,
        };
        if request.headers().contains_key(UPGRADE) {
            let (_, stream) = self.connect(&way, &self.tls_http1).await?;
            let connection = Connection::open(stream.0, way.max_head_bytes, &way.ended).await?;
            return connection.exchange(request, None).await.map_err(|failed| failed.error);
        }
        while let Some(pooled) = self.pool.take(way.keys()) {
            let copy = copy_of(&request);
            let answer = match pooled {
                Pooled::Http1(connection, key) => {
                    connection.exchange(request, self.home(key)).await
                }
                Pooled::Http2(connection) => connection.exchange(request).await,
            };
            match (answer, copy) {
                (Ok(response), _) => return Ok(response),
                (Err(Failed { unsent: Some(unsent), .. }), _) => request = unsent,
                (Err(failed), Some(copy)) if failed.may_retry(&copy) => {
                    request = copy.map(full);
                    break;
                }
                (Err(failed), _) => return Err(failed.error),
            }
        }
        let (address, (stream, is_http2)) = self.connect(&way, &self.tls).await?;
        let key = way.key(address);
        let answer = if is_http2 {
            let connection = Multiplexed::open(stream, way.max_head_bytes, &way.ended).await?;
            self.pool.share(key, connection).exchange(request).await
        } else {
            let connection = Connection::open(stream, way.max_head_bytes, &way.ended).await?;
            connection.exchange(request, self.home(key)).await
        };
        answer.map_err(|failed| failed.error)
    }

    fn home(&self, key: Key) -> Option<Home> {
        Some(Home { pool: Arc::downgrade(&self.pool), key })
    }

    /// A new connection to one of the checked addresses; which, and whether it speaks HTTP/2.
    async fn connect(
        &self,
        way: &Way,
        tls: &TlsConnector,
    ) -> Result<(IpAddr, (Box<dyn Stream>, bool)), UpstreamError> {
        let connect = async {
            let dialled = dial::dial(&way.addresses, way.url.port()).await;
            let (address, stream) = dialled.map_err(UpstreamError::Unreachable)?;
            if !way.url.scheme().is_tls() {
                return Ok((address, (Box::new(stream) as Box<dyn Stream>, false)));
            }
            let name = server_name(way.url.host()).map_err(UpstreamError::Tls)?;
            let handshake = tls.connect(name, stream);
            let stream = handshake.await.map_err(UpstreamError::Tls)?;
            let is_http2 = stream.get_ref().1.alpn_protocol() == Some(HTTP_2);
            Ok((address, (Box::new(stream) as Box<dyn Stream>, is_http2)))
        };
        let limit = way.connect_timeout;
        timeout(limit, connect).await.map_err(|_| UpstreamError::ConnectTimeout(limit))?
    }
}

impl Upstream for Dialer {
    fn send(&self, request: CheckedRequest) -> Sending<'_> {
        Box::pin(self.exchange(request))
    }

    fn close(&self) {
        self.pool.close();
    }
}

/// One HTTP/1.1 exchange over a connection that stands already, encrypted or not, read as strictly as
/// those that [`Dialer`] makes. For upstreams that are not the network.
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
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let connection = Connection::open(stream, checked.max_head_bytes, &checked.ended).await?;
    connection.exchange(checked.request, None).await.map_err(|failed| failed.error)
}

/// Where a request goes, without the request.
struct Way {
    plugin: Arc<str>,
    origin: Arc<str>,
    url: Url,
    addresses: Vec<IpAddr>,
    connect_timeout: Duration,
    max_head_bytes: usize,
    ended: CancellationToken,
}

impl Way {
    fn key(&self, address: IpAddr) -> Key {
        Key { plugin: self.plugin.clone(), origin: self.origin.clone(), address }
    }

    /// The keys of the connections that may be used: only to what was checked for *this* request.
    fn keys(&self) -> impl Iterator<Item = Key> {
        self.addresses.iter().map(|address| self.key(*address))
    }
}

/// A connection, encrypted or not.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// The request once more, if it has no body that the first time would use up.
fn copy_of(request: &Request<Body>) -> Option<Request<&'static str>> {
    if !request.body().is_end_stream() {
        return None;
    }
    let mut copy = Request::new("");
    copy.method_mut().clone_from(request.method());
    copy.uri_mut().clone_from(request.uri());
    copy.headers_mut().clone_from(request.headers());
    Some(copy)
}

/// The name that the certificate must carry: always the URL's host, never the dialled address.
pub(crate) fn server_name(host: &Host) -> io::Result<ServerName<'static>> {
    match host.ip() {
        Some(ip) => Ok(ServerName::IpAddress(ip.into())),
        None => ServerName::try_from(host.to_string()).map_err(io::Error::other),
    }
}
