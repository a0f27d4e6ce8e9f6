//! The `tasks` capability.

use serde::{Deserialize, Serialize};

/// Tasks, pulled from the broker. Granted unless the manifest says `{ "pull": false }`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TasksCapability {
    /// Whether the plugin may lease tasks.
    #[serde(default = "granted")]
    pub pull: bool,
}

impl Default for TasksCapability {
    fn default() -> Self {
        Self { pull: granted() }
    }
}

const fn granted() -> bool {
    true
}
