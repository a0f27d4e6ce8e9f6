use std::time::Duration;

use tokio::time::sleep;

/// How often a transfer goes on after its connection broke, without a byte in between.
const MOST: u32 = 5;
/// The pause before the first; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// How often a transfer may still go on.
#[derive(Debug, Default)]
pub(super) struct Attempts(u32);

impl Attempts {
    /// Bytes came through: the connection is good.
    pub(super) fn reset(&mut self) {
        self.0 = 0;
    }

    /// The pause before the transfer goes on; `None` where it has failed too often.
    pub(super) fn next(&mut self) -> Option<impl Future<Output = ()> + Send + 'static> {
        let pause = FIRST_PAUSE * 2_u32.saturating_pow(self.0);
        self.0 += 1;
        (self.0 <= MOST).then(|| sleep(pause))
    }
}
