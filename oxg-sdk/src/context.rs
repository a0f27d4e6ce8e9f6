use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use oxg_protocol::session::SessionInfo;
use oxg_protocol::{Finding, FindingId, RunId};
use oxg_redact::Redactor;
use tokio::time::Instant;

use crate::channel::BrokerChannel;
use crate::clients::http::HttpClient;
use crate::clients::{
    Api, ArtifactsClient, FindingError, FindingsClient, Scope, SecretsClient, TasksClient,
};
use crate::declared::{
    DeclaresFindings, DeclaresHttp, DeclaresSecrets, DeclaresStorage, DeclaresTasks,
};
use crate::run::Shared;
use crate::signal::Signal;
use crate::{Plugin, Task};

/// What a hook works with: settings, typed clients, and the task's limits.
///
/// It is cheap to clone. In [`Plugin::on_task`] it is bound to the task: calls carry the task's id
/// and end with its deadline.
pub struct Context<P: Plugin> {
    shared: Arc<Shared<P>>,
    scope: Scope,
    cancel: Signal,
}

impl<P: Plugin> Context<P> {
    pub(crate) fn new(shared: Arc<Shared<P>>) -> Self {
        Self { shared, scope: Scope::default(), cancel: Signal::default() }
    }

    pub(crate) fn for_task(
        shared: Arc<Shared<P>>,
        task: &Task,
        until: Instant,
        cancel: Signal,
    ) -> Self {
        let scope = Scope {
            task: Some(task.id().clone()),
            until: Some(until),
            trace: Some(task.trace_id()),
        };
        Self { shared, scope, cancel }
    }

    /// The settings of this run.
    #[must_use]
    pub fn config(&self) -> &P::Config {
        &self.shared.config
    }

    /// The session: what the broker grants, and its limits.
    #[must_use]
    pub fn session(&self) -> &SessionInfo {
        &self.shared.session
    }

    /// This run of the plugin.
    #[must_use]
    pub fn run_id(&self) -> &RunId {
        &self.shared.session.run_id
    }

    /// Outbound HTTP.
    #[must_use]
    pub fn http(&self) -> HttpClient
    where
        P: DeclaresHttp,
    {
        HttpClient::scoped(self.shared.channel.clone(), self.scope.clone())
    }

    /// Starts a WebSocket to `url`, `ws://` or `wss://`. A bad URL shows when it is opened.
    #[cfg(feature = "websocket")]
    pub fn websocket(
        &self,
        url: impl crate::clients::http::IntoUrl,
    ) -> crate::clients::websocket::WebSocketBuilder
    where
        P: crate::declared::DeclaresWebSocket,
    {
        crate::clients::websocket::WebSocketBuilder::new(self.http(), url)
    }

    /// Secrets that the manifest names.
    #[must_use]
    pub fn secrets(&self) -> SecretsClient
    where
        P: DeclaresSecrets,
    {
        SecretsClient::new(self.api(), Arc::clone(&self.shared.secrets))
    }

    /// What the plugin keeps with its host.
    #[must_use]
    pub fn artifacts(&self) -> ArtifactsClient
    where
        P: DeclaresStorage,
    {
        ArtifactsClient::new(self.api(), self.shared.redactor.clone())
    }

    /// The files of the one directory that the plugin may write, through a handle that nothing
    /// leads out of. Needs the feature `workspace`.
    ///
    /// # Errors
    /// [`WorkspaceError::Directory`](crate::workspace::WorkspaceError::Directory) where it is not
    /// there.
    #[cfg(all(feature = "workspace", unix))]
    pub fn workspace(
        &self,
    ) -> std::result::Result<crate::workspace::Workspace, crate::workspace::WorkspaceError>
    where
        P: DeclaresStorage,
    {
        crate::workspace::Workspace::open(&self.shared.workspace)
    }

    /// The path of the one directory that the plugin may write. A path is no guard: prefer
    /// `workspace`, which is there with the feature of that name.
    #[must_use]
    pub fn workspace_path(&self) -> &Path
    where
        P: DeclaresStorage,
    {
        &self.shared.workspace
    }

    /// Reports a finding, redacted, and says under which id it is kept. The same finding of the
    /// same task is kept once, however often it is reported.
    ///
    /// # Errors
    /// [`FindingError`].
    pub async fn emit(&self, finding: Finding) -> Result<FindingId, FindingError>
    where
        P: DeclaresFindings,
    {
        self.findings().emit(finding).await
    }

    /// Reports findings, one or many.
    #[must_use]
    pub fn findings(&self) -> FindingsClient
    where
        P: DeclaresFindings,
    {
        let task = self.scope.task.as_ref();
        FindingsClient::new(
            self.api(),
            self.shared.redactor.clone(),
            P::NAME,
            task.map(ToString::to_string).unwrap_or_default(),
        )
    }

    /// The task queue.
    #[must_use]
    pub fn tasks(&self) -> TasksClient
    where
        P: DeclaresTasks,
    {
        TasksClient::new(self.api())
    }

    /// The channel beneath the clients.
    #[must_use]
    pub fn channel(&self) -> &BrokerChannel {
        &self.shared.channel
    }

    /// The redactor that knows every secret that was lent.
    #[must_use]
    pub fn redactor(&self) -> &Redactor {
        &self.shared.redactor
    }

    /// The time until the hook is ended; `None` outside of a task.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        self.deadline().map(|end| end.saturating_duration_since(Instant::now()))
    }

    /// When the hook is ended; `None` outside of a task.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.scope.until
    }

    /// Tells how far the task is: `done` of `total` steps, in the plugin's own unit. It goes into
    /// the log, with the task's id; the task's lease does not need it.
    pub fn progress(&self, done: u64, total: u64, what: &str) {
        tracing::info!(target: "progress", done, total, "{what}");
    }

    /// Waits until somebody asks to stop this task. A hook that goes on is ended a grace period
    /// later, and the task fails.
    pub async fn cancelled(&self) {
        self.cancel.fired().await;
    }

    /// Whether somebody asked to stop this task.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.cancel.is_fired()
    }

    pub(crate) fn api(&self) -> Api {
        Api::new(self.shared.channel.clone(), self.scope.clone())
    }
}

impl<P: Plugin> Clone for Context<P> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            scope: self.scope.clone(),
            cancel: self.cancel.clone(),
        }
    }
}

impl<P: Plugin> fmt::Debug for Context<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("plugin", &P::NAME)
            .field("run_id", self.run_id())
            .field("task", &self.scope.task)
            .finish_non_exhaustive()
    }
}
