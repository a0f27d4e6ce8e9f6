//! Leases on secrets: how long each lasts, and how far it can be renewed. Pure.

use std::collections::HashMap;
use std::time::Duration;

use oxg_protocol::secret::Lease;
use oxg_protocol::{ErrorCode, LeaseId, SecretName};
use tokio::time::Instant;

use crate::error::{Refusal, refuse};

/// The most leases that one session can hold.
pub(super) const MAX_LEASES: usize = 1024;
/// The shortest lease: less could not be renewed in time.
const MIN_TTL: Duration = Duration::from_secs(1);

/// How long secrets are lent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LeaseTimes {
    /// At a time.
    pub(crate) ttl: Duration,
    /// With renewals, from the first grant on.
    pub(crate) max_ttl: Duration,
}

impl Default for LeaseTimes {
    fn default() -> Self {
        Self { ttl: Duration::from_secs(300), max_ttl: Duration::from_secs(3600) }
    }
}

impl LeaseTimes {
    /// With the time that a source gives.
    fn of(self, ttl: Option<Duration>) -> Self {
        let max_ttl = self.max_ttl.max(MIN_TTL);
        Self { ttl: ttl.unwrap_or(self.ttl).clamp(MIN_TTL, max_ttl), max_ttl }
    }
}

/// A lease on a secret, as the host sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecretLease {
    /// Its id.
    pub id: LeaseId,
    /// The secret that is lent.
    pub secret: SecretName,
    /// The version of it.
    pub version: u64,
    /// The time that is left, if it is not renewed.
    pub expires_in: Duration,
}

/// The leases of one session.
#[derive(Debug, Default)]
pub(super) struct Leases(HashMap<LeaseId, Held>);

#[derive(Debug)]
struct Held {
    secret: SecretName,
    version: u64,
    times: LeaseTimes,
    expires: Instant,
    hard_end: Instant,
}

impl Leases {
    /// Opens a lease on a version of a secret.
    pub(super) fn open(
        &mut self,
        id: LeaseId,
        (secret, version): (&SecretName, u64),
        times: LeaseTimes,
        ttl: Option<Duration>,
    ) -> Result<Lease, Refusal> {
        let now = Instant::now();
        self.0.retain(|_, held| held.expires > now);
        if self.0.len() >= MAX_LEASES {
            let detail = format!("{MAX_LEASES} leases are open; give some back");
            return Err(refuse(ErrorCode::RateLimited, detail));
        }
        let times = times.of(ttl);
        let (expires, hard_end) = (now + times.ttl, now + times.max_ttl);
        let held = Held { secret: secret.clone(), version, times, expires, hard_end };
        let lease = held.describe(&id, now);
        self.0.insert(id, held);
        Ok(lease)
    }

    /// Prolongs a lease. One on a version that was replaced runs out instead, so that its holder
    /// comes for the new one.
    pub(super) fn renew(
        &mut self,
        id: &LeaseId,
        present: impl FnOnce(&SecretName) -> Option<u64>,
    ) -> Result<Lease, Refusal> {
        let now = Instant::now();
        let lost = |detail| refuse(ErrorCode::LeaseLost, detail);
        let held = self.0.get_mut(id).filter(|held| held.expires > now);
        let held = held.ok_or_else(|| lost("the lease is over; ask for the secret again"))?;
        if present(&held.secret) != Some(held.version) {
            return Err(lost("the secret has a new version; ask for it again"));
        }
        held.expires = (now + held.times.ttl).min(held.hard_end);
        Ok(held.describe(id, now))
    }

    /// Ends a lease; whether there was one.
    pub(super) fn end(&mut self, id: &LeaseId) -> bool {
        self.0.remove(id).is_some_and(|held| held.expires > Instant::now())
    }

    /// Ends every lease on the secret.
    pub(super) fn end_all_of(&mut self, secret: &SecretName) {
        self.0.retain(|_, held| held.secret != *secret);
    }

    pub(super) fn views(&self) -> Vec<SecretLease> {
        let now = Instant::now();
        let open = self.0.iter().filter(|(_, held)| held.expires > now);
        let view = |(id, held): (&LeaseId, &Held)| SecretLease {
            id: id.clone(),
            secret: held.secret.clone(),
            version: held.version,
            expires_in: held.expires - now,
        };
        open.map(view).collect()
    }
}

impl Held {
    fn describe(&self, id: &LeaseId, now: Instant) -> Lease {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let mut lease = Lease::fixed(id.clone(), millis(self.expires - now));
        lease.renewable = self.expires < self.hard_end;
        lease.max_ttl_ms = millis(self.times.max_ttl);
        lease
    }
}
