use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use oxg_redact::Redactor;
use tokio::time::timeout;
use tracing::instrument::WithSubscriber;

use super::catch::catch;
use super::leases::Leases;
use super::settings::Settings;
use super::{RunError, RunSummary, Shared, StopReason, session};
use crate::channel::BrokerChannel;
use crate::clients::{Api, LogsClient, Scope, SecretStore};
use crate::logging::{LogPipeline, Shipper};
use crate::select::{Either, first};
use crate::signal::Signal;
use crate::{Context, Failure, Plugin, Result, config};

/// How long `on_start` may take.
const START_DEADLINE: Duration = Duration::from_secs(60);
/// The most hooks that get a thread each.
const MAX_COMPUTING: u32 = 64;

/// One run of a plugin, over a channel of the caller's.
///
/// ```no_run
/// # async fn example<P: oxg_sdk::Plugin>(
/// #     plugin: P,
/// #     channel: oxg_sdk::channel::BrokerChannel,
/// # ) -> Result<(), oxg_sdk::RunError> {
/// use oxg_sdk::Runtime;
///
/// let summary = Runtime::new(plugin, channel)
///     .workspace("/workspace")
///     .concurrency(2)
///     .run(std::future::pending())
///     .await?;
/// println!("{} tasks done", summary.completed);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct Runtime<P: Plugin> {
    plugin: P,
    channel: BrokerChannel,
    redactor: Redactor,
    workspace: Option<PathBuf>,
    logging: Option<LogPipeline>,
    settings: Settings,
}

impl<P: Plugin> Runtime<P> {
    /// A run of `plugin` over `channel`.
    pub fn new(plugin: P, channel: BrokerChannel) -> Self {
        Self {
            plugin,
            channel,
            redactor: Redactor::default(),
            workspace: None,
            logging: None,
            settings: Settings::default(),
        }
    }

    /// The one directory that the plugin may write.
    pub fn workspace(mut self, directory: impl Into<PathBuf>) -> Self {
        self.workspace = Some(directory.into());
        self
    }

    /// The redactor that learns each secret; that of [`logging`](Self::logging), where there is
    /// one, takes its place. Give the same one to the channel.
    pub fn redactor(mut self, redactor: Redactor) -> Self {
        self.redactor = redactor;
        self
    }

    /// The logging of this run. Default: whatever subscriber is there.
    pub fn logging(mut self, logging: LogPipeline) -> Self {
        self.logging = Some(logging);
        self
    }

    /// Tasks at a time, at least 1. Default 4.
    pub fn concurrency(mut self, tasks: u32) -> Self {
        self.settings.concurrency = tasks.max(1);
        self
    }

    /// How long running tasks may go on once the run is to stop, and a cancelled task after the
    /// request. Default 10 s.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.settings.grace = grace;
        self
    }

    /// How long the lease on a task lasts; it is extended at a third of that. Default 30 s.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.settings.lease = lease.max(Duration::from_secs(1));
        self
    }

    /// How long [`Plugin::on_task`] may take where the task has no deadline. Default 10 min.
    pub fn task_timeout(mut self, timeout: Duration) -> Self {
        self.settings.hook = timeout;
        self
    }

    /// Threads that keep every lease alive while every hook computes.
    pub(super) fn threads(&self) -> usize {
        let hooks = self.settings.concurrency.min(MAX_COMPUTING);
        usize::try_from(hooks).unwrap_or(usize::MAX).saturating_add(1)
    }

    /// Runs until the broker has no more tasks or `shutdown` ends, then stops gracefully: running
    /// tasks are finished within the grace period or given back, leases on secrets are released
    /// and logs flushed.
    ///
    /// # Errors
    /// [`RunError`], whose [`exit`](RunError::exit) is the exit code that goes with it. Dropping
    /// the future ends the run at once; the broker takes the tasks back when their leases end.
    pub async fn run(
        mut self,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<RunSummary, RunError> {
        match self.logging.clone() {
            Some(logging) => {
                // A second one would not know what the first must keep out of the logs.
                self.redactor = logging.redactor().clone();
                let dispatch = logging.dispatch();
                self.go(shutdown).with_subscriber(dispatch).await
            }
            None => self.go(shutdown).await,
        }
    }

    async fn go(self, shutdown: impl Future<Output = ()> + Send) -> Result<RunSummary, RunError> {
        let api = Api::new(self.channel.clone(), Scope::default());
        let session = session::open::<P>(&api).await.inspect_err(report)?;
        let shipper = self.logging.as_ref().and_then(|logging| {
            logging.identify(P::NAME, &session.run_id);
            let queue = Arc::clone(logging.queue()?);
            Some(Shipper::start(queue, LogsClient::new(api.clone())))
        });
        let logging = self.logging.clone();
        let lost = || logging.as_ref().map_or(0, LogPipeline::lost);
        let mut result = self.work(session, shutdown).await.inspect_err(report);
        if let Some(logging) = &logging {
            logging.tell_suppressed();
        }
        if let Ok(summary) = &result {
            tracing::info!(
                completed = summary.completed,
                failed = summary.failed,
                released = summary.released,
                lost = summary.lost,
                log_lines_lost = lost(),
                "run ended"
            );
        }
        if let Some(shipper) = shipper {
            shipper.finish().await;
        }
        if let Ok(summary) = &mut result {
            summary.log_lines_lost = lost();
        }
        result
    }

    async fn work(
        self,
        session: oxg_protocol::session::SessionInfo,
        shutdown: impl Future<Output = ()> + Send,
    ) -> Result<RunSummary, RunError> {
        let config = config::read(&session.config)?;
        let needs_workspace = P::CAPABILITIES.contains(&"storage");
        let workspace = match self.workspace {
            None if needs_workspace => return Err(RunError::NoWorkspace),
            workspace => workspace.unwrap_or_default(),
        };
        tracing::info!(
            plugin = P::NAME,
            version = P::VERSION,
            run_id = %session.run_id,
            "run started"
        );
        let api = Api::new(self.channel.clone(), Scope::default());
        let shared = Arc::new(Shared {
            plugin: self.plugin,
            config,
            session,
            channel: self.channel,
            secrets: Arc::new(SecretStore::new(self.redactor.clone(), &api)),
            redactor: self.redactor,
            workspace,
            settings: self.settings,
            draining: Signal::default(),
            abort: Signal::default(),
        });
        let ctx = Context::new(Arc::clone(&shared));
        let mut shutdown = pin!(shutdown);
        let start = hook(START_DEADLINE, async { shared.plugin.on_start(&ctx).await });
        let result = match first(start, shutdown.as_mut()).await {
            Either::First(Ok(())) => {
                let result = Leases::new(Arc::clone(&shared)).run(shutdown).await;
                let stop = hook(shared.settings.grace, async { shared.plugin.on_stop(&ctx).await });
                if let Err(failure) = stop.await {
                    tracing::warn!("on_stop failed: {failure}");
                }
                result
            }
            Either::First(Err(failure)) => {
                Err(RunError::Start(redacted(&failure, &shared.redactor)))
            }
            Either::Second(()) => {
                tracing::info!("stopping before on_start ended");
                Ok(RunSummary { reason: StopReason::Shutdown, ..RunSummary::default() })
            }
        };
        shared.secrets.release().await;
        result
    }
}

fn report(error: &RunError) {
    let error: &(dyn std::error::Error + 'static) = error;
    tracing::error!(error, "run ended early");
}

/// Runs a hook under a deadline; a panic in it is a failure.
async fn hook(deadline: Duration, hook: impl Future<Output = Result>) -> Result {
    match timeout(deadline, catch(hook)).await {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => Err(Failure::permanent(format!("it panicked: {}", panic.text))),
        Err(_) => Err(Failure::permanent(format!("it took longer than {deadline:?}"))),
    }
}

fn redacted(failure: &Failure, redactor: &Redactor) -> Failure {
    let text = redactor.redact(&failure.to_string()).into_owned();
    if failure.is_retryable() { Failure::retryable(text) } else { Failure::permanent(text) }
}

impl<P: Plugin> std::fmt::Debug for Runtime<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime")
            .field("plugin", &P::NAME)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
