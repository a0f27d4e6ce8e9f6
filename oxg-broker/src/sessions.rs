//! The open sessions, and what the broker knows of each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use oxg_manifest::Manifest;
use oxg_protocol::session::SessionInfo;
use oxg_protocol::{Digest, Limits, SecretName};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::artifacts::{Artifacts, Uploads};
use crate::egress::Quota;
use crate::policy::Policy;
use crate::secrets::Secrets;
use crate::tasks::Tasks;

/// What the broker knows of a session.
#[derive(Debug)]
pub(crate) struct SessionState {
    pub(crate) plugin_id: Arc<str>,
    pub(crate) manifest: Manifest,
    pub(crate) info: SessionInfo,
    pub(crate) limits: Limits,
    pub(crate) policy: Policy,
    pub(crate) quota: Quota,
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) artifacts: Arc<Artifacts>,
    pub(crate) uploads: Uploads,
    pub(crate) tasks: Tasks,
    pub(crate) slots: Arc<Semaphore>,
    /// Cancelled when the session ends, for what would outlive its calls.
    pub(crate) ended: CancellationToken,
}

/// The open sessions, by the digest of their token: the look-up takes the same time whatever part
/// of a guess is right.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<HashMap<Digest, Arc<SessionState>>>);

impl Sessions {
    pub(crate) fn authenticate(&self, token: &str) -> Option<Arc<SessionState>> {
        self.lock().get(&Digest::of(token.as_bytes())).cloned()
    }

    pub(crate) fn drain(&self) {
        for session in self.lock().values() {
            session.tasks.drain();
        }
    }

    /// Takes the secret away from every open session.
    pub(crate) fn revoke_secret(&self, name: &SecretName) {
        for session in self.lock().values() {
            session.secrets.revoke(name);
        }
    }

    pub(crate) fn insert(&self, token: Digest, session: Arc<SessionState>) {
        self.lock().insert(token, session);
    }

    pub(crate) fn remove(&self, token: &Digest) {
        self.lock().remove(token);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, Arc<SessionState>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
