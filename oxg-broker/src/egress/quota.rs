//! What one session may use of the network in all: calls, calls a second, bytes each way.

use std::future::Future as _;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use oxg_protocol::{ErrorCode, Limits};
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::body::{Body, BodyError, CutShort};
use crate::error::{Refusal, refuse};

/// The account of one session.
#[derive(Debug)]
pub(crate) struct Quota {
    calls: Allowance,
    rate: Option<Mutex<Bucket>>,
    pub(super) to_targets: Arc<Allowance>,
    pub(super) from_targets: Arc<Allowance>,
}

impl Quota {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            calls: Allowance::new(limits.egress_calls),
            rate: limits.egress_calls_per_second.map(|rate| Mutex::new(Bucket::full(rate))),
            to_targets: Arc::new(Allowance::new(limits.egress_total_request_bytes)),
            from_targets: Arc::new(Allowance::new(limits.egress_total_response_bytes)),
        }
    }

    /// Accounts for one more call.
    pub(super) fn call(&self) -> Result<(), Refusal> {
        if let Some(bucket) = &self.rate {
            let mut bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(wait) = bucket.take() {
                let rate = bucket.rate;
                let mut refusal =
                    refuse(ErrorCode::RateLimited, format!("more than {rate} calls a second"));
                refusal.retry_after_ms = Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
                return Err(refusal);
            }
        }
        for (allowance, code, what) in [
            (&*self.to_targets, ErrorCode::PayloadTooLarge, "bytes to targets"),
            (&*self.from_targets, ErrorCode::PayloadTooLarge, "bytes from targets"),
            (&self.calls, ErrorCode::RateLimited, "calls"),
        ] {
            if allowance.is_used_up() {
                let detail = format!("the run's budget of {} {what} is used up", allowance.total);
                return Err(refuse(code, detail));
            }
        }
        self.calls.take(1).map_err(|total| {
            refuse(ErrorCode::RateLimited, format!("the run's budget of {total} calls is used up"))
        })
    }
}

/// So much of something, once.
#[derive(Debug)]
pub(super) struct Allowance {
    total: u64,
    left: AtomicU64,
}

impl Allowance {
    pub(super) fn new(total: Option<u64>) -> Self {
        let total = total.unwrap_or(u64::MAX);
        Self { total, left: AtomicU64::new(total) }
    }

    fn is_used_up(&self) -> bool {
        self.left.load(Ordering::Relaxed) == 0
    }

    /// Takes `amount`, all of it or nothing; `Err` has the total.
    pub(super) fn take(&self, amount: u64) -> Result<(), u64> {
        let taken = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(amount));
        taken.map(drop).map_err(|_| self.total)
    }
}

/// A token bucket that holds one second's worth.
#[derive(Debug)]
struct Bucket {
    rate: u32,
    /// When it will be full again. It holds `rate` less what this is ahead of now.
    full_at: Instant,
}

impl Bucket {
    fn full(rate: u32) -> Self {
        Self { rate, full_at: Instant::now() }
    }

    /// Takes one, or says how long until there is one.
    fn take(&mut self) -> Result<(), Duration> {
        let now = Instant::now();
        let each = Duration::from_secs(1).checked_div(self.rate).unwrap_or(Duration::MAX);
        let full_at = self.full_at.max(now).checked_add(each).ok_or(Duration::from_secs(1))?;
        let ahead = full_at.saturating_duration_since(now);
        match ahead.checked_sub(Duration::from_secs(1)) {
            Some(wait) if !wait.is_zero() => Err(wait.max(Duration::from_millis(1))),
            _ => {
                self.full_at = full_at;
                Ok(())
            }
        }
    }
}

pin_project! {
    /// A body on a session's account: its bytes are accounted for, and it ends with the session.
    pub(super) struct Metered {
        #[pin]
        body: Body,
        #[pin]
        ended: WaitForCancellationFutureOwned,
        allowance: Arc<Allowance>,
    }
}

impl Metered {
    pub(super) fn new(body: Body, allowance: Arc<Allowance>, ended: &CancellationToken) -> Self {
        Self { body, ended: ended.clone().cancelled_owned(), allowance }
    }
}

impl http_body::Body for Metered {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.project();
        if this.ended.poll(cx).is_ready() {
            return Poll::Ready(Some(Err(CutShort::Ended.into())));
        }
        let frame = ready!(this.body.poll_frame(cx));
        if let Some(Ok(frame)) = &frame {
            let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
            if let Err(total) = this.allowance.take(bytes) {
                return Poll::Ready(Some(Err(CutShort::TooLarge(total).into())));
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_second_holds_its_calls_and_one_more_waits_as_long_as_it_is_told() {
        let mut bucket = Bucket::full(4);
        for _ in 0..4 {
            bucket.take().unwrap();
        }
        let wait = bucket.take().unwrap_err();
        assert_eq!(wait, Duration::from_millis(250));
        tokio::time::advance(wait).await;
        bucket.take().unwrap();
        assert!(bucket.take().is_err());
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!((0..9).filter(|_| bucket.take().is_ok()).count(), 4, "it never overflows");
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_of_nothing_lets_nothing_through() {
        assert!(Bucket::full(0).take().is_err());
    }

    #[test]
    fn an_allowance_is_taken_whole_or_not_at_all() {
        let allowance = Allowance::new(Some(5));
        assert_eq!(
            (allowance.take(6), allowance.take(5), allowance.take(1)),
            (Err(5), Ok(()), Err(5))
        );
        assert!(allowance.is_used_up());
    }
}
