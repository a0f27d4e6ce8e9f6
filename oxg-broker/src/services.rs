//! What every call can use: the parts of a broker.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use oxg_protocol::Limits;
use oxg_redact::Redactor;

use crate::artifacts::Artifacts;
use crate::audit::Audit;
use crate::directory::DirectoryLock;
use crate::egress::Egress;
use crate::error::BrokerError;
use crate::findings::Findings;
use crate::jsonl::JsonLines;
use crate::secrets::LeaseTimes;
use crate::sessions::Sessions;
use crate::tasks::TaskStore;

/// What every call can use.
pub(crate) struct Services {
    pub(crate) limits: Limits,
    pub(crate) redactor: Redactor,
    pub(crate) sessions: Sessions,
    pub(crate) audit: Arc<Audit>,
    pub(crate) findings: Findings,
    pub(crate) logs: JsonLines,
    pub(crate) egress: Egress,
    pub(crate) secret_times: LeaseTimes,
    /// `None`: in memory, each session its own.
    pub(crate) tasks: Option<Arc<dyn TaskStore>>,
    pub(crate) artifacts: Mutex<HashMap<String, Arc<Artifacts>>>,
    pub(crate) directory: Option<PathBuf>,
    /// Keeps other brokers out of the directory.
    pub(crate) _lock: Option<DirectoryLock>,
}

impl Services {
    /// The artifacts of one plugin; every run of it sees the same.
    pub(crate) fn artifacts_of(&self, plugin: &str) -> Result<Arc<Artifacts>, BrokerError> {
        let mut stores = self.artifacts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = stores.get(plugin) {
            return Ok(store.clone());
        }
        let store = Arc::new(match &self.directory {
            Some(directory) => {
                Artifacts::in_directory(&directory.join("artifacts").join(plugin), &self.limits)?
            }
            None => Artifacts::in_memory(&self.limits),
        });
        stores.insert(plugin.to_owned(), store.clone());
        Ok(store)
    }
}
