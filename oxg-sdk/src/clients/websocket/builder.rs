use std::time::Duration;

use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use oxg_protocol::Url;
use oxg_protocol::url::{Scheme, UrlError};
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::handshake::{client::generate_key, derive_accept_key};

use super::{HandshakeError, WebSocket, WebSocketError};
use crate::channel::upgraded;
use crate::clients::http::{
    HttpClient, HttpError, IntoHeaderValue, IntoUrl, InvalidRequest, Redirect, RequestBuilder,
    RetryPolicy,
};

/// A WebSocket in the making. The first mistake in it shows when it is opened.
#[derive(Debug)]
#[must_use = "a WebSocket is not opened until `connect` is called"]
pub struct WebSocketBuilder {
    request: RequestBuilder,
    until: Option<Instant>,
    subprotocols: Vec<String>,
    timeout: Duration,
    idle: Duration,
    max_message: usize,
}

impl WebSocketBuilder {
    /// A WebSocket to `url`, whose scheme is `ws` or `wss`.
    pub fn new(http: HttpClient, url: impl IntoUrl) -> Self {
        let until = http.scope.until;
        let request = RequestBuilder::new(http, http::Method::GET, as_http(url.into_url()));
        Self {
            request: request.redirect(Redirect::none()).retry(RetryPolicy::none()),
            until,
            subprotocols: Vec::new(),
            timeout: Duration::from_secs(30),
            idle: Duration::from_secs(120),
            max_message: 1 << 20,
        }
    }

    /// Adds a header field to the handshake, as
    /// [`RequestBuilder::header`](crate::clients::http::RequestBuilder::header) does.
    pub fn header<K, V>(mut self, name: K, value: V) -> Self
    where
        HeaderName: TryFrom<K, Error: Into<http::Error>>,
        V: IntoHeaderValue,
    {
        self.request = self.request.header(name, value);
        self
    }

    /// Offers a subprotocol. The first one offered is preferred.
    pub fn subprotocol(mut self, name: impl Into<String>) -> Self {
        self.subprotocols.push(name.into());
        self
    }

    /// The time for the handshake. Default 30 s. The task's deadline ends the whole WebSocket.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long nothing may pass, pings included. Default 120 s; the broker has a limit of its own,
    /// 60 s by default.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle = timeout;
        self
    }

    /// The longest message, either way, in bytes. Default 1 MiB.
    pub fn max_message(mut self, bytes: usize) -> Self {
        self.max_message = bytes;
        self
    }

    /// Opens the WebSocket.
    ///
    /// # Errors
    /// [`WebSocketError::Rejected`] where the target answers with another status than 101,
    /// [`WebSocketError::Http`] where it does not answer.
    pub async fn connect(self) -> Result<WebSocket, WebSocketError> {
        let expires = Instant::now() + self.timeout;
        let key = generate_key();
        let fixed = HeaderValue::from_static;
        let mut request = self
            .request
            .timeout(self.timeout)
            .own_header(CONNECTION, fixed("Upgrade"))
            .own_header(UPGRADE, fixed("websocket"))
            .own_header(SEC_WEBSOCKET_VERSION, fixed("13"))
            .own_header(SEC_WEBSOCKET_KEY, value(&key)?);
        if !self.subprotocols.is_empty() {
            let offer = value(&self.subprotocols.join(", "))?;
            request = request.own_header(SEC_WEBSOCKET_PROTOCOL, offer);
        }
        let answer = request.send().await?;
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(WebSocketError::Rejected(Box::new(answer)));
        }
        check(answer.headers(), &key)?;
        let subprotocol = picked(answer.headers(), &self.subprotocols)?;
        let upgrade = timeout_at(expires, upgraded(answer.into_response())).await;
        let (stream, read) = upgrade
            .map_err(|_| HttpError::Deadline(Some(self.timeout)))?
            .map_err(HttpError::from)?;
        let socket = WebSocket::over(stream, read, self.max_message, self.idle, self.until).await;
        Ok(socket.speaking(subprotocol))
    }
}

/// The handshake is a request: `ws` is `http` there, and `wss` is `https`.
fn as_http(url: Result<Url, UrlError>) -> Result<Url, UrlError> {
    let url = url?;
    match (url.scheme(), url.as_str().strip_prefix("ws")) {
        (Scheme::Ws | Scheme::Wss, Some(rest)) => format!("http{rest}").parse(),
        _ => Err(UrlError::Scheme),
    }
}

fn value(text: &str) -> Result<HeaderValue, HttpError> {
    HeaderValue::try_from(text).map_err(|error| InvalidRequest::Head(error.into()).into())
}

fn check(headers: &HeaderMap, key: &str) -> Result<(), HandshakeError> {
    let has = |name, token: &str| {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case(token))
    };
    if !has(CONNECTION, "upgrade") || !has(UPGRADE, "websocket") {
        return Err(HandshakeError::Upgrade);
    }
    let accept = derive_accept_key(key.as_bytes());
    if headers.get(SEC_WEBSOCKET_ACCEPT).is_none_or(|value| value != accept.as_str()) {
        return Err(HandshakeError::Accept);
    }
    if headers.contains_key(SEC_WEBSOCKET_EXTENSIONS) {
        return Err(HandshakeError::Extension);
    }
    Ok(())
}

/// The subprotocol that the target picked.
fn picked(headers: &HeaderMap, offered: &[String]) -> Result<Option<String>, HandshakeError> {
    let mut values = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let known = offered.iter().find(|offer| value == offer.as_str()).cloned();
    if known.is_none() || values.next().is_some() {
        return Err(HandshakeError::Subprotocol);
    }
    Ok(known)
}
