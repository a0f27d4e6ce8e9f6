//! The `flows` capability.

use serde::{Deserialize, Serialize};

/// Traffic that the host's proxy sees, sent to the plugin on the plugin bus.
///
/// [`Default`] is the plain form, `{ "passive": true }`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct FlowsCapability {
    /// Whether the plugin may see requests and responses without their bodies and credentials.
    /// Not unless the manifest says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub passive: bool,
    /// Whether the plugin may see requests and responses as they are, with bodies and credentials.
    /// It also needs `passive`. Not unless the manifest says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub raw: bool,
}

impl Default for FlowsCapability {
    fn default() -> Self {
        Self { passive: true, raw: false }
    }
}

impl FlowsCapability {
    /// Whether raw traffic is granted: the host gives it to a plugin that may see traffic at all.
    #[must_use]
    pub const fn allows_raw(&self) -> bool {
        self.passive && self.raw
    }
}
