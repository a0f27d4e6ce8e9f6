//! The plugin manifest of the oxg family: types and strict reading.
//!
//! A plugin's `manifest.json` says what the plugin is and what it may do. The compiler, the broker
//! and the tools all read it with this crate, so that they cannot read it differently.
//!
//! ```json
//! {
//!   "name": "header-audit",
//!   "version": "0.1.0",
//!   "entry": "./start.sh",
//!   "capabilities": {
//!     "http": { "outbound": ["broker"], "hosts": ["*.example.com", "192.0.2.0/24:8080"] },
//!     "storage": { "workspace": true },
//!     "secrets": { "broker": true, "names": ["api-token"] }
//!   },
//!   "sandbox": { "user": "oxg", "mounts": ["workspace"], "network": "isolated" }
//! }
//! ```
//!
//! # Where to begin
//!
//! | To … | use |
//! |---|---|
//! | read a manifest | [`Manifest::read`], [`Manifest::from_slice`], [`str::parse`] |
//! | ask what is granted | [`Manifest::declares`] with a [`Capability`] |
//! | ask about destinations | [`HttpCapability`] and [`HostPattern`] |
//! | ask about secrets and artifacts | [`SecretsCapability`], [`StorageCapability`] |
//! | say what to add to the manifest | [`Capability::manifest_line`], [`HttpCapability::hosts_line_with`] |
//! | say what is wrong with a manifest | [`ManifestError`] and its [`Diagnostic`] |
//!
//! # Strict reading
//!
//! Whatever two readers could understand differently is refused: unknown fields, keys that differ
//! from a known one only by case, duplicate keys at any depth, `null` for an absent key, a byte
//! order mark, comments, data after the end, nesting deeper than 64, and more than 1 MiB. Reading
//! takes time and memory linear in the length of the text and never panics.
//!
//! An error says the file, the line and column, the place in the document and what to do:
//!
//! ```
//! let error = oxg_manifest::Manifest::from_slice(br#"{ "name": "a", "vershion": "1.0.0" }"#)
//!     .unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "manifest.json:1:16: unknown field \"vershion\"; did you mean \"version\"? Known here: \
//!      \"$schema\", \"name\", \"version\", \"description\", \"entry\", \"capabilities\", \
//!      \"sandbox\", \"config\""
//! );
//! ```

#[cfg(feature = "diagnostics")]
pub mod as_host;
mod capabilities;
mod diagnostic;
mod entry;
mod error;
mod host;
mod json;
mod manifest;
mod method;
mod optional;
mod plugin_name;
mod plugin_version;
#[cfg(feature = "diagnostics")]
pub mod report;
mod sandbox;
mod secret_name;
mod suggest;
mod text;

pub use capabilities::{
    ArtifactAccess, Capabilities, Capability, FindingsCapability, HttpCapability, Outbound,
    SecretsCapability, StorageCapability, TasksCapability,
};
pub use diagnostic::{Diagnostic, DiagnosticKind, Position};
pub use entry::{Entry, EntryError};
pub use error::ManifestError;
pub use host::{HostPattern, HostPatternError};
pub use manifest::{MAX_MANIFEST_BYTES, Manifest};
pub use method::{Method, MethodError};
pub use plugin_name::{PluginName, PluginNameError};
pub use plugin_version::{PluginVersion, PluginVersionError};
pub use sandbox::{Network, Sandbox, SandboxLimits};
pub use secret_name::{SecretName, SecretNameError};
