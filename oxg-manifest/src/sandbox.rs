//! The sandbox that a plugin asks for.

use std::num::{NonZeroU32, NonZeroU64};

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::optional::present;

/// The sandbox that a plugin asks for. The host may always give less.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SandboxLimits {
    /// Processor time, in seconds: at most a year.
    #[serde(
        default,
        deserialize_with = "limit::<_, YEAR>",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = YEAR)))]
    pub cpu_seconds: Option<NonZeroU64>,
    /// Memory, in bytes: at most 1 TiB.
    #[serde(
        default,
        deserialize_with = "limit::<_, TEBIBYTE>",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = TEBIBYTE)))]
    pub memory_bytes: Option<NonZeroU64>,
    /// Time from start to end, in seconds: at most a year.
    #[serde(
        default,
        deserialize_with = "limit::<_, YEAR>",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = YEAR)))]
    pub wall_seconds: Option<NonZeroU64>,
    /// Processes and threads at one time: at most 4194304, which is all that Linux can number.
    #[serde(
        default,
        deserialize_with = "limit_u32::<_, PROCESSES>",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = PROCESSES)))]
    pub processes: Option<NonZeroU32>,
}

// All far below 2^53, up to which every reader of JSON holds whole numbers exactly.
const YEAR: u64 = 366 * 24 * 60 * 60;
const TEBIBYTE: u64 = 1 << 40;
const PROCESSES: u64 = 1 << 22;

fn limit<'de, D: Deserializer<'de>, const MAX: u64>(
    deserializer: D,
) -> Result<Option<NonZeroU64>, D::Error> {
    match u64::deserialize(deserializer)? {
        // Hosts disagree whether 0 means "nothing" or "no limit", so it is refused.
        0 => Err(de::Error::custom(
            "a limit of 0 is ambiguous; write 1 or more, or leave the key out",
        )),
        limit if limit > MAX => {
            Err(de::Error::custom(format_args!("the limit is too large; write at most {MAX}")))
        }
        limit => Ok(NonZeroU64::new(limit)),
    }
}

fn limit_u32<'de, D: Deserializer<'de>, const MAX: u64>(
    deserializer: D,
) -> Result<Option<NonZeroU32>, D::Error> {
    let limit = limit::<D, MAX>(deserializer)?.map(NonZeroU32::try_from).transpose();
    limit.map_err(|_| de::Error::custom("the limit is too large"))
}
