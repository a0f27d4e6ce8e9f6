use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};
use oxg_protocol::{header, route};

use super::{Api, ApiError};

/// How long the broker may take for one batch.
const DEADLINE: Duration = Duration::from_secs(5);

/// Ships log records. The [logging](crate::logging) uses it; a plugin writes `tracing` events.
#[derive(Debug, Clone)]
pub struct LogsClient {
    api: Api,
}

impl LogsClient {
    pub(crate) fn new(api: Api) -> Self {
        Self { api }
    }

    /// Ships `lines`: one record a line, each with its line feed, redacted already.
    ///
    /// # Errors
    /// [`ApiError`]. The call is not made again: a line too few is better than one twice.
    pub async fn ship(&self, lines: Vec<u8>) -> Result<(), ApiError> {
        let options = self.api.options().deadline(DEADLINE);
        let mut request = self.api.request(Method::POST, route::LOGS, lines.into(), options)?;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(header::NDJSON));
        self.api.send(request).await?;
        Ok(())
    }
}
