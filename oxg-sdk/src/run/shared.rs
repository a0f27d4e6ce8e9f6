use std::path::PathBuf;
use std::sync::Arc;

use oxg_protocol::TraceId;
use oxg_protocol::session::SessionInfo;
use oxg_redact::Redactor;

use super::settings::Settings;
use crate::Plugin;
use crate::channel::BrokerChannel;
use crate::clients::{Api, Scope, SecretStore, TasksClient};
use crate::signal::Signal;

/// What every part of a run knows.
pub(crate) struct Shared<P: Plugin> {
    pub(crate) plugin: P,
    pub(crate) config: P::Config,
    pub(crate) session: SessionInfo,
    pub(crate) channel: BrokerChannel,
    pub(crate) redactor: Redactor,
    pub(crate) secrets: Arc<SecretStore>,
    /// Empty where the manifest does not declare storage; nothing can ask for it then.
    pub(crate) workspace: PathBuf,
    pub(super) settings: Settings,
    /// The broker is stopping.
    pub(super) draining: Signal,
    /// The grace period is over: give up what is still running.
    pub(super) abort: Signal,
}

impl<P: Plugin> Shared<P> {
    /// Calls that belong to no task.
    pub(super) fn api(&self) -> Api {
        Api::new(self.channel.clone(), Scope::default())
    }

    pub(super) fn tasks(&self) -> TasksClient {
        TasksClient::new(self.api())
    }

    /// The same, as steps of a task's trace.
    pub(super) fn tasks_of(&self, trace: TraceId) -> TasksClient {
        let scope = Scope { trace: Some(trace), ..Scope::default() };
        TasksClient::new(Api::new(self.channel.clone(), scope))
    }
}
