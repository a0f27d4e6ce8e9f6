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
use crate::intercept::Intercept;
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
    pub(crate) intercept: Option<Arc<dyn Intercept>>,
    pub(crate) secret_times: LeaseTimes,
    /// `None`: in memory, each session its own.
    pub(crate) tasks: Option<Arc<dyn TaskStore>>,
    pub(crate) artifacts: Mutex<HashMap<String, Arc<Artifacts>>>,
    /// Where artifacts lie instead of in the directory.
    #[cfg(feature = "object-store")]
    pub(crate) objects: Option<crate::artifacts::ObjectArtifacts>,
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
        let store = Arc::new(self.open_artifacts_of(plugin)?);
        stores.insert(plugin.to_owned(), store.clone());
        Ok(store)
    }

    fn open_artifacts_of(&self, plugin: &str) -> Result<Artifacts, BrokerError> {
        #[cfg(feature = "object-store")]
        if let Some(objects) = &self.objects {
            return Ok(Artifacts::in_objects(objects, plugin, &self.limits));
        }
        match &self.directory {
            Some(directory) => {
                Artifacts::in_directory(&directory.join("artifacts").join(plugin), &self.limits)
            }
            None => Ok(Artifacts::in_memory(&self.limits)),
        }
    }

    /// The artifacts of every plugin that had a session.
    pub(crate) fn open_artifacts(&self) -> Vec<Arc<Artifacts>> {
        let stores = self.artifacts.lock().unwrap_or_else(PoisonError::into_inner);
        stores.values().cloned().collect()
    }
}
