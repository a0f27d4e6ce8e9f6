use std::sync::atomic::{AtomicU32, Ordering};

/// How many retries a channel has left: each takes one, and ten calls that succeed earn one.
///
/// It keeps a plugin whose broker is in trouble from doubling the trouble.
#[derive(Debug)]
pub(super) struct Budget(AtomicU32);

/// One retry, in tenths.
const RETRY: u32 = 10;
/// The most that can be saved up.
const MOST: u32 = 10 * RETRY;

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicU32::new(MOST))
    }
}

impl Budget {
    pub(super) fn earn(&self) {
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |have| {
            (have < MOST).then_some(have + 1)
        });
    }

    /// Whether there is a retry left; it is taken.
    pub(super) fn take(&self) -> bool {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |have| have.checked_sub(RETRY))
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_successes_earn_one_retry() {
        let budget = Budget::default();
        assert_eq!((0..100).filter(|_| budget.take()).count(), 10);
        (0..9).for_each(|_| budget.earn());
        assert!(!budget.take());
        budget.earn();
        assert!(budget.take());
    }
}
