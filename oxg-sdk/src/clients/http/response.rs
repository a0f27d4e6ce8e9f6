use std::fmt;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Response, StatusCode};
use oxg_protocol::Url;
use serde::de::DeserializeOwned;

use super::text::decode;
use super::{HttpError, Redirected};
use crate::channel::Body;

/// The most that [`HttpResponse::bytes`] reads unless told otherwise: 16 MiB.
const MAX_BYTES: usize = 16 << 20;

/// An answer of a target: its head is there, its body still to be read.
pub struct HttpResponse {
    url: Url,
    redirects: Vec<Redirected>,
    head: http::response::Parts,
    body: Body,
    max_bytes: usize,
}

impl HttpResponse {
    pub(crate) fn new(url: Url, redirects: Vec<Redirected>, answer: Response<Body>) -> Self {
        let (head, body) = answer.into_parts();
        Self { url, redirects, head, body, max_bytes: MAX_BYTES }
    }

    #[cfg(feature = "websocket")]
    pub(in crate::clients) fn into_response(self) -> Response<Body> {
        Response::from_parts(self.head, self.body)
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

    /// Whose answer it is: the URL that was asked for, or where the redirects led.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The redirects that were followed, the first one first.
    #[must_use]
    pub fn redirects(&self) -> &[Redirected] {
        &self.redirects
    }

    /// Makes an error of an answer with a status of 400 or more.
    ///
    /// # Errors
    /// [`HttpError::Status`].
    pub fn error_for_status(self) -> Result<Self, HttpError> {
        let status = self.head.status;
        if status.is_client_error() || status.is_server_error() {
            return Err(HttpError::Status { status, url: Box::new(self.url) });
        }
        Ok(self)
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

    /// The whole body as text, in the charset that its byte order mark or its `Content-Type` names,
    /// else in UTF-8. Read are UTF-8, UTF-16, US-ASCII and ISO-8859-1, the last two as
    /// windows-1252 (as WHATWG Encoding has it). What is malformed becomes U+FFFD.
    ///
    /// # Errors
    /// [`HttpError::Charset`] for another charset, or as [`HttpResponse::bytes`].
    pub async fn text(self) -> Result<String, HttpError> {
        let content_type = self.head.headers.get(CONTENT_TYPE).cloned();
        let bytes = self.bytes().await?;
        decode(&bytes, content_type.as_ref().and_then(|value| value.to_str().ok()))
            .map_err(HttpError::Charset)
    }

    /// The whole body as JSON.
    ///
    /// # Errors
    /// [`HttpError::Json`], or as [`HttpResponse::bytes`].
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, HttpError> {
        let bytes = self.bytes().await?;
        serde_json::from_slice(&bytes).map_err(HttpError::Json)
    }

    /// Keeps the body as the file `name` of the workspace, at most `limit` bytes, and gives its size.
    /// The file appears whole or not at all, and replaces one of that name. It is written through the
    /// workspace's handle, never through a link. Needs the feature `workspace`.
    ///
    /// ```no_run
    /// # async fn example(page: oxg_sdk::clients::http::HttpResponse, workspace: oxg_sdk::workspace::Workspace) -> oxg_sdk::Result {
    /// let size = page.save(&workspace, "pages/index.html", 1 << 20).await?;
    /// # let _ = size;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`HttpError::TooLarge`] past the limit; [`HttpError::Workspace`] where the name is not allowed
    /// or the file cannot be written; as [`HttpResponse::bytes`] where the body broke off.
    #[cfg(all(feature = "workspace", unix))]
    pub async fn save(
        self,
        workspace: &crate::workspace::Workspace,
        name: &str,
        limit: u64,
    ) -> Result<u64, HttpError> {
        super::save::save(self.body, workspace, name, limit).await
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
