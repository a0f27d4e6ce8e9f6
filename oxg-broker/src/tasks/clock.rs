//! The time of a task store: it never goes back, and no change of the system's clock moves it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

/// A point in a store's time, in whole milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Moment(u64);

impl Moment {
    pub(crate) fn after(self, time: Duration) -> Self {
        Self(self.0.saturating_add(millis(time)))
    }

    /// The time until `later`; nothing if that is past.
    pub(crate) fn until(self, later: Self) -> Duration {
        Duration::from_millis(later.0.saturating_sub(self.0))
    }
}

pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Goes on from `origin` with the monotonic clock.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    origin: Moment,
    started: Instant,
    #[cfg(test)]
    skipped: std::sync::Arc<std::sync::atomic::AtomicU64>,
    #[cfg(test)]
    stopped: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

impl Clock {
    pub(crate) fn starting_at(origin: Moment) -> Self {
        Self {
            origin,
            started: Instant::now(),
            #[cfg(test)]
            skipped: std::sync::Arc::default(),
            #[cfg(test)]
            stopped: std::sync::Arc::default(),
        }
    }

    pub(crate) fn now(&self) -> Moment {
        let passed = self.started.elapsed();
        #[cfg(test)]
        let passed = self.in_test(passed);
        self.origin.after(passed)
    }

    #[cfg(test)]
    fn in_test(&self, passed: Duration) -> Duration {
        use std::sync::atomic::Ordering::SeqCst;

        let passed = if self.stopped.load(SeqCst) { Duration::ZERO } else { passed };
        passed + Duration::from_millis(self.skipped.load(SeqCst))
    }

    /// Stands still from here on but for [`Self::skip`], also while another thread works.
    #[cfg(test)]
    pub(crate) fn stop(&self) {
        self.skip(self.started.elapsed());
        self.stopped.store(true, std::sync::atomic::Ordering::SeqCst);
    }

    /// Lets time pass without waiting.
    #[cfg(test)]
    pub(crate) fn skip(&self, time: Duration) {
        self.skipped.fetch_add(millis(time), std::sync::atomic::Ordering::SeqCst);
    }
}

/// What the system's clocks say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Which start of the machine `monotonic` counts from. Empty where the system does not tell.
    pub(crate) boot: String,
    pub(crate) monotonic: Duration,
    /// Since 1970. An operator, or a time server, may set it at any time.
    pub(crate) wall: Duration,
}

impl Reading {
    pub(crate) fn now() -> Self {
        let wall = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let monotonic = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        Self {
            boot: boot.trim().to_owned(),
            monotonic: Duration::try_from(monotonic).unwrap_or_default(),
            wall: wall.unwrap_or_default(),
        }
    }
}

/// A point in a store's time, and how to find back to it after a restart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    boot: String,
    /// Where the store's time is when the monotonic clock is at `monotonic_ms`.
    moment: Moment,
    monotonic_ms: u64,
}

impl Mark {
    pub(crate) fn new(moment: Moment, reading: &Reading) -> Self {
        let monotonic_ms = millis(reading.monotonic);
        Self { boot: reading.boot.clone(), moment, monotonic_ms }
    }

    /// The store's time now. Within one start of the machine the monotonic clock says how much has
    /// passed, whatever became of the wall clock. After another, only the wall clock can tell how
    /// long the machine was off; where it was put back, time stands still rather than going back.
    pub(crate) fn resume(last: Option<&Self>, reading: &Reading) -> Moment {
        let wall = Moment(millis(reading.wall));
        match last {
            None => wall,
            Some(last) if last.boot == reading.boot && !reading.boot.is_empty() => {
                let passed = millis(reading.monotonic).saturating_sub(last.monotonic_ms);
                last.moment.after(Duration::from_millis(passed))
            }
            Some(last) => wall.max(last.moment),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(boot: &str, monotonic: u64, wall: u64) -> Reading {
        let secs = Duration::from_secs;
        Reading { boot: boot.to_owned(), monotonic: secs(monotonic), wall: secs(wall) }
    }

    #[test]
    fn no_jump_of_the_wall_clock_moves_a_store_that_is_restarted() {
        let before = reading("a", 100, 1_000_000);
        let mark = Mark::new(Moment(5_000), &before);
        for wall in [0, 1, 999_990, 1_000_030, 90_000_000] {
            let now = Mark::resume(Some(&mark), &reading("a", 130, wall));
            assert_eq!(now, Moment(35_000), "{wall}");
        }
    }

    #[test]
    fn after_a_start_of_the_machine_time_never_goes_back() {
        let mark = Mark::new(Moment(1_000_000_000), &reading("a", 100, 1_000_000));
        let later = Mark::resume(Some(&mark), &reading("b", 3, 1_000_600));
        assert_eq!(later, Moment(1_000_600_000));
        let put_back = Mark::resume(Some(&mark), &reading("b", 3, 10));
        assert_eq!(put_back, Moment(1_000_000_000));
    }

    #[test]
    fn a_system_that_does_not_name_its_starts_goes_by_the_wall_clock() {
        let mark = Mark::new(Moment(5_000), &reading("", 100, 5));
        assert_eq!(Mark::resume(Some(&mark), &reading("", 130, 35)), Moment(35_000));
    }
}
