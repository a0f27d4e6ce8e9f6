use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use oxg_protocol::secret::{Lease, SecretGrant};
use oxg_protocol::{ErrorCode, LeaseId, SecretName};
use oxg_redact::Redactor;
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::{SecretSource, SourceError};
use crate::error::{Refusal, refuse};
use crate::random;

/// How long a secret is lent at a time.
pub(super) const TTL: Duration = Duration::from_secs(300);
/// How far renewals reach from the first grant on.
pub(super) const MAX_TTL: Duration = Duration::from_secs(3600);
/// The most leases that one session can hold.
pub(super) const MAX_LEASES: usize = 1024;
/// How long a source may take.
const SOURCE_DEADLINE: Duration = Duration::from_secs(10);

/// The secrets that one session may borrow.
#[derive(Debug)]
pub(crate) struct Secrets {
    plugin: String,
    /// Asked in this order; the first that has the secret counts.
    sources: Vec<Arc<dyn SecretSource>>,
    redactor: Redactor,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    known: BTreeMap<SecretName, Known>,
    /// The last version of each secret that was taken away: should it come back, whoever holds an
    /// old version must see that it is another.
    gone: BTreeMap<SecretName, u64>,
    leases: HashMap<LeaseId, Held>,
}

/// A secret whose value the session has seen or was given.
#[derive(Debug)]
struct Known {
    value: SecretString,
    version: watch::Sender<u64>,
    /// Given by the host; the sources are not asked.
    given: bool,
}

#[derive(Debug, Clone)]
struct Held {
    name: SecretName,
    version: u64,
    expires: Instant,
    hard_end: Instant,
}

impl Secrets {
    pub(crate) fn new(
        plugin: String,
        given: BTreeMap<SecretName, SecretString>,
        sources: Vec<Arc<dyn SecretSource>>,
        redactor: Redactor,
    ) -> Self {
        let known = given.into_iter().map(|(name, value)| {
            (name, Known { value, version: watch::Sender::new(1), given: true })
        });
        let state = State { known: known.collect(), ..State::default() };
        Self { plugin, sources, redactor, state: Mutex::new(state) }
    }

    /// Lends the secret. The answer to one that does not exist is the answer to one that is not
    /// granted, so that a plugin cannot learn names.
    pub(crate) async fn lend(&self, name: &SecretName) -> Result<SecretGrant, Refusal> {
        self.look(name).await?;
        let id = random::hex::<16>().ok().and_then(|text| text.parse::<LeaseId>().ok());
        let id = id.ok_or_else(|| refuse(ErrorCode::Internal, "no random bytes"))?;
        let now = Instant::now();
        let mut state = self.lock();
        let State { known, leases, .. } = &mut *state;
        let secret = known.get(name).ok_or_else(|| not_granted(name))?;
        leases.retain(|_, held| held.expires > now);
        if leases.len() >= MAX_LEASES {
            return Err(refuse(
                ErrorCode::RateLimited,
                format!("{MAX_LEASES} leases are open; give some back"),
            ));
        }
        let version = *secret.version.borrow();
        let (expires, hard_end) = (now + TTL, now + MAX_TTL);
        leases.insert(id.clone(), Held { name: name.clone(), version, expires, hard_end });
        Ok(SecretGrant::new(secret.value.clone(), version, describe(id, TTL)))
    }

    /// The value, for the broker's own use.
    pub(crate) async fn value(&self, name: &SecretName) -> Result<SecretString, Refusal> {
        self.look(name).await?;
        let state = self.lock();
        state.known.get(name).map(|secret| secret.value.clone()).ok_or_else(|| not_granted(name))
    }

    /// Prolongs a lease. One on a version that was replaced runs out instead, so that its holder
    /// comes for the new one.
    pub(crate) fn renew(&self, id: &LeaseId) -> Result<Lease, Refusal> {
        let now = Instant::now();
        let mut state = self.lock();
        let State { known, leases, .. } = &mut *state;
        let lost = |detail| refuse(ErrorCode::LeaseLost, detail);
        let held = leases
            .get_mut(id)
            .filter(|held| held.expires > now && held.hard_end > now)
            .ok_or_else(|| lost("the lease is over; ask for the secret again"))?;
        let present = known.get(&held.name).map(|known| *known.version.borrow());
        if present != Some(held.version) {
            return Err(lost("the secret has a new version; ask for it again"));
        }
        held.expires = (now + TTL).min(held.hard_end);
        Ok(describe(id.clone(), held.expires - now))
    }

    /// Ends a lease. One that is over already is no error.
    pub(crate) fn give_back(&self, id: &LeaseId) {
        self.lock().leases.remove(id);
    }

    /// The versions of the secret from now on, the present one first.
    pub(crate) async fn watch(&self, name: &SecretName) -> Result<watch::Receiver<u64>, Refusal> {
        self.look(name).await?;
        let state = self.lock();
        let secret = state.known.get(name).ok_or_else(|| not_granted(name))?;
        Ok(secret.version.subscribe())
    }

    /// Gives the secret a new value; whoever watches is told.
    pub(crate) fn rotate(&self, name: SecretName, value: SecretString) {
        self.keep(&name, value, true);
    }

    /// Takes the secret away: nobody gets it or keeps a lease on it.
    pub(crate) fn revoke(&self, name: &SecretName) {
        self.lock().remove(name);
    }

    /// Makes the present value known, whether or not it is another than before.
    pub(crate) async fn look(&self, name: &SecretName) -> Result<(), Refusal> {
        if self.lock().known.get(name).is_some_and(|known| known.given) {
            return Ok(());
        }
        for source in &self.sources {
            let asked = timeout(SOURCE_DEADLINE, source.fetch(&self.plugin, name)).await;
            match asked.unwrap_or(Err(SourceError::Deadline(SOURCE_DEADLINE))) {
                Ok(Some(value)) => {
                    self.keep(name, value, false);
                    return Ok(());
                }
                Ok(None) => {}
                // The plugin learns nothing of where its secrets come from.
                Err(_) => {
                    let detail = "the source of the secret fails; ask the operator";
                    return Err(refuse(ErrorCode::Unavailable, detail));
                }
            }
        }
        let mut state = self.lock();
        if state.known.get(name).is_some_and(|known| known.given) {
            return Ok(());
        }
        state.remove(name);
        Err(not_granted(name))
    }

    fn keep(&self, name: &SecretName, value: SecretString, given: bool) {
        // Before anybody has it. One that is too short to be cut out is the plugin's SDK's to refuse.
        let _ = self.redactor.register(value.expose_secret());
        let mut state = self.lock();
        let Some(known) = state.known.get_mut(name) else {
            let version = state.gone.remove(name).map_or(1, |last| last.saturating_add(1));
            let known = Known { value, version: watch::Sender::new(version), given };
            state.known.insert(name.clone(), known);
            return;
        };
        // The host gave one while the source was asked.
        if known.given && !given {
            return;
        }
        known.given = given;
        let (old, new) = (known.value.expose_secret(), value.expose_secret());
        if !bool::from(old.as_bytes().ct_eq(new.as_bytes())) {
            known.value = value;
            known.version.send_modify(|version| *version += 1);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes the secret away, with every lease on it.
    fn remove(&mut self, name: &SecretName) {
        self.leases.retain(|_, held| held.name != *name);
        if let Some(known) = self.known.remove(name) {
            self.gone.insert(name.clone(), *known.version.borrow());
        }
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
