use std::sync::atomic::AtomicU64;
use std::time::Duration;

use http::{Request, Response};
use tokio::time::{Instant, timeout_at};

use super::call::{Call, CallOptions};
use super::limit::Limit;
use super::{Body, ChannelError};

/// How much longer than the stated deadline the channel waits, so that the broker's own answer,
/// which says more, gets here first.
pub(crate) const GRACE: Duration = Duration::from_secs(1);
/// The longest deadline that a broker grants.
pub(crate) const MAX: Duration = Duration::from_secs(600);

/// Ends every call, the answer's body included, at its deadline.
pub(super) struct Deadline {
    pub(super) next: Limit,
    pub(super) default: Duration,
}

impl Deadline {
    /// Fixes when the call is over.
    pub(super) fn begin(&self, options: CallOptions) -> Call {
        let now = Instant::now();
        let left = options.until.map_or(MAX, |end| end.saturating_duration_since(now));
        let stated = options.deadline.unwrap_or(self.default).min(MAX).min(left);
        Call { options, stated, expires: now + stated, token: AtomicU64::new(0) }
    }

    pub(super) async fn send(
        &self,
        call: Call,
        request: Request<Body>,
    ) -> Result<Response<Body>, ChannelError> {
        let end = call.expires + GRACE;
        match timeout_at(end, self.next.send(&call, request)).await {
            Ok(answer) => Ok(answer?.map(|body| body.until(end, call.stated))),
            Err(_) => Err(ChannelError::Deadline(call.stated)),
        }
    }
}
