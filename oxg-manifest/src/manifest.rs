//! The manifest itself.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::optional::present;
use crate::{Capabilities, Capability, Entry, ManifestError, PluginName, PluginVersion, Sandbox};
use crate::{error, json};

/// The longest manifest, in bytes: 1 MiB.
pub const MAX_MANIFEST_BYTES: usize = 1024 * 1024;

/// The file name in messages about a manifest that was not read from a file.
const FILE_NAME: &str = "manifest.json";

/// A plugin's `manifest.json`.
///
/// [`Manifest::read`], [`Manifest::from_slice`] and [`str::parse`] are strict and say where an
/// error is. `Deserialize` applies the same rules to each value, but leaves the syntax, duplicate
/// keys and places to the format's own reader: use it only where the source is trusted.
///
/// Serialised and read again, a manifest is equal to itself. Keys that were absent stay absent,
/// and keys that say what holds anyway may be left out.
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Manifest {
    /// Where an editor finds the schema. It has no effect.
    #[serde(
        rename = "$schema",
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub schema: Option<String>,
    /// The plugin's name.
    pub name: PluginName,
    /// The plugin's version.
    pub version: PluginVersion,
    /// What the plugin is for, in a sentence.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The file that starts the plugin.
    pub entry: Entry,
    /// What the plugin may do.
    pub capabilities: Capabilities,
    /// The sandbox that the plugin asks for; the host's own when absent.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<Sandbox>,
    /// The plugin's configuration, which this crate does not interpret.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub config: Option<Map<String, Value>>,
}

impl Manifest {
    /// A manifest that declares no capability.
    #[must_use]
    pub fn new(name: PluginName, version: PluginVersion, entry: Entry) -> Self {
        Self {
            schema: None,
            name,
            version,
            description: None,
            entry,
            capabilities: Capabilities::default(),
            sandbox: None,
            config: None,
        }
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
        if bytes.len() > MAX_MANIFEST_BYTES {
            return Err(ManifestError::TooLarge {
                file: file.to_owned(),
                limit: MAX_MANIFEST_BYTES,
            });
        }
        let text =
            json::decode_utf8(bytes).map_err(|failure| error::invalid(failure, bytes, file))?;
        json::parse(text)
            .and_then(|root| json::from_node(&root))
            .map_err(|failure| error::invalid(failure, bytes, file))
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
