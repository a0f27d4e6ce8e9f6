//! What a plugin may do, as it stands under `"capabilities"`.

mod capability;
mod findings;
mod flows;
mod host_list;
mod http;
mod secrets;
mod storage;
mod tasks;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use capability::Capability;
pub use findings::FindingsCapability;
pub use flows::FlowsCapability;
pub(crate) use host_list::sdk_name;
pub use host_list::{HostCapabilities, HostCapabilitiesError, HostCapability};
pub use http::{HttpCapability, Outbound};
pub use secrets::SecretsCapability;
pub use storage::{ArtifactAccess, StorageCapability};
pub use tasks::TasksCapability;

use crate::optional::present;

/// The capabilities that a manifest declares.
///
/// A key that is absent grants nothing, except `tasks` and `findings`: every plugin may pull tasks
/// and emit findings unless its manifest says `false`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Capabilities {
    /// Outbound HTTP and WebSocket traffic through the broker.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpCapability>,
    /// The workspace folder, and artifacts.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub storage: Option<StorageCapability>,
    /// Secrets, leased from the broker.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub secrets: Option<SecretsCapability>,
    /// Traffic that the host's proxy sees, on the plugin bus.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub flows: Option<FlowsCapability>,
    /// Tasks, pulled from the broker. Granted when absent.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub tasks: Option<TasksCapability>,
    /// Findings, sent to the broker. Granted when absent.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub findings: Option<FindingsCapability>,
}

impl Capabilities {
    /// Whether `capability` is granted.
    #[must_use]
    pub fn declares(&self, capability: Capability) -> bool {
        match capability {
            Capability::Http => self.http.is_some(),
            Capability::Storage => self.storage.is_some(),
            Capability::Secrets => self.secrets.as_ref().is_some_and(|secrets| secrets.broker),
            Capability::Flows => self.flows.is_some_and(|flows| flows.passive),
            Capability::Tasks => self.tasks.is_none_or(|tasks| tasks.pull),
            Capability::Findings => self.findings.is_none_or(|findings| findings.emit),
        }
    }
}
