//! How much of a plugin's quota is taken in a store that others write to as well.

use std::ops::{AddAssign, Sub};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::artifacts::store::Quota;
use crate::error::Refusal;

/// How long what was counted is believed.
const FRESH: Duration = Duration::from_secs(60);
/// And how long at least, where the quota seems full.
const SETTLED: Duration = Duration::from_secs(5);

/// Bytes, and the number of names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Amount {
    pub(super) bytes: u64,
    pub(super) count: u64,
}

impl AddAssign for Amount {
    fn add_assign(&mut self, more: Self) {
        self.bytes = self.bytes.saturating_add(more.bytes);
        self.count = self.count.saturating_add(more.count);
    }
}

impl Sub for Amount {
    type Output = Self;

    fn sub(self, less: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_sub(less.bytes),
            count: self.count.saturating_sub(less.count),
        }
    }
}

/// What is taken, as far as this broker knows: what it counted in the store, and what it did since.
///
/// In doubt it is too much: what this broker adds while it counts may be counted twice, until the
/// next time. What others add shows with the next count.
#[derive(Debug, Default)]
pub(super) struct Usage(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    counted: Amount,
    counted_at: Option<Instant>,
    /// All that was ever added and removed, and what of it the count has for sure.
    added: Amount,
    added_before: Amount,
    removed: Amount,
    removed_before: Amount,
    reserved: Amount,
}

impl State {
    fn total(&self) -> Amount {
        let mut total = self.counted;
        total += self.added - self.added_before;
        total += self.reserved;
        total - (self.removed - self.removed_before)
    }
}

/// A count in the making: what is added from here on is not in it for sure.
pub(super) struct Counting(Amount);

impl Usage {
    pub(super) fn bytes(&self) -> u64 {
        self.lock().total().bytes
    }

    /// Begins to count, if it is time to.
    pub(super) fn count_again(&self, is_full: bool) -> Option<Counting> {
        let state = self.lock();
        let most = if is_full { SETTLED } else { FRESH };
        let due = state.counted_at.is_none_or(|at| at.elapsed() >= most);
        due.then_some(Counting(state.added))
    }

    pub(super) fn counted(&self, counting: &Counting, counted: Amount) {
        let mut state = self.lock();
        (state.counted, state.counted_at) = (counted, Some(Instant::now()));
        state.added_before = counting.0;
        state.removed_before = state.removed;
    }

    /// Sets aside what an artifact takes in place of `old`, if the quota has room.
    pub(super) fn reserve(
        &self,
        quota: Quota,
        old: Amount,
        new: Amount,
    ) -> Result<Reserved<'_>, Refusal> {
        let mut state = self.lock();
        let mut total = state.total();
        total += new;
        let total = total - old;
        quota.check(total.bytes, total.count)?;
        let (more, less) = (new - old, old - new);
        state.reserved += more;
        Ok(Reserved { usage: self, more, less, kept: false })
    }

    pub(super) fn removed(&self, amount: Amount) {
        self.lock().removed += amount;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Room that was set aside; free again when dropped.
pub(super) struct Reserved<'a> {
    usage: &'a Usage,
    more: Amount,
    less: Amount,
    kept: bool,
}

impl Reserved<'_> {
    /// The artifact is there.
    pub(super) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        let mut state = self.usage.lock();
        state.reserved = state.reserved - self.more;
        if self.kept {
            let (more, less) = (self.more, self.less);
            state.added += more;
            state.removed += less;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(bytes: u64) -> Amount {
        Amount { bytes, count: u64::from(bytes > 0) }
    }

    #[tokio::test]
    async fn what_is_added_while_it_is_counted_is_not_forgotten() {
        let usage = Usage::default();
        let quota = Quota { artifact_bytes: 10, total_bytes: 20, count: 10 };
        let counting = usage.count_again(false).unwrap();
        usage.reserve(quota, amount(0), amount(7)).unwrap().keep();
        usage.counted(&counting, amount(5));
        assert_eq!(usage.bytes(), 12);
        let reserved = usage.reserve(quota, amount(0), amount(8)).unwrap();
        assert!(usage.reserve(quota, amount(0), amount(1)).is_err(), "it is full");
        assert!(usage.reserve(quota, amount(7), amount(7)).is_ok(), "replacing needs no more");
        drop(reserved);
        usage.removed(amount(7));
        assert_eq!(usage.bytes(), 5);
        assert!(usage.count_again(false).is_none(), "it was counted just now");
    }
}
