//! Why text is not a host pattern.

/// Why text is not a [`HostPattern`](crate::HostPattern), and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HostPatternError {
    /// There is no character at all.
    #[error("it is empty; write a name, \"*.\" and a suffix, an address or \"*\"")]
    Empty,
    /// More than 4096 bytes.
    #[error("it is longer than 4096 bytes; split its ports over several patterns")]
    TooLong,
    /// It looks like a URL.
    #[error("it has a scheme; write only the host, and a port if it is not 80 or 443")]
    Scheme,
    /// A user name or password before the host.
    #[error("it holds user information; remove everything up to and including \"@\"")]
    UserInfo,
    /// A character outside ASCII.
    #[error("it contains {0:?}, which is not ASCII; write the name in its \"xn--\" form")]
    NotAscii(char),
    /// A character that no host may hold.
    #[error("it contains {0:?}; a name is made of letters, digits, \"-\", \"_\" and \".\"")]
    Character(char),
    /// A `*` that is not the whole first label.
    #[error("\"*\" stands alone or before a suffix: write \"*\" or \"*.example.com\"")]
    Wildcard,
    /// Two dots in a row, or a dot at the beginning.
    #[error("it has an empty label; remove the extra dot")]
    EmptyLabel,
    /// A label of more than 63 characters (RFC 1035, section 2.3.4).
    #[error("it has a label of more than 63 characters")]
    LabelTooLong,
    /// A label that begins or ends with a hyphen.
    #[error("its label {0:?} begins or ends with \"-\"")]
    LabelHyphen(String),
    /// A name of more than 253 characters.
    #[error("its name is longer than 253 characters")]
    NameTooLong,
    /// A name that other readers take for an IPv4 address in an unusual form.
    #[error(
        "its last label is a number, so it can be read as an IPv4 address; write a name, or four decimal numbers such as \"192.0.2.1\""
    )]
    NumericName,
    /// Neither an IPv4 nor an IPv6 address where only an address may stand.
    #[error(
        "{0:?} is not an IP address; write one such as \"192.0.2.0/24\" or \"[2001:db8::1]:8080\""
    )]
    Address(String),
    /// An opening bracket without its closing one, or something other than ports after it.
    #[error(
        "its brackets are wrong; write an IPv6 address and its ports as \"[2001:db8::1]:8080\""
    )]
    Brackets,
    /// A prefix length that is not a number or is too large for the address.
    #[error("the prefix length after \"/\" must be a number from 0 to {max}")]
    Prefix {
        /// 32 for IPv4, 128 for IPv6.
        max: u8,
    },
    /// An IPv6 address whose end is written as an IPv4 address, of which readers disagree.
    #[error("it mixes the notations of IPv6 and IPv4; write {ipv6:?}")]
    MixedNotation {
        /// The same address or network, as it should be written.
        ipv6: String,
    },
    /// An IPv4 address inside IPv6 (`::ffff:0:0/96`), which is matched as IPv4.
    #[error("it is an IPv4 address inside IPv6; write {ipv4:?}")]
    Ipv4Mapped {
        /// The same address or network, as it should be written.
        ipv4: String,
    },
    /// A port that is not a decimal number from 1 to 65535.
    #[error("{0:?} is not a port; write numbers from 1 to 65535 with commas between them")]
    Port(String),
}
