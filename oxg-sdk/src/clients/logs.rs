use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};
use oxg_protocol::{header, route};

use super::api::MAX_JSON_BYTES;
use super::{Api, ApiError};

/// How long the broker may take for one batch.
const DEADLINE: Duration = Duration::from_secs(5);

/// Ships log records that are redacted already.
#[derive(Debug, Clone)]
pub(crate) struct LogsClient {
    api: Api,
}

impl LogsClient {
    pub(crate) fn new(api: Api) -> Self {
        Self { api }
    }

    /// Ships `lines`: one record a line, each with its line feed. The call is not made again: a line
    /// too few is better than one twice.
    pub(crate) async fn ship(&self, lines: Vec<u8>) -> Result<(), ApiError> {
        let options = self.api.options().deadline(DEADLINE).unlimited();
        let mut request = self.api.request(Method::POST, route::LOGS, lines.into(), options)?;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(header::NDJSON));
        // Read to its end, or the connection could not be used again.
        self.api.send(request).await?.into_body().collect(MAX_JSON_BYTES).await?;
        Ok(())
    }
}
