//! The manifest itself.

mod check;
mod config_schema;
mod document;
mod repair;
#[cfg(feature = "validation")]
mod schema_cost;
#[cfg(feature = "validation")]
mod validate_config;

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

pub use check::Checked;
pub use config_schema::{ConfigSchema, ConfigSchemaError};
use document::Document;
#[cfg(feature = "schema")]
pub(crate) use document::{GuideDocument, HostDocument};
#[cfg(feature = "validation")]
pub use validate_config::{ConfigPlace, ConfigViolation};

use crate::{
    Capabilities, Capability, FilePath, HostCapabilities, InvalidManifest, ManifestError,
    PluginName, PluginVersion, Sandbox, SignatureFiles,
};

/// The longest manifest, in bytes: 1 MiB.
pub const MAX_MANIFEST_BYTES: usize = 1024 * 1024;

/// The file name in messages about a manifest that was not read from a file.
const FILE_NAME: &str = "manifest.json";

/// A plugin's `manifest.json`, in one of two forms.
///
/// The [guide's form](Form::Guide) says under `"capabilities"` what the plugin may do as an object;
/// the [host's form](Form::Host) lists names such as `CAP_HTTP_ACTIVE`, and knows fewer keys. Both
/// are read into this one type: [`capabilities`](Self::capabilities) is what the manifest *means*.
///
/// A manifest is only read by [`Manifest::check`], [`Manifest::read`], [`Manifest::from_slice`] and
/// [`str::parse`], and not through serde: only so can everything be refused that two readers could
/// understand differently, and be shown where it stands.
///
/// Serialised and read again, a manifest is equal to itself, in the same form. Keys that were
/// absent stay absent, and keys that say what holds anyway may be left out.
///
/// ```
/// use oxg_manifest::{Capability, Manifest};
///
/// let manifest: Manifest = r#"{
///     "name": "header-audit",
///     "version": "0.1.0",
///     "entry": "./start.sh",
///     "capabilities": { "http": { "outbound": ["broker"], "hosts": ["*.example.com"] } }
/// }"#
/// .parse()?;
/// assert!(manifest.declares(Capability::Http));
/// assert!(!manifest.declares(Capability::Secrets));
/// # Ok::<(), oxg_manifest::ManifestError>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Manifest {
    /// Where an editor finds the schema (`$schema`). It has no effect.
    pub schema: Option<String>,
    /// The plugin's name.
    pub name: PluginName,
    /// The plugin's version.
    pub version: PluginVersion,
    /// What the plugin is for, in a sentence.
    pub description: Option<String>,
    /// The file that starts the plugin.
    pub entry: FilePath,
    /// The file that the host checks before it starts the plugin.
    pub artifact: Option<FilePath>,
    /// Whether the host's operator may skip the check of the signature; not when absent.
    pub trusted: Option<bool>,
    /// What the plugin may do. In the host's form this is [the meaning](HostCapabilities::meaning)
    /// of the list; whoever changes it turns the manifest into the guide's form.
    pub capabilities: Capabilities,
    /// The sandbox that the plugin asks for; the host's own when absent.
    pub sandbox: Option<Sandbox>,
    /// The plugin's settings.
    pub config: Option<Map<String, Value>>,
    /// The JSON Schema that the settings must match (`configSchema`).
    pub config_schema: Option<ConfigSchema>,
    /// The files with which the host checks the artifact.
    pub signature: Option<SignatureFiles>,
    /// The list as it was read or set. It counts only as long as the rest of the manifest can be
    /// written beside it; see `host_capabilities`.
    host_list: Option<HostCapabilities>,
}

/// How a manifest is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Form {
    /// With `"capabilities"` as an object, as in the plugin security guide.
    Guide,
    /// With `"capabilities"` as a list of `CAP_…` names, as the 0xGen host reads it.
    Host,
}

impl Manifest {
    /// A manifest of the guide's form that declares no capability.
    #[must_use]
    pub fn new(name: PluginName, version: PluginVersion, entry: FilePath) -> Self {
        Self {
            schema: None,
            name,
            version,
            description: None,
            entry,
            artifact: None,
            trusted: None,
            capabilities: Capabilities::default(),
            sandbox: None,
            config: None,
            config_schema: None,
            signature: None,
            host_list: None,
        }
    }

    /// The form in which this manifest is written.
    #[must_use]
    pub fn form(&self) -> Form {
        if self.host_capabilities().is_some() { Form::Host } else { Form::Guide }
    }

    /// The list of capabilities, when this manifest is of the host's form.
    ///
    /// A manifest is of the host's form as long as that form can say all that is in it. Whoever
    /// changes [`capabilities`](Self::capabilities), takes the artifact or signature away or sets a
    /// field that the host does not know has a manifest of the guide's form, which can say it all:
    /// the list never claims what no longer holds.
    #[must_use]
    pub fn host_capabilities(&self) -> Option<&HostCapabilities> {
        let list = self.host_list.as_ref()?;
        let expressible = self.schema.is_none()
            && self.description.is_none()
            && self.sandbox.is_none()
            && self.config_schema.is_none()
            && self.artifact.is_some()
            && self.signature.is_some();
        (expressible && list.meaning() == self.capabilities).then_some(list)
    }

    /// Grants what the list means, and nothing else. The manifest is of the host's form from then
    /// on, if it has an artifact and a signature and no field that the host does not know.
    pub fn set_host_capabilities(&mut self, list: HostCapabilities) {
        self.capabilities = list.meaning();
        self.host_list = Some(list);
    }

    /// Reads the manifest at `path`.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, is larger than [`MAX_MANIFEST_BYTES`] or is not a valid
    /// manifest. The message begins with the path.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, ManifestError> {
        let path = path.as_ref();
        let unreadable = |source| ManifestError::Unreadable { path: path.to_owned(), source };
        let file = File::open(path).map_err(unreadable)?;
        let mut bytes = Vec::new();
        // One byte more than is allowed tells a file that is too large from one that just fits.
        let most = MAX_MANIFEST_BYTES as u64 + 1;
        file.take(most).read_to_end(&mut bytes).map_err(unreadable)?;
        Self::from_slice_named(&bytes, &path.display().to_string())
    }

    /// Reads a manifest from memory. Messages call it `manifest.json`.
    ///
    /// # Errors
    ///
    /// When the bytes are more than [`MAX_MANIFEST_BYTES`] or not a valid manifest.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, ManifestError> {
        Self::from_slice_named(bytes, FILE_NAME)
    }

    /// Reads a manifest from memory. Messages call it `file`.
    ///
    /// # Errors
    ///
    /// When the bytes are more than [`MAX_MANIFEST_BYTES`] or not a valid manifest.
    pub fn from_slice_named(bytes: &[u8], file: &str) -> Result<Self, ManifestError> {
        let checked = Self::check(bytes, file);
        let (diagnostics, truncated) = (checked.diagnostics, checked.truncated);
        checked
            .manifest
            .ok_or_else(|| ManifestError::Invalid(InvalidManifest::new(diagnostics, truncated)))
    }

    /// Whether this manifest grants `capability`.
    #[must_use]
    pub fn declares(&self, capability: Capability) -> bool {
        self.capabilities.declares(capability)
    }
}

impl FromStr for Manifest {
    type Err = ManifestError;

    fn from_str(text: &str) -> Result<Self, ManifestError> {
        Self::from_slice(text.as_bytes())
    }
}

impl PartialEq for Manifest {
    fn eq(&self, other: &Self) -> bool {
        self.schema == other.schema
            && self.name == other.name
            && self.version == other.version
            && self.description == other.description
            && self.entry == other.entry
            && self.artifact == other.artifact
            && self.trusted == other.trusted
            && self.capabilities == other.capabilities
            && self.sandbox == other.sandbox
            && self.config == other.config
            && self.config_schema == other.config_schema
            && self.signature == other.signature
            // A list that no longer counts is no difference.
            && self.host_capabilities() == other.host_capabilities()
    }
}

impl Eq for Manifest {}

impl Serialize for Manifest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Document::from(self.clone()).serialize(serializer)
    }
}
