use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// How many lines one place of the program may log: so many a second in the long run, and so many
/// at once. What is above is left out, counted and told.
///
/// Default: 1,000 a second, 10,000 at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    per_second: u32,
    burst: u32,
}

impl RateLimit {
    /// No limit.
    pub const NONE: Self = Self { per_second: 0, burst: 0 };

    /// `per_second` lines in the long run, `burst` at once; each at least 1.
    #[must_use]
    pub fn new(per_second: u32, burst: u32) -> Self {
        Self { per_second: per_second.max(1), burst: burst.max(1) }
    }
}

impl Default for RateLimit {
    fn default() -> Self {
        Self::new(1_000, 10_000)
    }
}

/// The places that log, each with its bucket of tokens. A place is known by its address.
pub(super) struct Buckets {
    limit: RateLimit,
    start: Instant,
    /// A table without removal: a program has a fixed number of places. More than fit are not
    /// limited.
    slots: Box<[Bucket]>,
}

#[derive(Default)]
struct Bucket {
    place: AtomicUsize,
    /// When the bucket is full again, in nanoseconds from the start.
    full_at: AtomicU64,
    suppressed: AtomicU64,
}

/// Whether a line may pass.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Pass,
    /// It may, and so many of its kind before it could not.
    PassAfter(u64),
    Suppress,
}

impl Buckets {
    const SLOTS: usize = 1024;
    const PROBES: usize = 16;

    pub(super) fn new(limit: RateLimit) -> Self {
        let slots = if limit == RateLimit::NONE { 0 } else { Self::SLOTS };
        Self {
            limit,
            start: Instant::now(),
            slots: std::iter::repeat_with(Bucket::default).take(slots).collect(),
        }
    }

    /// Takes a token for a line of `place`.
    pub(super) fn take(&self, place: usize) -> Verdict {
        match self.bucket(place) {
            Some(bucket) => bucket.take(self.limit, self.start.elapsed()),
            None => Verdict::Pass,
        }
    }

    /// How many lines were suppressed and not told of yet.
    pub(super) fn take_suppressed(&self) -> u64 {
        self.slots.iter().map(|bucket| bucket.suppressed.swap(0, Ordering::Relaxed)).sum()
    }

    fn bucket(&self, place: usize) -> Option<&Bucket> {
        let hash = (place >> 3).wrapping_mul(0x9e37_79b9);
        (0..Self::PROBES).find_map(|probe| {
            let bucket = self.slots.get(hash.wrapping_add(probe) % Self::SLOTS)?;
            let known = match bucket.place.load(Ordering::Relaxed) {
                0 => bucket
                    .place
                    .compare_exchange(0, place, Ordering::Relaxed, Ordering::Relaxed)
                    .map_or_else(|other| other, |_| place),
                known => known,
            };
            (known == place).then_some(bucket)
        })
    }
}

impl Bucket {
    /// The generic cell rate algorithm: one number says how full the bucket is.
    fn take(&self, limit: RateLimit, now: Duration) -> Verdict {
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        let token = 1_000_000_000 / u64::from(limit.per_second.max(1));
        let depth = token.saturating_mul(u64::from(limit.burst));
        let taken = self.full_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full_at| {
            let full_at = full_at.max(now).saturating_add(token);
            (full_at <= now.saturating_add(depth)).then_some(full_at)
        });
        if taken.is_err() {
            self.suppressed.fetch_add(1, Ordering::Relaxed);
            return Verdict::Suppress;
        }
        // Read first: nearly always there is nothing to tell.
        match self.suppressed.load(Ordering::Relaxed) {
            0 => Verdict::Pass,
            _ => match self.suppressed.swap(0, Ordering::Relaxed) {
                0 => Verdict::Pass,
                count => Verdict::PassAfter(count),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_then_its_rate_and_tells_what_it_held_back() {
        let bucket = Bucket::default();
        let limit = RateLimit::new(10, 3);
        let at = |millis| bucket.take(limit, Duration::from_millis(millis));
        for _ in 0..3 {
            assert_eq!(at(0), Verdict::Pass);
        }
        assert_eq!(at(0), Verdict::Suppress);
        assert_eq!(at(99), Verdict::Suppress);
        assert_eq!(at(100), Verdict::PassAfter(2));
        assert_eq!(at(100), Verdict::Suppress);
        assert_eq!(at(60_000), Verdict::PassAfter(1));
        assert_eq!((at(60_000), at(60_000)), (Verdict::Pass, Verdict::Pass));
        assert_eq!(at(60_000), Verdict::Suppress);
    }

    #[test]
    fn one_place_does_not_use_up_what_another_has() {
        let buckets = Buckets::new(RateLimit::new(1, 1));
        // The second would lie where the first does.
        for place in [8, 8 + (Buckets::SLOTS << 3), 16] {
            assert_eq!(buckets.take(place), Verdict::Pass);
            assert_eq!(buckets.take(place), Verdict::Suppress);
        }
        assert_eq!(buckets.take_suppressed(), 3);
        assert_eq!(buckets.take_suppressed(), 0);
    }

    #[test]
    fn without_a_limit_nothing_is_held_back() {
        let buckets = Buckets::new(RateLimit::NONE);
        assert!((0..100_000).all(|_| buckets.take(8) == Verdict::Pass));
    }
}
