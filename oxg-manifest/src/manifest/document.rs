//! The two forms as they stand in the text.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Manifest;
use crate::optional::present;
use crate::{
    Capabilities, ConfigSchema, FilePath, HostCapabilities, PluginName, PluginVersion, Sandbox,
    SignatureFiles,
};

/// The manifest of a plugin: what it is and what it may do.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(title = "Guide form"))]
#[serde(deny_unknown_fields, rename = "GuideForm")]
pub(crate) struct GuideDocument {
    /// Where an editor finds the schema. It has no effect.
    #[serde(
        rename = "$schema",
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    schema: Option<String>,
    /// The plugin's name: 1 to 64 of a to z, 0 to 9 and "-", beginning with a letter.
    name: PluginName,
    /// The plugin's version in the form of Semantic Versioning 2.0.0, such as "1.0.0-rc.1".
    version: PluginVersion,
    /// What the plugin is for, in a sentence.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// The file that starts the plugin, relative to the folder of the manifest.
    entry: FilePath,
    /// The file that the host checks before it starts the plugin, relative to the folder of the
    /// manifest.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    artifact: Option<FilePath>,
    /// Whether the host's operator may skip the check of the signature. Not unless it says so.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    trusted: Option<bool>,
    /// What the plugin may do, as an object. An absent key grants nothing, except "tasks" and
    /// "findings".
    capabilities: Capabilities,
    /// The sandbox that the plugin asks for; the host's own when absent.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    sandbox: Option<Sandbox>,
    /// The plugin's settings.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    config: Option<Map<String, Value>>,
    /// The JSON Schema that "config" must match.
    #[serde(
        rename = "configSchema",
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    config_schema: Option<ConfigSchema>,
    /// The files with which the host checks the artifact.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    signature: Option<SignatureFiles>,
}

/// The manifest of a plugin in the form of the 0xGen host, which refuses any other field.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(title = "Host form"))]
#[serde(deny_unknown_fields, rename = "HostForm")]
pub(crate) struct HostDocument {
    /// The plugin's name: 1 to 64 of a to z, 0 to 9 and "-", beginning with a letter.
    name: PluginName,
    /// The plugin's version in the form of Semantic Versioning 2.0.0, such as "1.0.0-rc.1".
    version: PluginVersion,
    /// What the host builds and starts.
    entry: FilePath,
    /// The file that the host checks before it starts the plugin, relative to the folder of the
    /// manifest or to the repository.
    artifact: FilePath,
    /// Whether the host's operator may skip the check of the signature. Not unless it says so.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    trusted: Option<bool>,
    /// What the plugin may do, as a list of the host's names. What is not listed is not granted.
    capabilities: HostCapabilities,
    /// The plugin's settings.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    config: Option<Map<String, Value>>,
    /// The files with which the host checks the artifact.
    signature: SignatureFiles,
}

/// The keys that only the guide's form has.
pub(crate) const ONLY_IN_GUIDE_FORM: &[&str] =
    &["$schema", "description", "sandbox", "configSchema"];

impl From<GuideDocument> for Manifest {
    fn from(document: GuideDocument) -> Self {
        Self {
            schema: document.schema,
            name: document.name,
            version: document.version,
            description: document.description,
            entry: document.entry,
            artifact: document.artifact,
            trusted: document.trusted,
            capabilities: document.capabilities,
            sandbox: document.sandbox,
            config: document.config,
            config_schema: document.config_schema,
            signature: document.signature,
            host_list: None,
        }
    }
}

impl From<HostDocument> for Manifest {
    fn from(document: HostDocument) -> Self {
        Self {
            artifact: Some(document.artifact),
            trusted: document.trusted,
            capabilities: document.capabilities.meaning(),
            config: document.config,
            signature: Some(document.signature),
            host_list: Some(document.capabilities),
            ..Self::new(document.name, document.version, document.entry)
        }
    }
}

/// A manifest on its way out, in the form that it has.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Document {
    Guide(Box<GuideDocument>),
    Host(Box<HostDocument>),
}

impl From<Manifest> for Document {
    fn from(manifest: Manifest) -> Self {
        let host = manifest.host_capabilities().cloned();
        match (host, manifest) {
            (
                Some(capabilities),
                Manifest {
                    name,
                    version,
                    entry,
                    artifact: Some(artifact),
                    trusted,
                    config,
                    signature: Some(signature),
                    ..
                },
            ) => Self::Host(Box::new(HostDocument {
                name,
                version,
                entry,
                artifact,
                trusted,
                capabilities,
                config,
                signature,
            })),
            (_, manifest) => Self::Guide(Box::new(GuideDocument {
                schema: manifest.schema,
                name: manifest.name,
                version: manifest.version,
                description: manifest.description,
                entry: manifest.entry,
                artifact: manifest.artifact,
                trusted: manifest.trusted,
                capabilities: manifest.capabilities,
                sandbox: manifest.sandbox,
                config: manifest.config,
                config_schema: manifest.config_schema,
                signature: manifest.signature,
            })),
        }
    }
}
