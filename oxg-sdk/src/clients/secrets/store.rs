use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use oxg_protocol::{Problem, SecretName};
use oxg_redact::Redactor;
use secrecy::ExposeSecret;
use tokio::sync::Mutex as Turn;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::loan::Loan;
use super::source::SecretSource;
use super::{Secret, SecretError};

/// How long a refusal is kept, so that a plugin that asks in a loop does not become a flood.
const REFUSED_FOR: Duration = Duration::from_secs(2);
/// The pause between renewals that fail while the old value is still good.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// What was lent to this run.
#[derive(Debug)]
pub(crate) struct SecretStore {
    redactor: Redactor,
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
}

impl SecretStore {
    pub(crate) fn new(redactor: Redactor) -> Self {
        Self { redactor, entries: Mutex::default(), watchers: Mutex::default() }
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
        self.redactor
            .register(grant.value.expose_secret())
            .map_err(|source| SecretError::NotRedactable { name: name.clone(), source })?;
        let secret = Secret::new(name.clone(), grant.value, grant.version);
        entry.set(State::Lent(Loan::new(secret.clone(), grant.lease, asked)));
        Ok(secret)
    }

    /// Forgets the secret and gives its lease back.
    pub(super) async fn revoke(&self, source: &dyn SecretSource, name: &SecretName) {
        let entry = lock(&self.entries).remove(name);
        if let Some(entry) = entry {
            give_back(source, &entry).await;
        }
    }

    /// Ends the watching and gives every lease back, as far as the source listens.
    pub(crate) async fn release(&self, source: &dyn SecretSource) {
        let mut watchers = std::mem::take(&mut *lock(&self.watchers));
        watchers.shutdown().await;
        let entries = std::mem::take(&mut *lock(&self.entries));
        for entry in entries.values() {
            if !give_back(source, entry).await {
                return;
            }
        }
    }
}

/// Whether the source can still be reached.
async fn give_back(source: &dyn SecretSource, entry: &Entry) -> bool {
    let state = std::mem::take(&mut *lock(&entry.state));
    let State::Lent(loan) = state else {
        return true;
    };
    let Err(error) = source.give_back(&loan.lease).await else {
        return true;
    };
    tracing::debug!(secret = %loan.secret.name(), error = %error, "cannot release the secret's lease");
    !error.is_unreachable()
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
