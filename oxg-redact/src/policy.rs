//! What a redactor looks for.

use crate::kind::{Kind, KindSet};
use crate::mask::Masks;
use crate::own::OwnRules;

/// A preset of what is looked for. Values known to be secret are removed under
/// every policy.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// Every kind but IP addresses and the names of users.
    #[default]
    Default,
    /// Every kind, and a value whose key names a secret is removed whatever the
    /// value looks like. For text that leaves the organisation.
    Strict,
    /// Secrets, payment cards and e-mail addresses. Kinds that a log's own
    /// numbers are easily taken for (phones, national ids, IP addresses) are off.
    LogsOnly,
}

impl Policy {
    pub(crate) fn kinds(self) -> KindSet {
        KindSet::of(Kind::ALL.into_iter().filter(|kind| match self {
            Self::Default => !matches!(kind, Kind::IpAddress | Kind::UserName),
            Self::Strict => true,
            Self::LogsOnly => kind.is_secret() || matches!(kind, Kind::Card | Kind::Email),
        }))
    }
}

/// A policy with the caller's own changes applied.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) kinds: KindSet,
    /// A sensitive name is enough; the value need not look like a secret.
    pub(crate) trust_names: bool,
    /// Literal texts that no detector may take.
    pub(crate) allowed: Vec<Box<[u8]>>,
    /// Detectors switched off, by name.
    pub(crate) off: Vec<Box<str>>,
    pub(crate) masks: Masks,
    pub(crate) own: OwnRules,
}

impl Settings {
    pub(crate) fn new(policy: Policy) -> Self {
        Self {
            kinds: policy.kinds(),
            trust_names: policy == Policy::Strict,
            allowed: Vec::new(),
            off: Vec::new(),
            masks: Masks::default(),
            own: OwnRules::default(),
        }
    }

    pub(crate) fn is_off(&self, detector: &str) -> bool {
        self.off.iter().any(|name| **name == *detector)
    }

    pub(crate) fn allows(&self, text: &[u8]) -> bool {
        self.allowed.iter().any(|literal| **literal == *text)
    }
}
