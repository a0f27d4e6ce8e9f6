//! The list of lints.

use std::fmt;
use std::str::FromStr;

use crate::report::Level;

/// Something that a valid manifest should not say without a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Lint {
    /// `any-host`: a pattern admits every name.
    AnyHost,
    /// `broad-suffix`: a pattern admits every name below a suffix under which anybody may have one.
    BroadSuffix,
    /// `broad-network`: a network holds very many addresses.
    BroadNetwork,
    /// `no-hosts`: no list of hosts at all.
    NoHosts,
    /// `redundant-host`: another pattern admits the same.
    RedundantHost,
    /// `host-bits`: an address with bits beyond the prefix of its network.
    HostBits,
    /// `unbound-secret`: a secret without hosts.
    UnboundSecret,
    /// `unnamed-secrets`: secrets without a list of names.
    UnnamedSecrets,
    /// `undeclared-secret`: hosts for a secret that the plugin may not use.
    UndeclaredSecret,
    /// `open-network`: another network than the isolated one.
    OpenNetwork,
    /// `foreign-mount`: a mount besides the workspace.
    ForeignMount,
    /// `root-user`: the plugin asks to run as root.
    RootUser,
    /// `no-limits`: no limit at all.
    NoLimits,
    /// `trusted-unsigned`: trusted, but not signed.
    TrustedUnsigned,
    /// `entry-outside`: an entry outside the plugin's folder.
    EntryOutside,
    /// `raw-flows`: traffic with its secrets.
    RawFlows,
    /// `config-mismatch`: settings that do not match their schema.
    ConfigMismatch,
}

impl Lint {
    /// Every lint.
    pub const ALL: &'static [Self] = &[
        Self::AnyHost,
        Self::BroadSuffix,
        Self::BroadNetwork,
        Self::NoHosts,
        Self::RedundantHost,
        Self::HostBits,
        Self::UnboundSecret,
        Self::UnnamedSecrets,
        Self::UndeclaredSecret,
        Self::OpenNetwork,
        Self::ForeignMount,
        Self::RootUser,
        Self::NoLimits,
        Self::TrustedUnsigned,
        Self::EntryOutside,
        Self::RawFlows,
        Self::ConfigMismatch,
    ];

    /// The name by which a report shows it and a user allows it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::AnyHost => "any-host",
            Self::BroadSuffix => "broad-suffix",
            Self::BroadNetwork => "broad-network",
            Self::NoHosts => "no-hosts",
            Self::RedundantHost => "redundant-host",
            Self::HostBits => "host-bits",
            Self::UnboundSecret => "unbound-secret",
            Self::UnnamedSecrets => "unnamed-secrets",
            Self::UndeclaredSecret => "undeclared-secret",
            Self::OpenNetwork => "open-network",
            Self::ForeignMount => "foreign-mount",
            Self::RootUser => "root-user",
            Self::NoLimits => "no-limits",
            Self::TrustedUnsigned => "trusted-unsigned",
            Self::EntryOutside => "entry-outside",
            Self::RawFlows => "raw-flows",
            Self::ConfigMismatch => "config-mismatch",
        }
    }

    /// Why it matters.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::AnyHost => "A plugin that may reach every name can send what it sees to anybody.",
            Self::BroadSuffix => {
                "Anybody can register a name under this suffix, so it admits nearly every host."
            }
            Self::BroadNetwork => {
                "The network holds so many addresses that the list hardly limits."
            }
            Self::NoHosts => "Without a list of hosts, the plugin may reach every public host.",
            Self::RedundantHost => "An entry that adds nothing hides what the list really admits.",
            Self::HostBits => {
                "Bits beyond the prefix do not count, so the network is wider than the address looks."
            }
            Self::UnboundSecret => {
                "A secret without hosts is not sent by handle, so the plugin must hold its value."
            }
            Self::UnnamedSecrets => {
                "Without names, the plugin may borrow every secret it is given."
            }
            Self::UndeclaredSecret => {
                "Hosts for a secret that the plugin may not use have no effect."
            }
            Self::OpenNetwork => {
                "Traffic past the broker is neither policed nor audited, and secrets can leave by it."
            }
            Self::ForeignMount => "A plugin should see its workspace and nothing else of the host.",
            Self::RootUser => "A plugin that runs as root can undo much of its sandbox.",
            Self::NoLimits => "Without limits, only the host's own stop a plugin that runs away.",
            Self::TrustedUnsigned => {
                "A trusted plugin may run unverified; without a signature nobody can verify it at all."
            }
            Self::EntryOutside => {
                "What lies outside the plugin's folder can change without the plugin."
            }
            Self::RawFlows => "Raw traffic holds credentials and personal data in full.",
            Self::ConfigMismatch => {
                "The plugin refuses to start with settings that it cannot read."
            }
        }
    }

    /// How grave it is.
    #[must_use]
    pub const fn level(self) -> Level {
        match self {
            Self::NoHosts | Self::UnboundSecret | Self::UnnamedSecrets | Self::NoLimits => {
                Level::Note
            }
            Self::ConfigMismatch => Level::Error,
            _ => Level::Warning,
        }
    }
}

impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Text that is the code of no lint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no such lint; the lints are {}", codes())]
#[non_exhaustive]
pub struct UnknownLint;

impl FromStr for Lint {
    type Err = UnknownLint;

    fn from_str(code: &str) -> Result<Self, UnknownLint> {
        Self::ALL.iter().copied().find(|lint| lint.code() == code).ok_or(UnknownLint)
    }
}

fn codes() -> String {
    Lint::ALL.iter().map(|lint| lint.code()).collect::<Vec<_>>().join(", ")
}
