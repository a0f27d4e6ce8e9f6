//! The capabilities of the host's form: a list of `CAP_…` names.

use std::fmt;

use serde::de::{self, DeserializeSeed, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::{Capabilities, FindingsCapability, FlowsCapability, HttpCapability, StorageCapability};

/// A capability by the name that the 0xGen host knows it by in a manifest.
///
/// The names that only the host's SDK knows (`CAP_WORKSPACE_READ`, `CAP_WORKSPACE_WRITE`,
/// `CAP_NET_OUTBOUND`, `CAP_SECRETS_READ`) are not among them: the host refuses a manifest that
/// lists one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum HostCapability {
    /// `CAP_EMIT_FINDINGS`: report findings.
    #[serde(rename = "CAP_EMIT_FINDINGS")]
    EmitFindings,
    /// `CAP_AI_ANALYSIS`: reserved by the host; it grants nothing.
    #[serde(rename = "CAP_AI_ANALYSIS")]
    AiAnalysis,
    /// `CAP_HTTP_ACTIVE`: send HTTP requests.
    #[serde(rename = "CAP_HTTP_ACTIVE")]
    HttpActive,
    /// `CAP_HTTP_PASSIVE`: look at HTTP traffic; the host checks `CAP_FLOW_INSPECT` instead.
    #[serde(rename = "CAP_HTTP_PASSIVE")]
    HttpPassive,
    /// `CAP_FLOW_INSPECT`: receive traffic without bodies and credentials.
    #[serde(rename = "CAP_FLOW_INSPECT")]
    FlowInspect,
    /// `CAP_FLOW_INSPECT_RAW`: receive traffic as it is; it needs `CAP_FLOW_INSPECT` too.
    #[serde(rename = "CAP_FLOW_INSPECT_RAW")]
    FlowInspectRaw,
    /// `CAP_WS`: open WebSocket connections.
    #[serde(rename = "CAP_WS")]
    WebSocket,
    /// `CAP_SPIDER`: crawl; it grants nothing by itself.
    #[serde(rename = "CAP_SPIDER")]
    Spider,
    /// `CAP_REPORT`: write reports; it grants nothing by itself.
    #[serde(rename = "CAP_REPORT")]
    Report,
    /// `CAP_STORAGE`: keep files.
    #[serde(rename = "CAP_STORAGE")]
    Storage,
}

impl HostCapability {
    /// Every capability, in the order of the host's own list.
    pub const ALL: &'static [Self] = &[
        Self::EmitFindings,
        Self::AiAnalysis,
        Self::HttpActive,
        Self::HttpPassive,
        Self::FlowInspect,
        Self::FlowInspectRaw,
        Self::WebSocket,
        Self::Spider,
        Self::Report,
        Self::Storage,
    ];

    /// The name in the manifest, such as `CAP_HTTP_ACTIVE`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EmitFindings => "CAP_EMIT_FINDINGS",
            Self::AiAnalysis => "CAP_AI_ANALYSIS",
            Self::HttpActive => "CAP_HTTP_ACTIVE",
            Self::HttpPassive => "CAP_HTTP_PASSIVE",
            Self::FlowInspect => "CAP_FLOW_INSPECT",
            Self::FlowInspectRaw => "CAP_FLOW_INSPECT_RAW",
            Self::WebSocket => "CAP_WS",
            Self::Spider => "CAP_SPIDER",
            Self::Report => "CAP_REPORT",
            Self::Storage => "CAP_STORAGE",
        }
    }
}

impl fmt::Display for HostCapability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name that only the host's SDK knows, and what a manifest lists instead.
pub(crate) fn sdk_name(name: &str) -> Option<(&'static str, Option<&'static str>)> {
    match name {
        "CAP_WORKSPACE_READ" => Some(("CAP_WORKSPACE_READ", Some("CAP_STORAGE"))),
        "CAP_WORKSPACE_WRITE" => Some(("CAP_WORKSPACE_WRITE", Some("CAP_STORAGE"))),
        "CAP_NET_OUTBOUND" => Some(("CAP_NET_OUTBOUND", Some("CAP_HTTP_ACTIVE"))),
        "CAP_SECRETS_READ" => Some(("CAP_SECRETS_READ", None)),
        _ => None,
    }
}

/// The list of capabilities in a manifest of the host's form: at least one, none twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct HostCapabilities(Vec<HostCapability>);

/// Why a list is not a list of [`HostCapabilities`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HostCapabilitiesError {
    /// There is no capability at all.
    #[error(
        "the list is empty, which the host refuses; list a capability such as \"CAP_EMIT_FINDINGS\""
    )]
    Empty,
    /// A capability is listed twice.
    #[error("{0} is listed twice, which the host refuses; remove one of the two")]
    Duplicate(HostCapability),
}

impl HostCapabilities {
    /// Takes a list in the order in which the manifest shows it.
    ///
    /// # Errors
    ///
    /// When the list is empty or has a capability twice.
    pub fn new(list: Vec<HostCapability>) -> Result<Self, HostCapabilitiesError> {
        let twice = |(index, one): (usize, &HostCapability)| list[..index].contains(one);
        match list.iter().enumerate().find(|pair| twice(*pair)) {
            _ if list.is_empty() => Err(HostCapabilitiesError::Empty),
            Some((_, capability)) => Err(HostCapabilitiesError::Duplicate(*capability)),
            None => Ok(Self(list)),
        }
    }

    /// The capabilities in the order of the manifest.
    #[must_use]
    pub fn as_slice(&self) -> &[HostCapability] {
        &self.0
    }

    /// Whether the list has this capability.
    #[must_use]
    pub fn contains(&self, capability: HostCapability) -> bool {
        self.0.contains(&capability)
    }

    /// What the list means. What is not listed is not granted, except tasks, for which the host
    /// has no name.
    ///
    /// ```
    /// use oxg_manifest::{HostCapabilities, HostCapability};
    ///
    /// let list = HostCapabilities::new(vec![HostCapability::HttpActive])?;
    /// assert!(list.meaning().http.is_some());
    /// assert!(list.meaning().findings.is_some_and(|findings| !findings.emit));
    /// # Ok::<(), oxg_manifest::HostCapabilitiesError>(())
    /// ```
    #[must_use]
    pub fn meaning(&self) -> Capabilities {
        use HostCapability as Cap;
        let active = self.contains(Cap::HttpActive);
        let websocket = self.contains(Cap::WebSocket);
        let http = HttpCapability {
            // Without CAP_HTTP_ACTIVE, no method is allowed and only the WebSocket handshake is.
            methods: (!active).then(Vec::new),
            websocket,
            ..HttpCapability::default()
        };
        let passive = self.contains(Cap::FlowInspect);
        let raw = self.contains(Cap::FlowInspectRaw);
        Capabilities {
            http: (active || websocket).then_some(http),
            storage: self.contains(Cap::Storage).then(StorageCapability::default),
            secrets: None,
            flows: (passive || raw).then_some(FlowsCapability { passive, raw }),
            tasks: None,
            findings: Some(FindingsCapability { emit: self.contains(Cap::EmitFindings) }),
        }
    }
}

impl<'de> Deserialize<'de> for HostCapabilities {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;

        impl<'de> Visitor<'de> for List {
            type Value = HostCapabilities;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of the host's capabilities")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(capability) = items.next_element_seed(Unlisted(&list))? {
                    list.push(capability);
                }
                HostCapabilities::new(list).map_err(de::Error::custom)
            }
        }

        deserializer.deserialize_seq(List)
    }
}

/// Reads a capability that is not listed before, so that one listed twice is refused in its place.
struct Unlisted<'l>(&'l [HostCapability]);

impl<'de> DeserializeSeed<'de> for Unlisted<'_> {
    type Value = HostCapability;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let capability = HostCapability::deserialize(deserializer)?;
        if self.0.contains(&capability) {
            return Err(de::Error::custom(HostCapabilitiesError::Duplicate(capability)));
        }
        Ok(capability)
    }
}
