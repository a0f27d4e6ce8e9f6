//! One call by a known plugin, as every service sees it.

use std::sync::Arc;

use oxg_manifest::Capability;
use oxg_protocol::{ErrorCode, Problem, SecretName, TaskId, TraceParent};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use crate::audit::{Audit, Entry};
use crate::error::Refusal;
use crate::secrets::not_granted;
use crate::sessions::SessionState;

/// One call by a known plugin.
pub(crate) struct Call<'a> {
    pub(crate) audit: &'a Arc<Audit>,
    pub(crate) session: &'a Arc<SessionState>,
    pub(crate) deadline: Instant,
    pub(crate) request_id: &'a str,
    pub(crate) task_id: Option<TaskId>,
    /// The trace that the caller says the call belongs to.
    pub(crate) trace: Option<TraceParent>,
    /// The place among the concurrent calls; taken until the last byte has left.
    pub(crate) slot: Option<Arc<OwnedSemaphorePermit>>,
}

impl Call<'_> {
    /// Writes a decision on this call down.
    pub(crate) fn record(&self, entry: Entry) -> Result<(), Refusal> {
        self.audit.record(&self.session.plugin_id, self.marked(entry))
    }

    /// The entry with what ties it to this call.
    pub(crate) fn marked(&self, entry: Entry) -> Entry {
        let entry = entry.with("request_id", self.request_id).traced(self.trace);
        match &self.task_id {
            Some(task) => entry.with("task_id", task.as_str()),
            None => entry,
        }
    }

    /// Refuses the call unless the manifest grants `capability`.
    pub(crate) fn require(&self, capability: Capability) -> Result<(), Refusal> {
        if self.session.manifest.declares(capability) {
            return Ok(());
        }
        let detail = format!("manifest.json does not declare the `{capability}` capability");
        let problem = Problem::new(ErrorCode::CapabilityDenied, detail)
            .with_capability(capability.as_str())
            .with_manifest_hint(capability.manifest_line());
        Err(Box::new(problem))
    }
    /// Refuses the call unless the manifest allows the secret.
    pub(crate) fn require_secret(&self, name: &SecretName) -> Result<(), Refusal> {
        self.require(Capability::Secrets)?;
        let declared = self.session.manifest.capabilities.secrets.as_ref();
        let named = declared.zip(name.as_str().parse().ok());
        match named {
            Some((secrets, name)) if secrets.allows(&name) => Ok(()),
            named => {
                let mut refusal = not_granted(name);
                refusal.capability = Some(Capability::Secrets.as_str().to_owned());
                refusal.manifest_hint = named.map(|(secrets, name)| secrets.names_line_with(&name));
                Err(refusal)
            }
        }
    }
}
