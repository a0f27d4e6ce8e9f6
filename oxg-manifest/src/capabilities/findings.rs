//! The `findings` capability.

use serde::{Deserialize, Serialize};

/// Findings, sent to the broker. Granted unless the manifest says `{ "emit": false }`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct FindingsCapability {
    /// Whether the plugin may emit findings.
    #[serde(default = "granted")]
    pub emit: bool,
}

impl Default for FindingsCapability {
    fn default() -> Self {
        Self { emit: granted() }
    }
}

const fn granted() -> bool {
    true
}
