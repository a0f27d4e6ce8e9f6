//! A session: one run of one plugin, and all that it was granted.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use http_body_util::BodyExt as _;
use oxg_manifest::{Capability, Manifest};
use oxg_protocol::artifact::ArtifactInfo;
use oxg_protocol::session::SessionInfo;
use oxg_protocol::task::{Enqueued, NewTask};
use oxg_protocol::version::feature;
use oxg_protocol::{ArtifactName, Digest, LeaseId, RunId, SecretName, TaskId};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::artifacts::{Conditions, Uploads};
use crate::body::full;
use crate::egress::Quota;
use crate::error::BrokerError;
use crate::policy::Policy;
use crate::random;
use crate::secrets::{Borrower, SecretLease, SecretSource, Secrets};
use crate::services::Services;
use crate::sessions::SessionState;
use crate::tasks::{MemoryTasks, TaskCounts, TaskStore, TaskView, Tasks};

/// What a plugin gets for one run, before it starts.
#[must_use = "a session begins with `open`"]
pub struct SessionBuilder {
    services: Arc<Services>,
    manifest: Manifest,
    secrets: BTreeMap<SecretName, SecretString>,
    secret_sources: Vec<Arc<dyn SecretSource>>,
    tasks: Option<Arc<dyn TaskStore>>,
    loopback_ports: Vec<u16>,
    config: Map<String, Value>,
}

impl SessionBuilder {
    pub(crate) fn new(services: Arc<Services>, manifest: Manifest) -> Self {
        let config = manifest.config.clone().unwrap_or_default();
        Self {
            services,
            manifest,
            secrets: BTreeMap::new(),
            secret_sources: Vec::new(),
            tasks: None,
            loopback_ports: Vec::new(),
            config,
        }
    }

    /// Gives the plugin a secret. It can borrow it if its manifest declares so.
    pub fn secret(mut self, name: SecretName, value: SecretString) -> Self {
        self.secrets.insert(name, value);
        self
    }

    /// Asks `source` for secrets that were not given one by one. Several are asked in the order in
    /// which they were added.
    pub fn secret_source(mut self, source: impl SecretSource) -> Self {
        self.secret_sources.push(Arc::new(source));
        self
    }

    /// Keeps the tasks of this session in `store`, whatever the broker's other sessions have.
    pub fn task_store(mut self, store: impl TaskStore) -> Self {
        self.tasks = Some(Arc::new(store));
        self
    }

    /// Lets the plugin reach a port of this machine, for local development.
    pub fn allow_loopback(mut self, port: u16) -> Self {
        self.loopback_ports.push(port);
        self
    }

    /// Settings in place of those in the manifest, key by key.
    pub fn config(mut self, settings: Map<String, Value>) -> Self {
        self.config.extend(settings);
        self
    }

    /// Opens the session.
    ///
    /// # Errors
    /// If the artifact store cannot be opened or the system gives no random bytes.
    pub fn open(self) -> Result<Session, BrokerError> {
        let token = format!("oxg_{}", random::hex::<32>()?);
        let run = random::hex::<8>()?;
        let run_id: RunId = run.parse().map_err(|_| BrokerError::Random(run))?;
        // The token is long enough; a refusal would be of no consequence.
        let _ = self.services.redactor.register(&token);
        let unredacted = self
            .secrets
            .iter()
            .filter(|(_, value)| self.services.redactor.register(value.expose_secret()).is_err())
            .map(|(name, _)| name.clone())
            .collect();

        let name = self.manifest.name.to_string();
        let artifacts = self.services.artifacts_of(&name)?;
        let tasks = self.tasks.clone().or_else(|| self.services.tasks.clone());
        let tasks = tasks.unwrap_or_else(|| Arc::new(MemoryTasks::new()));
        let plugin_id = format!("{name}-{run_id}");
        let borrower = Borrower { plugin: name, plugin_id: plugin_id.clone() };
        let state = Arc::new(SessionState {
            plugin_id: plugin_id.into(),
            info: self.info(run_id),
            limits: self.services.limits.clone(),
            policy: Policy::new(self.manifest.capabilities.http.clone(), self.loopback_ports),
            quota: Quota::new(&self.services.limits),
            secrets: Arc::new(Secrets::new(
                borrower,
                self.secrets,
                self.secret_sources,
                self.services.secret_times,
                self.services.audit.clone(),
            )),
            uploads: Uploads::new(artifacts.clone(), &self.services.limits),
            artifacts,
            tasks: Tasks::new(tasks, self.manifest.name.clone()),
            slots: Arc::new(Semaphore::new(self.services.limits.concurrent_requests as usize)),
            ended: CancellationToken::new(),
            manifest: self.manifest,
        });
        let key = Digest::of(token.as_bytes());
        self.services.sessions.insert(key, state.clone());
        let token = token.into();
        Ok(Session { services: self.services, state, key, token, unredacted })
    }

    fn info(&self, run_id: RunId) -> SessionInfo {
        let features = [
            feature::EGRESS,
            feature::WEBSOCKET,
            feature::INJECT,
            feature::SECRETS,
            feature::ARTIFACTS,
            feature::UPLOADS,
            feature::TASKS,
            feature::TASK_ENQUEUE,
            feature::FINDINGS,
            feature::LOGS,
        ];
        let declared =
            Capability::ALL.iter().filter(|capability| self.manifest.declares(**capability));
        let mut info = SessionInfo::new(self.manifest.name.to_string(), run_id);
        info.features = features.map(str::to_owned).to_vec();
        info.capabilities = declared.map(|capability| capability.as_str().to_owned()).collect();
        info.limits = self.services.limits.clone();
        info.config = self.config.clone();
        info
    }
}

/// One run of one plugin, as its host holds it. Dropping it ends the session: its token is worth
/// nothing from then on, and its open WebSockets end.
pub struct Session {
    services: Arc<Services>,
    state: Arc<SessionState>,
    key: Digest,
    token: SecretString,
    unredacted: Vec<SecretName>,
}

impl Session {
    /// The bearer token that the plugin shows.
    #[must_use]
    pub fn token(&self) -> &SecretString {
        &self.token
    }

    /// The id of the run.
    #[must_use]
    pub fn run_id(&self) -> &RunId {
        &self.state.info.run_id
    }

    /// The name under which audit and findings know the plugin in this run.
    #[must_use]
    pub fn plugin_id(&self) -> &str {
        &self.state.plugin_id
    }

    /// Secrets that were given and are not lent: their values are too short or too common to be
    /// removed from logs and findings wherever they appear.
    #[must_use]
    pub fn unredacted_secrets(&self) -> &[SecretName] {
        &self.unredacted
    }

    /// Enqueues work.
    ///
    /// # Errors
    /// [`BrokerError::Stopped`] once the session drains; [`BrokerError::Task`] if the queue is
    /// full or the task cannot be stored.
    pub async fn enqueue(&self, task: NewTask) -> Result<Enqueued, BrokerError> {
        self.state.tasks.enqueue(task).await
    }

    /// Every task of the plugin and what became of it, in the order in which they were enqueued;
    /// a dead letter with the reason and how its attempts ended.
    #[must_use]
    pub fn tasks(&self) -> Vec<TaskView> {
        self.state.tasks.views()
    }

    /// How many tasks of the plugin are in which state.
    #[must_use]
    pub fn task_counts(&self) -> TaskCounts {
        self.state.tasks.counts()
    }

    /// Waits until every task is completed or dead-lettered. Bound it with a time-out: a plugin
    /// that never comes leaves its tasks open.
    pub async fn settled(&self) {
        self.state.tasks.settled().await;
    }

    /// Asks whoever holds the task to stop.
    ///
    /// # Errors
    /// [`BrokerError::Task`] if that cannot be stored.
    pub async fn cancel(&self, task: &TaskId) -> Result<(), BrokerError> {
        self.state.tasks.cancel(task).await
    }

    /// Lends no more tasks and asks the plugin to finish.
    pub fn drain(&self) {
        self.state.tasks.drain();
    }

    /// Gives a secret a new value, also one that was revoked. Leases on the old one run out, and who
    /// watches it is told. A value that cannot be removed from logs is not lent.
    pub fn rotate_secret(&self, name: &SecretName, value: SecretString) {
        self.state.secrets.rotate(name, value);
    }

    /// Takes a secret away, with every lease on it, whatever its sources say. Who watches it hears
    /// the end; others hear it when they renew.
    pub fn revoke_secret(&self, name: &SecretName) {
        self.state.secrets.revoke(name);
    }

    /// The open leases on secrets.
    #[must_use]
    pub fn secret_leases(&self) -> Vec<SecretLease> {
        self.state.secrets.leases()
    }

    /// Ends one lease on a secret; whether it was open. Its holder must ask for the secret again.
    pub fn revoke_lease(&self, id: &LeaseId) -> bool {
        self.state.secrets.give_back(id)
    }

    /// The plugin's artifacts.
    ///
    /// # Errors
    /// [`BrokerError::Artifacts`] where the store cannot be read.
    pub async fn artifacts(&self) -> Result<Vec<ArtifactInfo>, BrokerError> {
        let (mut all, mut cursor) = (Vec::new(), None);
        loop {
            let page = self.state.artifacts.list("", cursor.as_deref()).await;
            let page = page.map_err(|refusal| BrokerError::Artifacts(refusal.detail))?;
            all.extend(page.artifacts);
            if page.cursor.is_none() {
                return Ok(all);
            }
            cursor = page.cursor;
        }
    }

    /// Stores an artifact of the plugin's, in place of what has the name.
    ///
    /// # Errors
    /// [`BrokerError::Artifacts`] where the store cannot take it.
    pub async fn put_artifact(
        &self,
        name: ArtifactName,
        bytes: impl Into<bytes::Bytes>,
    ) -> Result<ArtifactInfo, BrokerError> {
        let stored = self.state.artifacts.put(name, full(bytes), Conditions::default()).await;
        stored.map_err(|refusal| BrokerError::Artifacts(refusal.detail))
    }

    /// The bytes of an artifact; `None` where there is none or it cannot be read.
    pub async fn artifact(&self, name: &ArtifactName) -> Option<Vec<u8>> {
        let found = self.state.artifacts.get(name, None).await.ok()?;
        Some(found.body.collect().await.ok()?.to_bytes().to_vec())
    }
}

impl Session {
    /// Ends the session now, as dropping it does: its token is worth nothing from here on.
    pub fn end(&self) {
        self.state.tasks.drain();
        self.services.sessions.remove(&self.key);
        self.state.ended.cancel();
        // Worth nothing any more, and the redactor holds only so many values. The secrets stay:
        // another session may have the same.
        self.services.redactor.forget(self.token.expose_secret());
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("plugin_id", &self.state.plugin_id).finish_non_exhaustive()
    }
}

impl fmt::Debug for SessionBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionBuilder")
            .field("plugin", &self.manifest.name)
            .finish_non_exhaustive()
    }
}
