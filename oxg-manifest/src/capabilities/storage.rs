//! The `storage` capability.

use serde::{Deserialize, Serialize};

use crate::optional::present;

/// The workspace folder, and artifacts.
///
/// [`Default`] is the plain form, `{ "workspace": true }`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct StorageCapability {
    /// Whether the plugin may keep files in its workspace folder. Not unless the manifest says so.
    #[serde(default)]
    pub workspace: bool,
    /// What the plugin may do with its own artifacts; read and write them when absent.
    ///
    /// [`artifact_access`](Self::artifact_access) is what holds.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub artifacts: Option<ArtifactAccess>,
}

/// What a plugin may do with its own artifacts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ArtifactAccess {
    /// Only read: `"read"`.
    Read,
    /// Only write: `"write"`.
    Write,
    /// Both: `"read-write"`.
    ReadWrite,
}

impl Default for StorageCapability {
    fn default() -> Self {
        Self { workspace: true, artifacts: None }
    }
}

impl StorageCapability {
    /// What the plugin may do with its own artifacts: read and write them, unless the manifest
    /// says less.
    #[must_use]
    pub fn artifact_access(&self) -> ArtifactAccess {
        self.artifacts.unwrap_or(ArtifactAccess::ReadWrite)
    }
}

impl ArtifactAccess {
    /// Whether artifacts may be read.
    #[must_use]
    pub const fn can_read(self) -> bool {
        matches!(self, Self::Read | Self::ReadWrite)
    }

    /// Whether artifacts may be written.
    #[must_use]
    pub const fn can_write(self) -> bool {
        matches!(self, Self::Write | Self::ReadWrite)
    }
}
