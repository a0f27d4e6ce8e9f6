//! Whether one set of patterns admits all that another admits.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::slice;

use super::HostPattern;
use super::network::Network;
use super::pattern::Host;

/// What a list of patterns admits, made ready to be compared with many patterns: each comparison
/// takes a few look-ups, however long the list is.
pub(crate) struct Admitted<'a>(HashMap<u16, Hosts<'a>>);

/// The hosts that are admitted at one port.
#[derive(Default)]
struct Hosts<'a> {
    any_name: bool,
    names: HashSet<&'a str>,
    suffixes: HashSet<&'a str>,
    networks: BTreeSet<Network>,
}

impl<'a> Admitted<'a> {
    pub(crate) fn by(patterns: &'a [HostPattern]) -> Self {
        let mut ports: HashMap<u16, Hosts<'a>> = HashMap::new();
        for pattern in patterns {
            for port in pattern.ports() {
                ports.entry(*port).or_default().add(&pattern.host);
            }
        }
        Self(ports)
    }

    /// The ports of a pattern at which not all of its hosts are admitted.
    pub(crate) fn ports_beyond(&self, pattern: &HostPattern) -> Vec<u16> {
        let admitted =
            |port: &u16| self.0.get(port).is_some_and(|hosts| hosts.admit(&pattern.host));
        pattern.ports().iter().copied().filter(|port| !admitted(port)).collect()
    }
}

impl<'a> Hosts<'a> {
    fn add(&mut self, host: &'a Host) {
        match host {
            Host::AnyName => self.any_name = true,
            Host::Name(name) => {
                self.names.insert(name);
            }
            Host::Below(suffix) => {
                self.suffixes.insert(suffix);
            }
            Host::Network(network) => {
                self.networks.insert(*network);
            }
        }
    }

    /// Whether all that a host stands for is admitted.
    fn admit(&self, host: &Host) -> bool {
        match host {
            Host::AnyName => self.any_name,
            Host::Name(name) => {
                self.any_name || self.names.contains(name.as_str()) || self.admit_below(name)
            }
            // No number of narrower suffixes makes up for a wider one.
            Host::Below(suffix) => {
                self.any_name || self.suffixes.contains(suffix.as_str()) || self.admit_below(suffix)
            }
            Host::Network(network) => self.admit_network(*network),
        }
    }

    /// Whether a name lies below one of the suffixes.
    fn admit_below(&self, name: &str) -> bool {
        let mut rest = name;
        while let Some((_, suffix)) = rest.split_once('.') {
            if self.suffixes.contains(suffix) {
                return true;
            }
            rest = suffix;
        }
        false
    }

    /// Whether each address of a network is admitted: by one network, or by one for each half.
    fn admit_network(&self, network: Network) -> bool {
        if network.is_ipv4_inside_ipv6() || network.enclosing().any(|n| self.networks.contains(&n))
        {
            return true;
        }
        // No look at the halves unless something lies in them.
        let inside = self.networks.range(network.range()).next().is_some();
        let halves = network.halves().filter(|_| inside);
        halves.is_some_and(|halves| halves.iter().all(|half| self.admit_network(*half)))
    }
}

impl HostPattern {
    /// Whether `other` admits each host and port that this pattern admits.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        Admitted::by(slice::from_ref(other)).ports_beyond(self).is_empty()
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
