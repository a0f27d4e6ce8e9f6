/// How often and when one call is made again.
///
/// Whatever it says: never after a denial, never past the call's deadline, never with a body that is
/// a stream, and never more often than the channel's budget has (ten retries, and one more for ten
/// calls that succeed).
///
/// Unless it says more, only idempotent methods (RFC 9110, 9.2.2) are made again, and only where the
/// broker was out of reach, busy, or says when its rate limit lets the call pass. Where the broker
/// could not even be dialled nothing was sent, and any method is tried again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RetryPolicy {
    /// `None`: as the channel has it.
    pub(super) most: Option<u32>,
    pub(super) any_method: bool,
    pub(super) when_busy: bool,
}

impl RetryPolicy {
    /// The channel's own rule: at most 2 retries, unless it was built with another number.
    #[must_use]
    pub const fn new() -> Self {
        Self { most: None, any_method: false, when_busy: false }
    }

    /// No retry.
    #[must_use]
    pub const fn none() -> Self {
        Self::new().up_to(0)
    }

    /// At most `most` retries.
    #[must_use]
    pub const fn up_to(mut self, most: u32) -> Self {
        self.most = Some(most);
        self
    }

    /// After a target's 429 and 503 too, no earlier than its `Retry-After` says. Where that is past
    /// the deadline, or the retries are used up, the answer is returned.
    #[must_use]
    pub const fn when_busy(mut self) -> Self {
        self.when_busy = true;
        self
    }

    /// Methods that are not idempotent too: the target may then act twice.
    #[must_use]
    pub const fn any_method(mut self) -> Self {
        self.any_method = true;
        self
    }
}
