//! The sandbox that a plugin asks for.

use std::num::{NonZeroU32, NonZeroU64};

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::optional::present;

/// The sandbox that a plugin asks for. The host may always give less.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Sandbox {
    /// The user to run as; the host's choice when absent.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// What is mounted into the sandbox, such as `workspace`; nothing when absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mounts: Vec<String>,
    /// The network inside the sandbox; isolated when absent.
    #[serde(default)]
    pub network: Network,
    /// Limits; the host's own when absent.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub limits: Option<SandboxLimits>,
}

/// The network inside the sandbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Network {
    /// None at all: the broker is the only way out.
    #[default]
    Isolated,
    /// The host's own network, past the broker.
    Host,
}

/// What a plugin may use up. Each limit is 1 or more; when absent, the host's own limit holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SandboxLimits {
    /// Processor time, in seconds.
    #[serde(default, deserialize_with = "limit_u64", skip_serializing_if = "Option::is_none")]
    pub cpu_seconds: Option<NonZeroU64>,
    /// Memory, in bytes.
    #[serde(default, deserialize_with = "limit_u64", skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<NonZeroU64>,
    /// Time from start to end, in seconds.
    #[serde(default, deserialize_with = "limit_u64", skip_serializing_if = "Option::is_none")]
    pub wall_seconds: Option<NonZeroU64>,
    /// Processes and threads at one time.
    #[serde(default, deserialize_with = "limit_u32", skip_serializing_if = "Option::is_none")]
    pub processes: Option<NonZeroU32>,
}

fn limit_u64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NonZeroU64>, D::Error> {
    // Hosts disagree whether 0 means "nothing" or "no limit", so it is refused.
    let limit = NonZeroU64::new(u64::deserialize(deserializer)?);
    limit.map(Some).ok_or_else(|| {
        de::Error::custom("a limit of 0 is ambiguous; write 1 or more, or leave the key out")
    })
}

fn limit_u32<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NonZeroU32>, D::Error> {
    let limit = limit_u64(deserializer)?.map(NonZeroU32::try_from).transpose();
    limit.map_err(|_| de::Error::custom("the limit is too large; write at most 4294967295"))
}
