use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Scope;
use crate::channel::{Body, BodyError, BrokerChannel, CallOptions, ChannelError};

/// The longest JSON answer that is read, in bytes.
pub(crate) const MAX_JSON_BYTES: usize = 1 << 20;
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Why a call of the broker API came to nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// The channel failed, or the broker said no.
    #[error("{0}")]
    Channel(#[from] ChannelError),
    /// The answer broke off or is too long.
    #[error("the broker's answer cannot be read")]
    Body(#[from] BodyError),
    /// The answer is not what the protocol says.
    #[error("the broker's answer to {path} is not what protocol version 1 says")]
    Answer {
        /// What was asked.
        path: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// What is to be sent cannot be written as JSON.
    #[error("the value cannot be written as JSON")]
    Encode(#[source] serde_json::Error),
}

impl ApiError {
    /// What the broker said, where it was the broker that said no.
    #[must_use]
    pub fn problem(&self) -> Option<&oxg_protocol::Problem> {
        match self {
            Self::Channel(error) => error.problem(),
            _ => None,
        }
    }

    /// The broker's code, where it was the broker that said no.
    #[must_use]
    pub fn code(&self) -> Option<oxg_protocol::ErrorCode> {
        self.problem().map(oxg_protocol::Problem::code)
    }

    /// Whether the broker is out of reach.
    pub(crate) fn is_unreachable(&self) -> bool {
        match self {
            Self::Channel(error) => error.is_unreachable(),
            Self::Body(BodyError::Lost(_) | BodyError::Deadline(_)) => true,
            _ => false,
        }
    }
}

/// Calls of the broker API with JSON both ways.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    channel: BrokerChannel,
    scope: Scope,
}

impl Api {
    pub(crate) fn new(channel: BrokerChannel, scope: Scope) -> Self {
        Self { channel, scope }
    }

    /// The same for what belongs to no task.
    pub(crate) fn unscoped(&self) -> Self {
        Self::new(self.channel.clone(), Scope::default())
    }

    pub(crate) fn options(&self) -> CallOptions {
        self.scope.options()
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        let request = self.request(Method::GET, path, Body::empty(), self.options())?;
        self.answer(path, request).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        value: &impl Serialize,
        options: CallOptions,
    ) -> Result<T, ApiError> {
        let request = self.json(path, value, options)?;
        self.answer(path, request).await
    }

    /// A call whose answer is of no interest.
    pub(crate) async fn tell(
        &self,
        path: &str,
        value: &impl Serialize,
        options: CallOptions,
    ) -> Result<(), ApiError> {
        let request = self.json(path, value, options)?;
        self.channel.send(request).await?;
        Ok(())
    }

    pub(crate) async fn delete(&self, path: &str, options: CallOptions) -> Result<(), ApiError> {
        let request = self.request(Method::DELETE, path, Body::empty(), options)?;
        self.channel.send(request).await?;
        Ok(())
    }

    pub(crate) async fn send(
        &self,
        request: Request<Body>,
    ) -> Result<Response<Body>, ChannelError> {
        self.channel.send(request).await
    }

    pub(crate) async fn answer<T: DeserializeOwned>(
        &self,
        path: &str,
        request: Request<Body>,
    ) -> Result<T, ApiError> {
        let answer = self.channel.send(request).await?;
        let bytes = answer.into_body().collect(MAX_JSON_BYTES).await?;
        serde_json::from_slice(&bytes)
            .map_err(|source| ApiError::Answer { path: path.to_owned(), source })
    }

    fn json(
        &self,
        path: &str,
        value: &impl Serialize,
        options: CallOptions,
    ) -> Result<Request<Body>, ApiError> {
        let bytes = serde_json::to_vec(value).map_err(ApiError::Encode)?;
        let mut request = self.request(Method::POST, path, bytes.into(), options)?;
        request.headers_mut().insert(CONTENT_TYPE, JSON);
        Ok(request)
    }

    pub(crate) fn request(
        &self,
        method: Method,
        path: &str,
        body: Body,
        options: CallOptions,
    ) -> Result<Request<Body>, ChannelError> {
        Request::builder()
            .method(method)
            .uri(path)
            .header(ACCEPT, JSON)
            .extension(options)
            .body(body)
            .map_err(|error| ChannelError::Request(error.into()))
    }
}
