//! Hosts, read strictly: what one parser takes for a name, no other may take for an address.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A host name in lower case, or an IP address.
///
/// Accepted are ASCII names of letters, digits, `-` and `_` (RFC 1123 with the underscore that
/// service names use), dotted-decimal IPv4, and IPv6 in brackets. Everything that a lenient parser
/// could turn into an address is refused: `127.1`, `0x7f000001`, `2130706433`, zone ids, percent
/// signs. One trailing root dot is accepted and dropped.
///
/// ```
/// use oxg_protocol::Host;
///
/// assert_eq!("Example.COM.".parse::<Host>()?.to_string(), "example.com");
/// assert!("127.1".parse::<Host>().is_err());
/// # Ok::<(), oxg_protocol::host::HostError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Host {
    /// A name; resolved by the broker.
    Name(HostName),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address; printed in brackets.
    V6(Ipv6Addr),
}

/// A host name: lower case, no root dot, never an address in disguise.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostName(String);

/// Why a text is not a [`Host`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// Nothing there.
    #[error("the host is empty")]
    Empty,
    /// A byte that no host name has.
    #[error(
        "the host has a character that is not a letter, digit, '-', '_' or '.'; write A-labels for other scripts"
    )]
    Character,
    /// A label is empty, longer than 63 bytes, or starts or ends with `-`.
    #[error("a label of the host name is empty, longer than 63 bytes, or starts or ends with '-'")]
    Label,
    /// The name is longer than 253 bytes.
    #[error("the host name is longer than 253 bytes")]
    TooLong,
    /// The last label is a number, so that some parsers would read an IPv4 address.
    #[error("the host looks like an IPv4 address but is not four decimal numbers")]
    AmbiguousNumber,
    /// An IPv6 address (RFC 4291) without brackets or with a zone id, or brackets around another thing.
    #[error("an IPv6 address stands in brackets, without a zone id, and nothing else does")]
    Ipv6,
}

impl Host {
    /// The address, where the host is one.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Name(_) => None,
            Self::V4(ip) => Some((*ip).into()),
            Self::V6(ip) => Some((*ip).into()),
        }
    }

    /// The name, where the host is one.
    #[must_use]
    pub fn name(&self) -> Option<&HostName> {
        match self {
            Self::Name(name) => Some(name),
            _ => None,
        }
    }
}

impl HostName {
    /// The name in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_traits!(HostName);

impl FromStr for HostName {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.is_empty() {
            return Err(HostError::Empty);
        }
        if text.len() > 253 {
            return Err(HostError::TooLong);
        }
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if !text.bytes().all(allowed) {
            return Err(HostError::Character);
        }
        let bad_label = |label: &str| {
            label.is_empty() || label.len() > 63 || label.starts_with('-') || label.ends_with('-')
        };
        if text.split('.').any(bad_label) {
            return Err(HostError::Label);
        }
        // The WHATWG URL standard and inet_aton(3) read a host as IPv4 by its last label.
        let last = text.rsplit('.').next().unwrap_or(text);
        let hexadecimal = last
            .strip_prefix("0x")
            .or_else(|| last.strip_prefix("0X"))
            .is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        if hexadecimal || last.bytes().all(|b| b.is_ascii_digit()) {
            return Err(HostError::AmbiguousNumber);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

impl FromStr for Host {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        if let Some(inner) = text.strip_prefix('[') {
            let address = inner.strip_suffix(']').ok_or(HostError::Ipv6)?;
            return address.parse().map(Self::V6).map_err(|_| HostError::Ipv6);
        }
        match text.parse() {
            Ok(ip) => Ok(Self::V4(ip)),
            Err(_) => text.parse().map(Self::Name),
        }
    }
}

impl From<IpAddr> for Host {
    fn from(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => Self::V4(ip),
            IpAddr::V6(ip) => Self::V6(ip),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::V4(ip) => ip.fmt(f),
            Self::V6(ip) => write!(f, "[{ip}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_in_disguise_are_no_hosts() {
        for text in [
            "127.1",
            "127.0.1",
            "2130706433",
            "0x7f000001",
            "0X7F.1",
            "0177.0.0.1",
            "127.0.0.01",
            "127.0.0.1.",
            "1.2.3.4.5",
            "a.0x",
            "[127.0.0.1]",
            "[::1%lo]",
            "[::1",
            "::1",
            "[]",
            "ex%61mple.com",
            "exa mple.com",
            "ex\u{430}mple.com",
            "\u{ff11}",
            "a..b",
            "-a.com",
            "a-.com",
            "",
            ".",
            "a\0b",
            "a\\b",
        ] {
            assert!(text.parse::<Host>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn names_are_compared_in_lower_case_without_the_root_dot() {
        assert_eq!("EXAMPLE.com.".parse::<Host>(), "example.com".parse::<Host>());
        assert!("_dmarc.xn--nxasmq6b.test".parse::<Host>().is_ok());
    }

    proptest! {
        #[test]
        fn what_prints_reads_back(text in "[a-zA-Z0-9._\\[\\]:-]{0,40}") {
            if let Ok(host) = text.parse::<Host>() {
                prop_assert_eq!(host.to_string().parse::<Host>(), Ok(host));
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = text.parse::<Host>();
        }
    }
}
