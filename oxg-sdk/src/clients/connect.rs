use std::sync::Arc;

use oxg_protocol::log::LogRecord;
use oxg_protocol::session::SessionInfo;
use oxg_protocol::{TaskId, route};
use oxg_redact::Redactor;
use serde_json::Value;

use super::{
    Api, ApiError, ArtifactsClient, FindingsClient, LogsClient, Scope, SecretStore, SecretsClient,
    TasksClient,
};
use crate::channel::BrokerChannel;
use crate::env::Environment;

/// Every typed client over one channel, for programs that are no [`Plugin`](crate::Plugin) of
/// their own: commands for shell scripts, tools, tests. What the manifest does not declare, the
/// broker denies.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use oxg_sdk::clients::Clients;
/// use oxg_sdk::env::Environment;
///
/// let clients = Clients::connect(Environment::of_process()?)?;
/// let page = clients.artifacts().get("page.html").await?.bytes(1 << 20).await?;
/// # drop(page);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Clients {
    channel: BrokerChannel,
    redactor: Redactor,
    secrets: Arc<SecretStore>,
    scope: Scope,
}

impl Clients {
    /// Clients over `channel`. Each secret that passes is made known to `redactor`; give the
    /// channel the same one.
    #[must_use]
    pub fn new(channel: BrokerChannel, redactor: Redactor) -> Self {
        let scope = Scope::default();
        let api = Api::new(channel.clone(), scope.clone());
        let secrets = Arc::new(SecretStore::new(redactor.clone(), &api));
        Self { channel, redactor, secrets, scope }
    }

    /// Clients of the session that a launcher told this process of. Nothing is dialled yet.
    ///
    /// # Errors
    /// [`ChannelError::Unsupported`](crate::channel::ChannelError::Unsupported).
    pub fn connect(environment: Environment) -> Result<Self, crate::channel::ChannelError> {
        Self::connect_with(environment, Redactor::default())
    }

    /// The same, where token and secrets are made known to a redactor of the caller's.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub fn connect_with(
        environment: Environment,
        redactor: Redactor,
    ) -> Result<Self, crate::channel::ChannelError> {
        let channel = BrokerChannel::builder(&environment.broker)?
            .token(environment.token)
            .redactor(redactor.clone())
            .build();
        Ok(Self::new(channel, redactor))
    }

    /// The same clients on behalf of a task: the audit knows, and findings get their ids from it.
    #[must_use]
    pub fn for_task(mut self, task: TaskId) -> Self {
        self.scope.task = Some(task);
        self
    }

    /// The session: what the broker grants, and its limits.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn session(&self) -> Result<SessionInfo, ApiError> {
        self.api().get(route::SESSION).await
    }

    /// Secrets that the manifest names.
    #[must_use]
    pub fn secrets(&self) -> SecretsClient {
        SecretsClient::new(self.api(), Arc::clone(&self.secrets))
    }

    /// What the plugin keeps with its host.
    #[must_use]
    pub fn artifacts(&self) -> ArtifactsClient {
        ArtifactsClient::new(self.api(), self.redactor.clone())
    }

    /// Reports findings of the plugin of this name.
    #[must_use]
    pub fn findings(&self, plugin: impl Into<String>) -> FindingsClient {
        let task = self.scope.task.as_ref().map(ToString::to_string);
        FindingsClient::new(
            self.api(),
            self.redactor.clone(),
            plugin.into(),
            task.unwrap_or_default(),
        )
    }

    /// The task queue.
    #[must_use]
    pub fn tasks(&self) -> TasksClient {
        TasksClient::new(self.api())
    }

    /// Sends one log record, redacted.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn log(&self, mut record: LogRecord) -> Result<(), ApiError> {
        record.msg = self.redactor.redact(&record.msg).into_owned();
        record.target = self.redactor.redact(&record.target).into_owned();
        for map in record.spans.iter_mut().chain([&mut record.fields]) {
            let mut value = Value::Object(std::mem::take(map));
            self.redactor.redact_json(&mut value);
            if let Value::Object(clean) = value {
                *map = clean;
            }
        }
        let mut line = serde_json::to_vec(&record).map_err(ApiError::Encode)?;
        line.push(b'\n');
        LogsClient::new(self.api()).ship(line).await
    }

    fn api(&self) -> Api {
        Api::new(self.channel.clone(), self.scope.clone())
    }
}
