//! The secrets that one session may borrow.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use oxg_protocol::audit::{Decision, EventType};
use oxg_protocol::secret::{Lease, SecretGrant};
use oxg_protocol::{ErrorCode, LeaseId, SecretName};
use oxg_redact::{Redactor, RefusedValue};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::watch;
use tokio::time::timeout;

use super::flights::Flights;
use super::known::{Known, KnownSecrets};
use super::leases::{LeaseTimes, Leases};
use super::{SecretLease, SecretSource, SourceError};
use crate::audit::{Audit, Entry};
use crate::error::{Refusal, refuse};
use crate::random;

/// How long a source may take.
const SOURCE_DEADLINE: Duration = Duration::from_secs(10);

/// The secrets that one session may borrow.
#[derive(Debug)]
pub(crate) struct Secrets {
    borrower: Borrower,
    /// Asked in this order; the first that has the secret counts.
    sources: Vec<Arc<dyn SecretSource>>,
    times: LeaseTimes,
    redactor: Redactor,
    audit: Arc<Audit>,
    flights: Flights,
    state: Mutex<State>,
}

/// Who borrows.
#[derive(Debug)]
pub(crate) struct Borrower {
    /// The plugin's name, as sources know it.
    pub(crate) plugin: String,
    /// This run of it, as the audit knows it.
    pub(crate) plugin_id: String,
}

#[derive(Debug, Default)]
struct State {
    known: KnownSecrets,
    leases: Leases,
}

/// A secret on its way out: what cannot be kept out of the logs does not get this far.
struct HandedOut {
    value: SecretString,
    version: u64,
    ttl: Option<Duration>,
}

impl Secrets {
    pub(crate) fn new(
        borrower: Borrower,
        given: BTreeMap<SecretName, SecretString>,
        sources: Vec<Arc<dyn SecretSource>>,
        times: LeaseTimes,
        audit: Arc<Audit>,
    ) -> Self {
        let mut state = State::default();
        for (name, value) in given {
            state.known.give(&name, value);
        }
        let redactor = audit.redactor().clone();
        let (flights, state) = (Flights::default(), Mutex::new(state));
        Self { borrower, sources, times, redactor, audit, flights, state }
    }

    /// Lends the secret.
    pub(crate) async fn lend(&self, name: &SecretName) -> Result<SecretGrant, Refusal> {
        let secret = self.hand_out(name).await?;
        let id = random::hex::<16>().ok().and_then(|text| text.parse::<LeaseId>().ok());
        let id = id.ok_or_else(|| refuse(ErrorCode::Internal, "no random bytes"))?;
        let mut state = self.lock();
        // It may have been taken away since.
        state.known.get(name)?;
        let lease = state.leases.open(id, (name, secret.version), self.times, secret.ttl)?;
        Ok(SecretGrant::new(secret.value, secret.version, lease))
    }

    /// The value, for the broker's own use.
    pub(crate) async fn value(&self, name: &SecretName) -> Result<SecretString, Refusal> {
        Ok(self.hand_out(name).await?.value)
    }

    /// Prolongs a lease.
    pub(crate) fn renew(&self, id: &LeaseId) -> Result<Lease, Refusal> {
        let State { known, leases } = &mut *self.lock();
        leases.renew(id, |name| known.get(name).ok().map(Known::version))
    }

    /// Ends a lease; whether there was one.
    pub(crate) fn give_back(&self, id: &LeaseId) -> bool {
        self.lock().leases.end(id)
    }

    /// The leases that are open.
    pub(crate) fn leases(&self) -> Vec<SecretLease> {
        self.lock().leases.views()
    }

    /// The versions of the secret from now on, the present one first.
    pub(crate) async fn watch(&self, name: &SecretName) -> Result<watch::Receiver<u64>, Refusal> {
        self.look(name).await?;
        Ok(self.lock().known.get(name)?.subscribe())
    }

    /// Gives the secret a new value; whoever watches is told.
    pub(crate) fn rotate(&self, name: &SecretName, value: SecretString) {
        self.lock().known.give(name, value);
    }

    /// Takes the secret away: nobody gets it or keeps a lease on it.
    pub(crate) fn revoke(&self, name: &SecretName) {
        let mut state = self.lock();
        state.known.revoke(name);
        state.leases.end_all_of(name);
    }

    /// Makes the present value known, whether or not it is another than before.
    pub(crate) async fn look(&self, name: &SecretName) -> Result<(), Refusal> {
        let decided = self.lock().known.decided(name);
        match decided {
            Some(decided) => decided,
            None => self.flights.share(name, self.ask(name)).await,
        }
    }

    async fn ask(&self, name: &SecretName) -> Result<(), Refusal> {
        for source in &self.sources {
            let asked = timeout(SOURCE_DEADLINE, source.fetch(&self.borrower.plugin, name)).await;
            match asked.unwrap_or(Err(SourceError::Deadline(SOURCE_DEADLINE))) {
                Ok(Some(secret)) => return self.lock().known.found(name, secret),
                Ok(None) => {}
                Err(error) => return Err(self.failed(name, &error)),
            }
        }
        let mut state = self.lock();
        if let Some(decided) = state.known.decided(name) {
            return decided;
        }
        state.known.remove(name);
        state.leases.end_all_of(name);
        state.known.get(name).map(drop)
    }

    /// The audit has the reason for the operator; the plugin learns nothing of where its secrets
    /// come from.
    fn failed(&self, name: &SecretName, error: &SourceError) -> Refusal {
        let reason = format!("the source of the secret fails: {error}");
        let entry = Entry::new(EventType::Secret, Decision::Info, reason)
            .with("secret", name.as_str())
            .with("code", ErrorCode::Unavailable.as_str());
        let written = self.audit.record(&self.borrower.plugin_id, entry);
        let refusal = refuse(
            ErrorCode::Unavailable,
            "the source of the secret fails; the operator finds the reason in the audit",
        );
        written.err().unwrap_or(refusal)
    }

    /// The present value. It leaves only where the redactor can remove it from whatever the plugin
    /// says afterwards.
    async fn hand_out(&self, name: &SecretName) -> Result<HandedOut, Refusal> {
        self.look(name).await?;
        let secret = {
            let state = self.lock();
            let known = state.known.get(name)?;
            HandedOut { value: known.value.clone(), version: known.version(), ttl: known.ttl }
        };
        match self.redactor.register(secret.value.expose_secret()) {
            Ok(()) => Ok(secret),
            Err(why) => Err(cannot_be_hidden(name, why)),
        }
    }

    #[cfg(test)]
    pub(super) fn audit(&self) -> &Audit {
        &self.audit
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says nothing of the value, its length included.
pub(super) fn cannot_be_hidden(name: &SecretName, why: RefusedValue) -> Refusal {
    match why {
        RefusedValue::Full => refuse(
            ErrorCode::Unavailable,
            "the broker cannot keep more secrets out of its logs; end sessions or start it anew",
        ),
        _ => refuse(
            ErrorCode::SecretNotGranted,
            format!(
                "the value of the secret {:?} cannot be kept out of logs and findings; ask the operator for one that is longer or harder to guess",
                name.as_str()
            ),
        ),
    }
}
