//! Whether one set of patterns admits all that another admits.

use super::HostPattern;
use super::network::Network;
use super::pattern::Host;

impl HostPattern {
    /// The ports of this pattern at which `patterns` together do not admit all of its hosts.
    pub(crate) fn ports_beyond(&self, patterns: &[Self]) -> Vec<u16> {
        let beyond = |port: &u16| {
            let others: Vec<&Host> =
                patterns.iter().filter(|p| p.ports().contains(port)).map(|p| &p.host).collect();
            !self.host.is_within(&others)
        };
        self.ports().iter().copied().filter(beyond).collect()
    }

    /// Whether `other` admits each host and port that this pattern admits.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        self.ports_beyond(std::slice::from_ref(other)).is_empty()
    }
}

impl Host {
    /// Whether these together admit each host that this one admits.
    fn is_within(&self, others: &[&Self]) -> bool {
        match self {
            Self::AnyName => others.contains(&&Self::AnyName),
            Self::Name(name) => others.iter().any(|other| match other {
                Self::AnyName => true,
                Self::Name(same) => same == name,
                Self::Below(suffix) => is_below(name, suffix),
                Self::Network(_) => false,
            }),
            // No number of narrower suffixes makes up for a wider one.
            Self::Below(suffix) => others.iter().any(|other| match other {
                Self::AnyName => true,
                Self::Below(wider) => wider == suffix || is_below(suffix, wider),
                Self::Name(_) | Self::Network(_) => false,
            }),
            Self::Network(network) => {
                let networks = others.iter().filter_map(|other| match other {
                    Self::Network(network) => Some(*network),
                    _ => None,
                });
                network.is_within(&networks.collect::<Vec<_>>())
            }
        }
    }
}

fn is_below(name: &str, suffix: &str) -> bool {
    name.strip_suffix(suffix).is_some_and(|rest| rest.ends_with('.'))
}

impl Network {
    /// Whether these together hold each address of this one.
    fn is_within(self, others: &[Self]) -> bool {
        if self.is_ipv4_inside_ipv6() || others.iter().any(|other| other.encloses(self)) {
            return true;
        }
        // Smaller networks may fill it: each half must be filled. Only those that lie in a half
        // are looked at in it, so that the work is bounded by their number and the prefix length.
        let inner: Vec<Self> =
            others.iter().copied().filter(|other| self.encloses(*other)).collect();
        match self.halves() {
            Some(halves) if !inner.is_empty() => halves.iter().all(|half| half.is_within(&inner)),
            _ => false,
        }
    }
}

impl HostPattern {
    /// The suffix of a pattern that admits every name below it.
    pub(crate) fn suffix(&self) -> Option<&str> {
        match &self.host {
            Host::Below(suffix) => Some(suffix),
            _ => None,
        }
    }

    /// The prefix length of a network, and whether it is one of IPv6.
    pub(crate) fn prefix_length(&self) -> Option<(u8, bool)> {
        match &self.host {
            Host::Network(network) => Some((network.prefix(), network.is_ipv6())),
            _ => None,
        }
    }

    /// The hosts without the ports.
    pub(crate) fn host_text(&self) -> String {
        Self { host: self.host.clone(), ports: super::ports::Ports::default() }.to_string()
    }
}
