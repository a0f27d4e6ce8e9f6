use http::{Request, Response};
use oxg_protocol::{ErrorCode, Problem, header};

use super::call::Call;
use super::stamp::Stamp;
use super::{Body, ChannelError};

/// The longest problem that is read, in bytes.
const MAX_BYTES: usize = 64 << 10;

/// Turns an answer that the broker made up into [`ChannelError::Broker`].
///
/// The header `oxg-error` alone decides. A target can send any status and any media type, but
/// never that header: the broker strips it.
pub(super) struct Problems {
    pub(super) next: Stamp,
}

impl Problems {
    pub(super) async fn send(
        &self,
        call: &Call,
        request: Request<Body>,
    ) -> Result<Response<Body>, ChannelError> {
        let answer = self.next.send(call, request).await?;
        match answer.headers().get(header::ERROR) {
            Some(value) => {
                let code = value.to_str().unwrap_or_default().to_owned();
                Err(ChannelError::Broker(Box::new(read(&code, answer).await)))
            }
            None => Ok(answer),
        }
    }
}

/// The problem in `answer`, or as much of one as the header and the status tell.
async fn read(code: &str, answer: Response<Body>) -> Problem {
    let status = answer.status().as_u16();
    let request_id = answer
        .headers()
        .get(header::REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let known = code.parse().unwrap_or(ErrorCode::Internal);
    let mut problem = match answer.into_body().collect(MAX_BYTES).await {
        Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|_| Problem::new(known, "")),
        Err(_) => Problem::new(known, ""),
    };
    problem.kind = format!("{}{code}", ErrorCode::URN_PREFIX);
    problem.status = status;
    problem.request_id = problem.request_id.or(request_id);
    problem
}
