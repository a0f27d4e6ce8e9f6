use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use oxg_protocol::Url;
use serde::de::DeserializeOwned;

use super::HttpError;
use crate::channel::Body;

/// The most that [`HttpResponse::bytes`] reads unless told otherwise: 16 MiB.
const MAX_BYTES: usize = 16 << 20;

/// An answer of a target: its head is there, its body still to be read.
pub struct HttpResponse {
    url: Url,
    head: http::response::Parts,
    body: Body,
    max_bytes: usize,
}

impl HttpResponse {
    pub(super) fn new(url: Url, answer: Response<Body>) -> Self {
        let (head, body) = answer.into_parts();
        Self { url, head, body, max_bytes: MAX_BYTES }
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.head.status
    }

    /// The header fields.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// The URL that was asked for.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Sets how much [`bytes`](Self::bytes), [`text`](Self::text) and [`json`](Self::json) read at
    /// most, in bytes. Default 16 MiB.
    #[must_use]
    pub fn max_bytes(mut self, limit: usize) -> Self {
        self.max_bytes = limit;
        self
    }

    /// The whole body.
    ///
    /// # Errors
    /// [`HttpError::TooLarge`] past the limit; [`HttpError::Body`] where it broke off.
    pub async fn bytes(self) -> Result<Bytes, HttpError> {
        Ok(self.body.collect(self.max_bytes).await?)
    }

    /// The whole body as text. Bytes that are not UTF-8 become U+FFFD; no other encoding is read.
    ///
    /// # Errors
    /// As [`HttpResponse::bytes`].
    pub async fn text(self) -> Result<String, HttpError> {
        let bytes = self.bytes().await?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The whole body as JSON.
    ///
    /// # Errors
    /// [`HttpError::Json`], or as [`HttpResponse::bytes`].
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, HttpError> {
        let bytes = self.bytes().await?;
        serde_json::from_slice(&bytes).map_err(HttpError::Json)
    }

    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    /// [`HttpError::Body`] where it broke off.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, HttpError> {
        Ok(self.body.chunk().await.transpose()?)
    }

    /// The body as a stream, to be stored or sent on.
    #[must_use]
    pub fn into_body(self) -> Body {
        self.body
    }
}

impl fmt::Debug for HttpResponse {
    /// Without the fields: `Set-Cookie`, say, is nothing for a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse")
            .field("url", &self.url.as_str())
            .field("status", &self.head.status)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}
