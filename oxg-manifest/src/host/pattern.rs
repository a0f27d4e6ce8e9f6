//! One entry of an allow list of hosts.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::network::Network;
use super::ports::Ports;
use super::{HostPatternError, name};
use crate::text::serde_text;

/// A destination, or a set of destinations, that a plugin may reach.
///
/// | Pattern | Admits |
/// |---|---|
/// | `example.com` | this name |
/// | `*.example.com` | every name below `example.com`, at any depth, but not `example.com` itself |
/// | `*` | every name, but no IP address |
/// | `192.0.2.7`, `::1` | this address, when a URL names it literally |
/// | `192.0.2.0/24`, `2001:db8::/32` | every address of this network, when a URL names it literally |
///
/// Ports follow a colon, with commas between them: `example.com:8080,8443`. An IPv6 address with
/// ports stands in brackets: `[2001:db8::/32]:8443`. Without ports, 80 and 443 are meant.
///
/// A name never admits an address and a network never admits a name: what a name resolves to is
/// for the broker's own policy to judge. Bits of an address beyond the prefix do not count:
/// `10.1.2.3/8` is `10.0.0.0/8`. Names are ASCII, folded to lower case, and lose one
/// trailing dot. A name whose last label is a number is refused, because other readers take it
/// for an IPv4 address. An IPv4 address inside IPv6 (`::ffff:192.0.2.1`) counts as IPv4.
///
/// Two patterns are equal when they admit the same destinations by the same rule; `Display` writes
/// the shortest form, which reads back as an equal pattern.
///
/// ```
/// use oxg_manifest::HostPattern;
///
/// let pattern: HostPattern = "*.Example.com:8443".parse()?;
/// assert!(pattern.matches_name("api.example.com", 8443));
/// assert!(!pattern.matches_name("example.com", 8443));
/// assert!(!pattern.matches_name("api.example.com", 443));
/// assert_eq!(pattern.to_string(), "*.example.com:8443");
///
/// let error = "https://example.com".parse::<HostPattern>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "it has a scheme; write only the host, and a port if it is not 80 or 443"
/// );
/// # Ok::<(), oxg_manifest::HostPatternError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostPattern {
    host: Host,
    ports: Ports,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Host {
    AnyName,
    Name(String),
    Below(String),
    Network(Network),
}

impl HostPattern {
    /// The longest pattern, in characters: a name with some hundreds of ports.
    pub const MAX_LENGTH: usize = 4096;

    /// The pattern that admits one name at one port. For port 80 or 443 it admits both, as a
    /// pattern without ports does.
    ///
    /// # Errors
    ///
    /// When `host` is not a name, or `port` is 0.
    pub fn for_name(host: &str, port: u16) -> Result<Self, HostPatternError> {
        let host = Host::Name(name::parse(host)?);
        Ok(Self { host, ports: Ports::covering(port)? })
    }

    /// The pattern that admits one address at one port. For port 80 or 443 it admits both, as a
    /// pattern without ports does.
    ///
    /// # Errors
    ///
    /// When `port` is 0.
    pub fn for_ip(address: IpAddr, port: u16) -> Result<Self, HostPatternError> {
        let host = Host::Network(Network::single(address));
        Ok(Self { host, ports: Ports::covering(port)? })
    }

    /// Whether this pattern admits a host named `host_lowercase` at `port`.
    ///
    /// The name must be in lower case and without a trailing dot. Anything else, and every IP
    /// address in any notation, is not a name and is never admitted.
    #[must_use]
    pub fn matches_name(&self, host_lowercase: &str, port: u16) -> bool {
        let host_matches = match &self.host {
            Host::AnyName => true,
            Host::Name(name) => name == host_lowercase,
            Host::Below(suffix) => {
                host_lowercase.strip_suffix(suffix.as_str()).is_some_and(|rest| rest.ends_with('.'))
            }
            Host::Network(_) => false,
        };
        host_matches && self.ports.contains(port) && name::is_canonical(host_lowercase)
    }

    /// Whether this pattern admits a destination that is written as an IP address, at `port`.
    ///
    /// An IPv4 address inside IPv6 (`::ffff:192.0.2.1`) is matched as the IPv4 address.
    #[must_use]
    pub fn matches_ip(&self, address: IpAddr, port: u16) -> bool {
        matches!(&self.host, Host::Network(network) if network.contains(address))
            && self.ports.contains(port)
    }

    /// Whether this pattern is `*`, with whichever ports.
    #[must_use]
    pub fn is_any_name(&self) -> bool {
        self.host == Host::AnyName
    }

    /// The ports that this pattern admits, in rising order, never empty.
    #[must_use]
    pub fn ports(&self) -> &[u16] {
        self.ports.as_slice()
    }
}

impl FromStr for HostPattern {
    type Err = HostPatternError;

    fn from_str(text: &str) -> Result<Self, HostPatternError> {
        check_characters(text)?;
        let (host, ports) = split_ports(text)?;
        let ports = ports.map(Ports::parse).transpose()?.unwrap_or_default();
        Ok(Self { host, ports })
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::AnyName => f.write_str("*")?,
            Host::Name(name) => f.write_str(name)?,
            Host::Below(suffix) => write!(f, "*.{suffix}")?,
            Host::Network(network) if network.is_ipv6() && !self.ports.is_default() => {
                write!(f, "[{network}]")?;
            }
            Host::Network(network) => write!(f, "{network}")?,
        }
        if self.ports.is_default() { Ok(()) } else { write!(f, ":{}", self.ports) }
    }
}

serde_text!(HostPattern, "a host pattern");

/// Refuses what no pattern may hold, with the reason that helps most.
fn check_characters(text: &str) -> Result<(), HostPatternError> {
    if text.is_empty() {
        return Err(HostPatternError::Empty);
    }
    if text.len() > HostPattern::MAX_LENGTH {
        return Err(HostPatternError::TooLong);
    }
    if let Some(c) = text.chars().find(|c| !c.is_ascii()) {
        return Err(HostPatternError::NotAscii(c));
    }
    if text.contains("://") {
        return Err(HostPatternError::Scheme);
    }
    if text.contains('@') {
        return Err(HostPatternError::UserInfo);
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.*/:,[]".contains(c);
    match text.chars().find(|c| !allowed(*c)) {
        Some(c) => Err(HostPatternError::Character(c)),
        None => Ok(()),
    }
}

fn split_ports(text: &str) -> Result<(Host, Option<&str>), HostPatternError> {
    if let Some(rest) = text.strip_prefix('[') {
        let (inside, after) = rest.split_once(']').ok_or(HostPatternError::Brackets)?;
        let network = Network::parse(inside)?;
        let ports = after.strip_prefix(':');
        if !network.is_ipv6() || (ports.is_none() && !after.is_empty()) {
            return Err(HostPatternError::Brackets);
        }
        return Ok((Host::Network(network), ports));
    }
    match text.split_once(':') {
        None => Ok((parse_host(text)?, None)),
        Some((_, rest)) if rest.contains(':') => Ok((parse_bare_ipv6(text)?, None)),
        Some((host, ports)) => Ok((parse_host(host)?, Some(ports))),
    }
}

fn parse_host(text: &str) -> Result<Host, HostPatternError> {
    if text == "*" {
        return Ok(Host::AnyName);
    }
    if let Some(suffix) = text.strip_prefix("*.") {
        return Ok(Host::Below(name::parse(suffix)?));
    }
    // A slash announces a network; without one, text that reads as an address is that address.
    match Network::parse(text) {
        Ok(network) => Ok(Host::Network(network)),
        Err(error) if text.contains('/') => Err(error),
        Err(_) => Ok(Host::Name(name::parse(text)?)),
    }
}

/// Reads an IPv6 address or network outside brackets, which leaves no place for ports.
fn parse_bare_ipv6(text: &str) -> Result<Host, HostPatternError> {
    // Such as `2001:db8::/32:443`.
    if text.split_once('/').is_some_and(|(_, prefix)| prefix.contains(':')) {
        return Err(HostPatternError::Brackets);
    }
    Network::parse(text).map(Host::Network)
}
