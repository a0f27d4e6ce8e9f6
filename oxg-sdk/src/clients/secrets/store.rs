use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use oxg_protocol::{Problem, SecretName};
use oxg_redact::Redactor;
use secrecy::ExposeSecret;
use tokio::runtime::Handle;
use tokio::sync::Mutex as Turn;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::loan::Loan;
use super::source::SecretSource;
use super::{BrokerSecrets, Secret, SecretError};
use crate::clients::Api;

/// How long a refusal is kept, so that a plugin that asks in a loop does not become a flood.
const REFUSED_FOR: Duration = Duration::from_secs(2);
/// The pause between renewals that fail while the old value is still good.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// How long giving every lease back may take.
const GIVE_BACK_ALL: Duration = Duration::from_secs(5);

/// What was lent to this run. Dropped, it gives the leases back, as far as a runtime goes on.
#[derive(Debug)]
pub(crate) struct SecretStore {
    redactor: Redactor,
    /// For what outlives the task that asked.
    pub(super) lasting: Arc<dyn SecretSource>,
    entries: Mutex<HashMap<SecretName, Arc<Entry>>>,
    /// Ends with the store.
    pub(super) watchers: Mutex<JoinSet<()>>,
}

/// One secret.
#[derive(Debug, Default)]
pub(super) struct Entry {
    state: Mutex<State>,
    /// Whose turn it is to call the source; the others wait for what comes of it.
    turn: Turn<()>,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Unknown,
    Lent(Loan),
    Refused {
        problem: Box<Problem>,
        until: Instant,
    },
}

/// What an entry says without a call.
enum Known {
    /// Good, and not due.
    Fresh(Secret),
    /// Good, but due for renewal.
    Due(Loan),
    Refused(Box<Problem>),
    Nothing,
}

impl Entry {
    fn known(&self) -> Known {
        let now = Instant::now();
        match &*lock(&self.state) {
            State::Lent(loan) if now < loan.renew_at => Known::Fresh(loan.secret.clone()),
            State::Lent(loan) if now < loan.expires => Known::Due(loan.clone()),
            State::Refused { problem, until } if now < *until => Known::Refused(problem.clone()),
            _ => Known::Nothing,
        }
    }

    fn set(&self, state: State) {
        *lock(&self.state) = state;
    }

    fn take(&self) -> Option<Loan> {
        match std::mem::take(&mut *lock(&self.state)) {
            State::Lent(loan) => Some(loan),
            _ => None,
        }
    }
}

impl SecretStore {
    /// A store of what comes over `api`.
    pub(crate) fn new(redactor: Redactor, api: &Api) -> Self {
        let lasting = Arc::new(BrokerSecrets(api.unscoped()));
        Self { redactor, lasting, entries: Mutex::default(), watchers: Mutex::default() }
    }

    /// The secret, from here or from `source`.
    pub(super) async fn get(
        &self,
        source: &dyn SecretSource,
        name: &str,
    ) -> Result<Secret, SecretError> {
        // The name as it is finds an entry without being parsed.
        let found = lock(&self.entries).get(name).cloned();
        let (name, entry) = match found {
            Some(entry) => match entry.known() {
                Known::Fresh(secret) => return Ok(secret),
                _ => (name.parse()?, entry),
            },
            None => {
                let name: SecretName = name.parse()?;
                let entry = lock(&self.entries).entry(name.clone()).or_default().clone();
                (name, entry)
            }
        };
        let _turn = match entry.known() {
            Known::Fresh(secret) => return Ok(secret),
            // While one renews, the others use what they have.
            Known::Due(loan) => match entry.turn.try_lock() {
                Ok(turn) => turn,
                Err(_) => return Ok(loan.secret),
            },
            _ => entry.turn.lock().await,
        };
        match entry.known() {
            Known::Fresh(secret) => Ok(secret),
            Known::Refused(problem) => Err(SecretError::NotGranted { name, problem }),
            Known::Due(loan) => self.renew(source, &name, &entry, loan).await,
            Known::Nothing => self.fetch(source, &name, &entry).await,
        }
    }

    /// The present version, whatever is kept here.
    pub(super) async fn refresh(
        &self,
        source: &dyn SecretSource,
        name: &SecretName,
    ) -> Result<Secret, SecretError> {
        let entry = lock(&self.entries).entry(name.clone()).or_default().clone();
        let _turn = entry.turn.lock().await;
        self.fetch(source, name, &entry).await
    }

    async fn renew(
        &self,
        source: &dyn SecretSource,
        name: &SecretName,
        entry: &Entry,
        loan: Loan,
    ) -> Result<Secret, SecretError> {
        let asked = Instant::now();
        if loan.renewable
            && let Ok(lease) = source.renew(&loan.lease).await
            && let Some(renewed) = loan.renewed(&lease, asked)
        {
            entry.set(State::Lent(renewed));
            return Ok(loan.secret);
        }
        // The lease is at its end, or on an old version: a new one is due.
        match self.fetch(source, name, entry).await {
            Err(error) if error.is_passing() && Instant::now() < loan.expires => {
                tracing::debug!(secret = %name, error = %error, "cannot renew yet; the old value is still good");
                entry.set(State::Lent(loan.postponed(RETRY_PAUSE)));
                Ok(loan.secret)
            }
            result => result,
        }
    }

    async fn fetch(
        &self,
        source: &dyn SecretSource,
        name: &SecretName,
        entry: &Entry,
    ) -> Result<Secret, SecretError> {
        let asked = Instant::now();
        let grant = match source.fetch(name).await {
            Ok(grant) => grant,
            Err(SecretError::NotGranted { name, problem }) => {
                let until = Instant::now() + REFUSED_FOR;
                entry.set(State::Refused { problem: problem.clone(), until });
                return Err(SecretError::NotGranted { name, problem });
            }
            Err(error) => return Err(error),
        };
        if let Err(refused) = self.redactor.register(grant.value.expose_secret()) {
            // Nobody uses it; that it runs out by itself is good enough.
            let _ = source.give_back(&grant.lease.id).await;
            return Err(SecretError::NotRedactable { name: name.clone(), source: refused });
        }
        let secret = Secret::new(name.clone(), grant.value, grant.version);
        entry.set(State::Lent(Loan::new(secret.clone(), grant.lease, asked)));
        Ok(secret)
    }

    /// Forgets the secret and gives its lease back.
    pub(super) async fn revoke(&self, source: &dyn SecretSource, name: &SecretName) {
        let entry = lock(&self.entries).remove(name);
        if let Some(loan) = entry.and_then(|entry| entry.take()) {
            give_back(source, [loan]).await;
        }
    }

    /// The broker refuses the secret from now on: what is kept of it is used no more.
    pub(super) fn refused(&self, name: &SecretName, problem: &Problem) {
        if let Some(entry) = lock(&self.entries).get(name) {
            let until = Instant::now() + REFUSED_FOR;
            entry.set(State::Refused { problem: Box::new(problem.clone()), until });
        }
    }

    /// Ends the watching and gives every lease back, as far as the source listens.
    pub(crate) async fn release(&self) {
        let mut watchers = std::mem::take(&mut *lock(&self.watchers));
        watchers.shutdown().await;
        let loans = self.take();
        give_back(&*self.lasting, loans).await;
    }

    fn take(&self) -> Vec<Loan> {
        let entries = std::mem::take(&mut *lock(&self.entries));
        entries.values().filter_map(|entry| entry.take()).collect()
    }
}

impl Drop for SecretStore {
    fn drop(&mut self) {
        let loans = self.take();
        if let Ok(runtime) = Handle::try_current()
            && !loans.is_empty()
        {
            let source = Arc::clone(&self.lasting);
            runtime.spawn(async move { give_back(&*source, loans).await });
        }
    }
}

/// Gives leases back until the source cannot be reached or the time is up.
async fn give_back(source: &dyn SecretSource, loans: impl IntoIterator<Item = Loan>) {
    let all = async {
        for loan in loans {
            let Err(error) = source.give_back(&loan.lease).await else { continue };
            let secret = loan.secret.name();
            tracing::debug!(%secret, error = %error, "cannot release the secret's lease");
            if error.is_unreachable() {
                return;
            }
        }
    };
    if timeout(GIVE_BACK_ALL, all).await.is_err() {
        tracing::debug!("the leases on secrets are not given back in time");
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
