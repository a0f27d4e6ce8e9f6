use std::time::Duration;

use oxg_protocol::LeaseId;
use oxg_protocol::secret::Lease;
use tokio::time::Instant;

use super::Secret;
use crate::random;

/// A secret and the lease on it.
#[derive(Debug, Clone)]
pub(super) struct Loan {
    pub(super) secret: Secret,
    pub(super) lease: LeaseId,
    pub(super) renewable: bool,
    /// The life of the lease when it was new.
    pub(super) life: Duration,
    /// When to ask for more time.
    pub(super) renew_at: Instant,
    /// From here on the value must not be used.
    pub(super) expires: Instant,
}

impl Loan {
    /// A loan under a lease that was asked for at `asked`.
    pub(super) fn new(secret: Secret, lease: Lease, asked: Instant) -> Self {
        let life = Duration::from_millis(lease.expires_in_ms);
        let (renew_at, expires) = times(life, asked);
        Self { secret, lease: lease.id, renewable: lease.renewable, life, renew_at, expires }
    }

    /// The loan with the time that a renewal gave; `None` where that is so little that a new lease
    /// is due: renewals reach only so far.
    pub(super) fn renewed(&self, lease: &Lease, asked: Instant) -> Option<Self> {
        let left = Duration::from_millis(lease.expires_in_ms);
        if left < self.life / 3 {
            return None;
        }
        let (renew_at, expires) = times(left, asked);
        Some(Self { renew_at, expires, renewable: lease.renewable, ..self.clone() })
    }

    /// The loan, to be renewed no earlier than after `pause`.
    pub(super) fn postponed(&self, pause: Duration) -> Self {
        Self { renew_at: Instant::now() + pause, ..self.clone() }
    }
}

/// When to renew a lease, and when to stop using it. Renewal is due at two thirds of the life, five
/// hundredths earlier or later, so that many plugins do not ask at once. The last twentieth is left:
/// the lease began before the answer came.
fn times(life: Duration, asked: Instant) -> (Instant, Instant) {
    let share = 2.0 / 3.0 - 0.05 + 0.1 * random::fraction();
    (asked + life.mul_f64(share), asked + life - life / 20)
}
