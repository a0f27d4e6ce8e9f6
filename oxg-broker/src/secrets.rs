//! Secrets: values that the host holds and lends for a time.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use oxg_protocol::secret::{Lease, SecretGrant};
use oxg_protocol::{ErrorCode, LeaseId, SecretName};
use secrecy::SecretString;
use tokio::time::Instant;

use crate::error::{Refusal, refuse};
use crate::random;

/// How long a secret is lent at a time.
const TTL: Duration = Duration::from_secs(300);
/// How far renewals reach from the first grant on.
const MAX_TTL: Duration = Duration::from_secs(3600);
/// The most leases that one session can hold.
const MAX_LEASES: usize = 1024;

/// The secrets that one session may borrow.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    values: BTreeMap<SecretName, SecretString>,
    leases: Mutex<HashMap<LeaseId, Held>>,
}

#[derive(Debug, Clone, Copy)]
struct Held {
    expires: Instant,
    hard_end: Instant,
}

impl Secrets {
    pub(crate) fn new(values: BTreeMap<SecretName, SecretString>) -> Self {
        Self { values, leases: Mutex::default() }
    }

    /// Lends the secret. The answer to one that does not exist is the answer to one that is not
    /// granted, so that a plugin cannot learn names.
    pub(crate) fn lend(&self, name: &SecretName) -> Result<SecretGrant, Refusal> {
        let value = self.values.get(name).ok_or_else(|| not_granted(name))?;
        let id = random::hex::<16>().ok().and_then(|text| text.parse::<LeaseId>().ok());
        let id = id.ok_or_else(|| refuse(ErrorCode::Internal, "no random bytes"))?;
        let now = Instant::now();
        let mut leases = self.lock();
        leases.retain(|_, held| held.expires > now);
        if leases.len() >= MAX_LEASES {
            return Err(refuse(
                ErrorCode::RateLimited,
                format!("{MAX_LEASES} leases are open; give some back"),
            ));
        }
        leases.insert(id.clone(), Held { expires: now + TTL, hard_end: now + MAX_TTL });
        Ok(SecretGrant::new(value.clone(), 1, describe(id, TTL)))
    }

    /// The value, for the broker's own use.
    pub(crate) fn value(&self, name: &SecretName) -> Option<&SecretString> {
        self.values.get(name)
    }

    pub(crate) fn renew(&self, id: &LeaseId) -> Result<Lease, Refusal> {
        let now = Instant::now();
        let mut leases = self.lock();
        let held = leases
            .get_mut(id)
            .filter(|held| held.expires > now && held.hard_end > now)
            .ok_or_else(|| {
                refuse(ErrorCode::LeaseLost, "the lease is over; ask for the secret again")
            })?;
        held.expires = (now + TTL).min(held.hard_end);
        Ok(describe(id.clone(), held.expires - now))
    }

    /// Ends a lease. One that is over already is no error.
    pub(crate) fn give_back(&self, id: &LeaseId) {
        self.lock().remove(id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<LeaseId, Held>> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn not_granted(name: &SecretName) -> Refusal {
    refuse(
        ErrorCode::SecretNotGranted,
        format!("the secret {name:?} is not granted to this plugin", name = name.as_str()),
    )
}

fn describe(id: LeaseId, left: Duration) -> Lease {
    let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut lease = Lease::fixed(id, millis(left));
    lease.renewable = true;
    lease.max_ttl_ms = millis(MAX_TTL);
    lease
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Secrets {
        Secrets::new([("a".parse().unwrap(), "value-of-a".into())].into())
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_lives_for_its_time_and_no_renewal_reaches_past_the_longest() {
        let secrets = secrets();
        let id = secrets.lend(&"a".parse().unwrap()).unwrap().lease.id;
        for _ in 0..11 {
            tokio::time::advance(TTL - Duration::from_secs(1)).await;
            secrets.renew(&id).unwrap();
        }
        tokio::time::advance(TTL - Duration::from_secs(1)).await;
        let last = secrets.renew(&id).unwrap();
        assert!(last.expires_in_ms < 60_000, "{last:?}");
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(secrets.renew(&id).unwrap_err().code(), ErrorCode::LeaseLost);
    }

    #[tokio::test]
    async fn an_unknown_secret_is_a_secret_that_is_not_granted() {
        let refusal = secrets().lend(&"b".parse().unwrap()).unwrap_err();
        assert_eq!(refusal.code(), ErrorCode::SecretNotGranted);
    }

    #[tokio::test(start_paused = true)]
    async fn the_number_of_leases_is_limited_and_expiry_makes_room() {
        let (secrets, name) = (secrets(), "a".parse().unwrap());
        for _ in 0..MAX_LEASES {
            secrets.lend(&name).unwrap();
        }
        assert_eq!(secrets.lend(&name).unwrap_err().code(), ErrorCode::RateLimited);
        tokio::time::advance(TTL).await;
        assert!(secrets.lend(&name).is_ok());
    }
}
