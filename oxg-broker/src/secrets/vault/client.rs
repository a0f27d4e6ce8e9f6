//! One call a connection: dial, TLS, one GET, a bounded answer.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use http::header::{ACCEPT, HOST, HeaderName, HeaderValue};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Empty, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use oxg_protocol::Url;
use oxg_protocol::url::Scheme;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;

use super::answer::Answer;
use super::{VaultError, VaultSettings};
use crate::egress::{server_name, tls};

/// The largest answer that is read, in bytes. Vault keeps no larger secrets by default.
const MAX_ANSWER: usize = 1 << 20;
/// The largest head of an answer, in bytes.
const MAX_HEAD: usize = 64 << 10;

const TOKEN: HeaderName = HeaderName::from_static("x-vault-token");
const NAMESPACE: HeaderName = HeaderName::from_static("x-vault-namespace");
/// What an agent in front of Vault may ask of every call, so that no browser is misled into one.
const REQUEST: HeaderName = HeaderName::from_static("x-vault-request");

/// The way to one Vault.
pub(super) struct Client {
    address: Url,
    namespace: Option<HeaderValue>,
    /// `None`: plain, to this machine.
    tls: Option<TlsConnector>,
}

impl Client {
    pub(super) fn new(settings: &VaultSettings) -> Result<Self, VaultError> {
        let wrong = |setting, problem| VaultError::Setting { setting, problem };
        let address: Url = settings
            .address
            .parse()
            .ok()
            .filter(|url: &Url| url.path_and_query() == "/")
            .filter(|url| matches!(url.scheme(), Scheme::Http | Scheme::Https))
            .ok_or(wrong("address", "is https://HOST[:PORT]"))?;
        let local = address.host().ip().is_some_and(|ip| ip.is_loopback());
        if !address.scheme().is_tls() && !local {
            return Err(wrong("address", "is https:// but for a loopback address of this machine"));
        }
        let namespace = settings.namespace.as_deref().map(HeaderValue::from_str).transpose();
        let namespace = namespace.map_err(|_| wrong("namespace", "is one line of ASCII"))?;
        let tls = address.scheme().is_tls().then(|| match &settings.ca_file {
            Some(file) => tls::read_authorities(file).and_then(tls::trusting_only),
            None => tls::client_config(Vec::new()),
        });
        let tls = tls.transpose().map_err(|error| VaultError::Authorities(Box::new(error)))?;
        Ok(Self { address, namespace, tls: tls.map(TlsConnector::from) })
    }

    /// Reads the secret at `target`.
    pub(super) async fn get(
        &self,
        target: &str,
        token: &SecretString,
    ) -> Result<Answer, VaultError> {
        let request = self.request(target, token)?;
        let stream = self.dial().await.map_err(VaultError::Unreachable)?;
        let Some(tls) = &self.tls else {
            return exchange(stream, request).await;
        };
        let name = server_name(self.address.host()).map_err(VaultError::Tls)?;
        let stream = tls.connect(name, stream).await.map_err(VaultError::Tls)?;
        exchange(stream, request).await
    }

    fn request(
        &self,
        target: &str,
        token: &SecretString,
    ) -> Result<Request<Empty<Bytes>>, VaultError> {
        let token = HeaderValue::from_str(token.expose_secret());
        let mut token = token.map_err(|_| VaultError::TokenText)?;
        token.set_sensitive(true);
        let mut request = Request::builder()
            .uri(target)
            .header(HOST, self.address.authority())
            .header(ACCEPT, "application/json")
            .header(REQUEST, "true")
            .header(TOKEN, token);
        if let Some(namespace) = &self.namespace {
            request = request.header(NAMESPACE, namespace);
        }
        let wrong = |_| VaultError::Setting { setting: "path", problem: "is no path of a URL" };
        request.body(Empty::new()).map_err(wrong)
    }

    async fn dial(&self) -> io::Result<TcpStream> {
        let (host, port) = (self.address.host(), self.address.port());
        match (host.ip(), host.name()) {
            (Some(ip), _) => TcpStream::connect(SocketAddr::new(ip, port)).await,
            (None, Some(name)) => TcpStream::connect((name.as_str(), port)).await,
            (None, None) => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("address", &self.address.as_str()).finish_non_exhaustive()
    }
}

async fn exchange<S>(stream: S, request: Request<Empty<Bytes>>) -> Result<Answer, VaultError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MAX_HEAD)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(VaultError::Protocol)?;
    let _driver = AbortOnDropHandle::new(tokio::spawn(async move {
        let _ = connection.await;
    }));
    let response = sender.send_request(request).await.map_err(VaultError::Protocol)?;
    read(response).await
}

async fn read(response: Response<Incoming>) -> Result<Answer, VaultError> {
    let (head, body) = response.into_parts();
    let mut body = Limited::new(body, MAX_ANSWER);
    // Room for all of it at once: a vector that grows would leave copies behind.
    let room = usize::try_from(http_body::Body::size_hint(&body).lower()).unwrap_or(MAX_ANSWER);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room.min(MAX_ANSWER)));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| match error.downcast::<hyper::Error>() {
            Ok(error) => VaultError::Protocol(*error),
            Err(error) if error.is::<LengthLimitError>() => VaultError::TooLarge(MAX_ANSWER),
            Err(_) => VaultError::Answer { line: 0 },
        })?;
        if let Some(data) = frame.data_ref() {
            bytes.extend_from_slice(data);
        }
    }
    Answer::parse(head.status, &bytes)
}
