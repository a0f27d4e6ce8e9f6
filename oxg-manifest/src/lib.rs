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
//! | find all that is wrong with one | [`Manifest::check`] and its [`Diagnostic`]s |
//! | ask what is granted | [`Manifest::declares`] with a [`Capability`] |
//! | ask about destinations | [`HttpCapability`] and [`HostPattern`] |
//! | ask about secrets and artifacts | [`SecretsCapability`], [`StorageCapability`] |
//! | say what to add to the manifest | [`Capability::manifest_line`], [`HttpCapability::hosts_line_with`] |
//! | tell the two forms apart | [`Manifest::form`], [`HostCapabilities`] |
//!
//! # Two forms
//!
//! `"capabilities"` is an object, as above, or a list of names such as `CAP_HTTP_ACTIVE`, as the
//! 0xGen host has it; see [`Form`].
//!
//! # Features
//!
//! None is on by default, and without one this crate depends on serde, serde_json and thiserror.
//!
//! | Feature | adds |
//! |---|---|
//! | `schema` | `SchemaDraft::generate`, which makes the JSON Schema from the types; [the text](SCHEMA_DRAFT_07) is there without it |
//! | `validation` | `Manifest::validate_config`: settings against their `configSchema` |
//!
//! # Strict reading
//!
//! Whatever two readers could understand differently is refused: unknown fields, keys that differ
//! from a known one only by case, duplicate keys at any depth, `null` for an absent key, a byte
//! order mark, comments, data after the end, nesting deeper than 64, and more than 1 MiB. Reading
//! takes time and memory linear in the length of the text and never panics.
//!
//! All that is wrong is found at once, each with the file, the line and column, the place in the
//! document, and what to do:
//!
//! ```
//! use oxg_manifest::Manifest;
//!
//! let text = br#"{
//!   "name": "header-audit", "vershion": "1.0.0", "entry": "./start.sh",
//!   "capabilities": { "storage": { "artifacts": "raed" } }
//! }"#;
//! let checked = Manifest::check(text, "manifest.json");
//! let messages: Vec<String> = checked.diagnostics.iter().map(ToString::to_string).collect();
//! assert!(messages[0].starts_with(
//!     "manifest.json:2:27: unknown field \"vershion\"; did you mean \"version\"?"
//! ));
//! assert!(messages[1].starts_with(
//!     "manifest.json:3:47: capabilities.storage.artifacts: unknown value \"raed\"; did you mean \"read\"?"
//! ));
//! assert_eq!(messages.len(), 2);
//! ```

mod capabilities;
mod diagnostic;
mod error;
mod file_path;
mod host;
mod json;
mod manifest;
mod method;
mod optional;
mod plugin_name;
mod plugin_version;
mod sandbox;
mod schema;
mod secret_name;
mod signature_files;
mod suggest;
mod text;

pub use capabilities::{
    ArtifactAccess, Capabilities, Capability, FindingsCapability, FlowsCapability,
    HostCapabilities, HostCapabilitiesError, HostCapability, HttpCapability, Outbound,
    SecretsCapability, StorageCapability, TasksCapability,
};
pub use diagnostic::{Diagnostic, DiagnosticKind, Position, Suggestion};
pub use error::{InvalidManifest, ManifestError};
pub use file_path::{FilePath, FilePathError};
pub use host::{HostPattern, HostPatternError};
pub use manifest::{Checked, ConfigSchema, ConfigSchemaError, Form, MAX_MANIFEST_BYTES, Manifest};
#[cfg(feature = "validation")]
pub use manifest::{ConfigPlace, ConfigViolation};
pub use method::{Method, MethodError};
pub use plugin_name::{PluginName, PluginNameError};
pub use plugin_version::{PluginVersion, PluginVersionError};
pub use sandbox::{Network, Sandbox, SandboxLimits};
pub use schema::{SCHEMA_2020_12, SCHEMA_DRAFT_07, SchemaDraft};
pub use secret_name::{SecretName, SecretNameError};
pub use signature_files::SignatureFiles;
