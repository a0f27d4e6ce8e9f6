//! The list of capabilities.

use std::fmt;

/// One of the things that a plugin must declare before it may do it.
///
/// ```
/// use oxg_manifest::Capability;
///
/// assert_eq!(Capability::Secrets.as_str(), "secrets");
/// assert_eq!(Capability::Secrets.manifest_line(), r#""secrets": { "broker": true }"#);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Capability {
    /// Outbound HTTP through the broker.
    Http,
    /// The workspace folder, and artifacts.
    Storage,
    /// Secrets, leased from the broker.
    Secrets,
    /// Traffic that the host's proxy sees, on the plugin bus.
    Flows,
    /// Tasks, pulled from the broker.
    Tasks,
    /// Findings, sent to the broker.
    Findings,
}

impl Capability {
    /// Every capability, in the order of the manifest.
    pub const ALL: &'static [Self] =
        &[Self::Http, Self::Storage, Self::Secrets, Self::Flows, Self::Tasks, Self::Findings];

    /// The key of this capability under `"capabilities"` in `manifest.json`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Storage => "storage",
            Self::Secrets => "secrets",
            Self::Flows => "flows",
            Self::Tasks => "tasks",
            Self::Findings => "findings",
        }
    }

    /// The line to add under `"capabilities"` that declares this capability in its plain form.
    #[must_use]
    pub const fn manifest_line(self) -> &'static str {
        match self {
            Self::Http => r#""http": { "outbound": ["broker"] }"#,
            Self::Storage => r#""storage": { "workspace": true }"#,
            Self::Secrets => r#""secrets": { "broker": true }"#,
            Self::Flows => r#""flows": { "passive": true }"#,
            Self::Tasks => r#""tasks": { "pull": true }"#,
            Self::Findings => r#""findings": { "emit": true }"#,
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
