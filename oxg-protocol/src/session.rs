//! `GET /v1/session`: what the plugin may do, and for how long.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::limits::Limits;
use crate::name::RunId;
use crate::version::ProtocolVersion;

/// The answer to `GET /v1/session`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SessionInfo {
    /// The broker's protocol version.
    pub protocol: ProtocolVersion,
    /// The broker's [features](crate::version::feature).
    #[serde(default)]
    pub features: Vec<String>,
    /// The plugin's name, as its manifest has it.
    pub plugin: String,
    /// This run of it.
    pub run_id: RunId,
    /// The capabilities that the manifest grants, by their keys in `manifest.json`.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// The limits that apply.
    #[serde(default)]
    pub limits: Limits,
    /// Time until the token expires, in milliseconds. Absent: it lives as long as the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_ms: Option<u64>,
    /// The plugin's settings for this run.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub config: Map<String, Value>,
}

impl SessionInfo {
    /// A session of `plugin`, with this crate's protocol version and the default limits.
    #[must_use]
    pub fn new(plugin: impl Into<String>, run_id: RunId) -> Self {
        Self {
            protocol: ProtocolVersion::CURRENT,
            features: Vec::new(),
            plugin: plugin.into(),
            run_id,
            capabilities: Vec::new(),
            limits: Limits::default(),
            expires_in_ms: None,
            config: Map::new(),
        }
    }
}
