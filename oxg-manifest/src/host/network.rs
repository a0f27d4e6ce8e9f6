//! Networks of IP addresses.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::HostPatternError;

/// An address range in CIDR form (RFC 4632, RFC 4291 section 2.3). Host bits are cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// The network that holds this one address. An IPv4 address inside IPv6 counts as IPv4.
    pub(super) fn single(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self { address, prefix: width(address) }
    }

    /// Reads `ADDRESS` or `ADDRESS/PREFIX`; bits of the address beyond the prefix do not count.
    pub(super) fn parse(text: &str) -> Result<Self, HostPatternError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr =
            address.parse().map_err(|_| HostPatternError::Address(address.to_owned()))?;
        let max = width(address);
        let prefix = match prefix {
            None => max,
            Some(digits) => parse_prefix(digits, max).ok_or(HostPatternError::Prefix { max })?,
        };
        let network = Self { address: mask(address, prefix), prefix };
        if let Some(ipv4) = network.as_ipv4_mapped() {
            return Err(HostPatternError::Ipv4Mapped { ipv4: ipv4.to_string() });
        }
        if network.is_ipv6() && text.contains('.') {
            return Err(HostPatternError::MixedNotation { ipv6: network.in_groups() });
        }
        Ok(network)
    }

    /// Whether the address lies in this network. An IPv4 address inside IPv6 counts as IPv4.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4() && mask(address, self.prefix) == self.address
    }

    /// An IPv6 network in hexadecimal groups alone, which `Display` of the standard library does
    /// not always write.
    fn in_groups(self) -> String {
        let IpAddr::V6(address) = self.address else {
            return self.to_string();
        };
        let groups: Vec<String> =
            address.segments().iter().map(|group| format!("{group:x}")).collect();
        format!("{}/{}", groups.join(":"), self.prefix)
    }

    pub(super) fn is_ipv6(&self) -> bool {
        self.address.is_ipv6()
    }

    /// The IPv4 network that this one spells in IPv6, when it lies wholly inside `::ffff:0:0/96`.
    fn as_ipv4_mapped(self) -> Option<Self> {
        let IpAddr::V6(address) = self.address else {
            return None;
        };
        let prefix = self.prefix.checked_sub(96)?;
        let address = address.to_ipv4_mapped()?;
        Some(Self { address: address.into(), prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)?;
        if self.prefix == width(self.address) { Ok(()) } else { write!(f, "/{}", self.prefix) }
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn parse_prefix(digits: &str, max: u8) -> Option<u8> {
    let plain = digits.bytes().all(|b| b.is_ascii_digit());
    let leading_zero = digits.len() > 1 && digits.starts_with('0');
    let prefix: u8 = digits.parse().ok()?;
    (plain && !leading_zero && prefix <= max).then_some(prefix)
}

/// The address with all bits beyond the prefix cleared.
fn mask(address: IpAddr, prefix: u8) -> IpAddr {
    let prefix = u32::from(prefix);
    match address {
        IpAddr::V4(v4) => {
            let keep = u32::MAX.checked_shl(32_u32.saturating_sub(prefix)).unwrap_or(0);
            Ipv4Addr::from_bits(v4.to_bits() & keep).into()
        }
        IpAddr::V6(v6) => {
            let keep = u128::MAX.checked_shl(128_u32.saturating_sub(prefix)).unwrap_or(0);
            Ipv6Addr::from_bits(v6.to_bits() & keep).into()
        }
    }
}
