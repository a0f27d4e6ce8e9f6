use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use crate::logging::{last_location, message};

/// What a hook said when it panicked, and where.
#[derive(Debug)]
pub(super) struct Panic {
    pub(super) text: String,
}

/// Runs `future`, and turns a panic in it into an error.
///
/// The future is dropped with the call, so nobody sees what the panic left half done in it. What
/// it shares with others is theirs to guard, as with any task of tokio.
pub(super) async fn catch<F: Future>(future: F) -> Result<F::Output, Panic> {
    let mut future = pin!(future);
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(poll) => poll.map(Ok),
        Err(payload) => {
            let mut text = message(payload.as_ref());
            if let Some(location) = last_location() {
                text.push_str(&format!(" ({location})"));
            }
            Poll::Ready(Err(Panic { text }))
        }
    })
    .await
}
