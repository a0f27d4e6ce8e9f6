//! Sets of TCP ports.

use std::fmt;

use super::HostPatternError;

/// The ports that a pattern means when it names none: HTTP and HTTPS.
const DEFAULT: [u16; 2] = [80, 443];

/// One or more ports, sorted, each once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Ports(Vec<u16>);

impl Default for Ports {
    fn default() -> Self {
        Self(DEFAULT.to_vec())
    }
}

impl Ports {
    /// The default ports when `port` is one of them, else this port alone.
    pub(super) fn covering(port: u16) -> Result<Self, HostPatternError> {
        match port {
            0 => Err(HostPatternError::Port("0".to_owned())),
            port if DEFAULT.contains(&port) => Ok(Self::default()),
            port => Ok(Self(vec![port])),
        }
    }

    /// Reads `8080` or `8080,8443`.
    pub(super) fn parse(text: &str) -> Result<Self, HostPatternError> {
        let mut ports = text.split(',').map(parse_port).collect::<Result<Vec<_>, _>>()?;
        ports.sort_unstable();
        ports.dedup();
        Ok(Self(ports))
    }

    pub(super) fn contains(&self, port: u16) -> bool {
        self.0.binary_search(&port).is_ok()
    }

    pub(super) fn as_slice(&self) -> &[u16] {
        &self.0
    }

    pub(super) fn is_default(&self) -> bool {
        self.0 == DEFAULT
    }
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, port) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{port}")?;
        }
        Ok(())
    }
}

fn parse_port(text: &str) -> Result<u16, HostPatternError> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    match text.parse() {
        Ok(port) if plain => Ok(port),
        _ => Err(HostPatternError::Port(text.to_owned())),
    }
}
