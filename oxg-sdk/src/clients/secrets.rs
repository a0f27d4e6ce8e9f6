use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use oxg_protocol::name::NameError;
use oxg_protocol::secret::{Lease, SecretGrant};
use oxg_protocol::{ErrorCode, LeaseId, Problem, SecretName, route};
use oxg_redact::{Redactor, RefusedValue};
use secrecy::ExposeSecret;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::{Api, ApiError, Secret};
use crate::channel::ChannelError;

/// How long the release of one lease may take when the plugin stops.
const RELEASE_DEADLINE: Duration = Duration::from_secs(2);

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// No secret can have such a name.
    #[error("{0}")]
    Name(#[from] NameError),
    /// The manifest does not name the secret, or the operator has none of that name.
    #[error("the secret {name} is not granted: {}", crate::channel::ChannelError::Broker(.problem.clone()))]
    NotGranted {
        /// The secret.
        name: SecretName,
        /// What the broker says.
        problem: Box<Problem>,
    },
    /// The value cannot be kept out of logs and findings, so it is not handed out.
    #[error(
        "the secret {name} cannot be kept out of the logs; ask the operator for a longer value"
    )]
    NotRedactable {
        /// The secret.
        name: SecretName,
        /// Why.
        source: RefusedValue,
    },
    /// The call failed.
    #[error("{0}")]
    Api(#[from] ApiError),
}

/// Secrets, lent by the broker.
///
/// Each is fetched once and kept until its lease is about to end; callers that ask at the same
/// time share one call.
#[derive(Debug, Clone)]
pub struct SecretsClient {
    api: Api,
    store: Arc<SecretStore>,
}

/// What was lent to this run.
#[derive(Debug)]
pub(crate) struct SecretStore {
    redactor: Redactor,
    slots: Mutex<HashMap<SecretName, Arc<OnceCell<Loan>>>>,
}

#[derive(Debug)]
struct Loan {
    secret: Secret,
    lease: LeaseId,
    fresh_until: Instant,
}

impl SecretsClient {
    pub(crate) fn new(api: Api, store: Arc<SecretStore>) -> Self {
        Self { api, store }
    }

    /// The secret `name`.
    ///
    /// # Errors
    /// [`SecretError::NotGranted`] where the manifest or the operator does not grant it; the other
    /// variants where the call failed.
    pub async fn get(&self, name: &str) -> Result<Secret, SecretError> {
        let name: SecretName = name.parse()?;
        let slot = self.store.slot(&name);
        let loan = slot.get_or_try_init(|| self.fetch(&name)).await?;
        Ok(loan.secret.clone())
    }

    async fn fetch(&self, name: &SecretName) -> Result<Loan, SecretError> {
        let asked = Instant::now();
        let grant: SecretGrant = match self.api.get(&route::secret(name)).await {
            Ok(grant) => grant,
            Err(ApiError::Channel(ChannelError::Broker(problem))) if is_refusal(&problem) => {
                let name = name.clone();
                return Err(SecretError::NotGranted { name, problem });
            }
            Err(error) => return Err(error.into()),
        };
        self.store
            .redactor
            .register(grant.value.expose_secret())
            .map_err(|source| SecretError::NotRedactable { name: name.clone(), source })?;
        Ok(Loan {
            fresh_until: asked + fresh_for(&grant.lease),
            lease: grant.lease.id,
            secret: Secret::new(name.clone(), grant.value, grant.version),
        })
    }
}

fn is_refusal(problem: &Problem) -> bool {
    problem.code().is_denial() || problem.code() == ErrorCode::NotFound
}

/// All of the lease but its last twentieth, so that no value is used past its end.
fn fresh_for(lease: &Lease) -> Duration {
    Duration::from_millis(lease.expires_in_ms - lease.expires_in_ms / 20)
}

impl SecretStore {
    pub(crate) fn new(redactor: Redactor) -> Self {
        Self { redactor, slots: Mutex::default() }
    }

    /// The slot of `name`: a new one where the old one's lease is about to end.
    fn slot(&self, name: &SecretName) -> Arc<OnceCell<Loan>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = slots.entry(name.clone()).or_default();
        if slot.get().is_some_and(|loan| loan.fresh_until <= Instant::now()) {
            *slot = Arc::default();
        }
        Arc::clone(slot)
    }

    /// Gives every lease back, as far as the broker listens.
    pub(crate) async fn release(&self, api: &Api) {
        let slots = std::mem::take(&mut *self.slots.lock().unwrap_or_else(PoisonError::into_inner));
        for loan in slots.values().filter_map(|slot| slot.get()) {
            let options = api.options().deadline(RELEASE_DEADLINE);
            if let Err(error) = api.delete(&route::lease(&loan.lease), options).await {
                tracing::debug!(secret = %loan.secret.name(), error = %error, "cannot release the secret's lease");
                if error.is_unreachable() {
                    return;
                }
            }
        }
    }
}
