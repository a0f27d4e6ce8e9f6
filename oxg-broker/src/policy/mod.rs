//! Where a plugin may go. Pure: no I/O, no clock.
//!
//! The order is that of the protocol: the URL is parsed strictly before it comes here, then the
//! manifest decides, then the name is resolved, then *every* address must be allowed.

mod address;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use oxg_manifest::{Capability, HostPattern, HttpCapability, Method};
use oxg_protocol::url::Scheme;
use oxg_protocol::{ErrorCode, Host, Problem, Url};

pub use address::special_block;

/// The destination policy of one session: the manifest's `http` capability, and the loopback ports
/// that the operator opened for local development.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    http: Option<HttpCapability>,
    loopback_ports: Vec<u16>,
}

/// Why a destination is denied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Denial {
    /// The manifest does not declare `http`.
    #[error("manifest.json does not declare the `http` capability")]
    NotDeclared,
    /// The manifest declares `http` but not WebSocket.
    #[error("manifest.json does not allow WebSocket connections")]
    WebSocket,
    /// The method is not among those of the manifest.
    #[error("manifest.json does not allow the method {0}")]
    Method(String),
    /// No pattern of the manifest covers host and port.
    #[error("manifest.json does not allow {0}")]
    Destination(String),
    /// The name means this machine.
    #[error("{0} is this machine; the operator can open a port of it for local development")]
    Localhost(String),
    /// The name has no address.
    #[error("{0} has no address")]
    NoAddress(String),
    /// An address is not public.
    #[error("{host} is at {address}, which is not a public address: {block}")]
    NotPublic {
        /// The host of the URL.
        host: String,
        /// The address that is denied; one is enough.
        address: IpAddr,
        /// The block that it is in.
        block: &'static str,
    },
}

impl Denial {
    /// The code with which the broker refuses for this reason.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NotDeclared | Self::WebSocket | Self::Method(_) => ErrorCode::CapabilityDenied,
            Self::NoAddress(_) => ErrorCode::UpstreamUnreachable,
            Self::Destination(_) | Self::Localhost(_) | Self::NotPublic { .. } => {
                ErrorCode::DestinationDenied
            }
        }
    }
}

impl Policy {
    /// The policy of a manifest with this capability. `loopback_ports` are allowed on loopback
    /// whatever hosts the manifest names, but never without the capability.
    #[must_use]
    pub fn new(http: Option<HttpCapability>, loopback_ports: Vec<u16>) -> Self {
        Self { http, loopback_ports }
    }

    /// The whole check, for a destination whose addresses are known.
    ///
    /// ```
    /// use oxg_broker::policy::Policy;
    /// use oxg_manifest::HttpCapability;
    ///
    /// let policy = Policy::new(Some(HttpCapability::default()), Vec::new());
    /// let url = "https://shop.test/".parse()?;
    /// assert!(policy.check("GET", &url, &["93.184.215.14".parse()?]).is_ok());
    /// let denial = policy.check("GET", &url, &["10.0.0.5".parse()?]).unwrap_err();
    /// assert_eq!(
    ///     denial.to_string(),
    ///     "shop.test is at 10.0.0.5, which is not a public address: private (10.0.0.0/8)"
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The first reason to deny, in the order of the protocol.
    pub fn check(&self, method: &str, url: &Url, addresses: &[IpAddr]) -> Result<(), Denial> {
        self.check_manifest(method, url)?;
        self.check_addresses(url, addresses)
    }

    /// What the manifest says, before anything is resolved.
    ///
    /// # Errors
    /// The first reason to deny.
    pub fn check_manifest(&self, method: &str, url: &Url) -> Result<(), Denial> {
        let http = self.http.as_ref().ok_or(Denial::NotDeclared)?;
        if matches!(url.scheme(), Scheme::Ws | Scheme::Wss) && !http.websocket {
            return Err(Denial::WebSocket);
        }
        if !http.allows_method(method) {
            return Err(Denial::Method(method.to_owned()));
        }
        if self.is_opened_loopback(url) {
            return Ok(());
        }
        if is_localhost(url.host()) {
            return Err(Denial::Localhost(url.host().to_string()));
        }
        let allowed = match (&http.hosts, url.host()) {
            (Some(patterns), Host::Name(name)) => {
                patterns.iter().any(|pattern| pattern.matches_name(name.as_str(), url.port()))
            }
            (Some(patterns), host) => host.ip().is_some_and(|ip| {
                patterns.iter().any(|pattern| pattern.matches_ip(ip, url.port()))
            }),
            (None, _) => matches!(url.port(), 80 | 443),
        };
        if allowed { Ok(()) } else { Err(Denial::Destination(url.origin())) }
    }

    /// What the addresses say, after `url` passed [`Policy::check_manifest`].
    ///
    /// # Errors
    /// [`Denial::NotPublic`] for the first address that is not allowed, even if others are.
    pub fn check_addresses(&self, url: &Url, addresses: &[IpAddr]) -> Result<(), Denial> {
        if addresses.is_empty() {
            return Err(Denial::NoAddress(url.host().to_string()));
        }
        let opened = self.is_opened_loopback(url);
        for &address in addresses {
            let block = match special_block(address) {
                Some(_) if opened && address.is_loopback() => None,
                None if opened => Some("the port is open on loopback only"),
                block => block,
            };
            if let Some(block) = block {
                return Err(Denial::NotPublic { host: url.host().to_string(), address, block });
            }
        }
        Ok(())
    }

    /// Whether the operator opened this very port of this very machine.
    #[must_use]
    pub fn is_opened_loopback(&self, url: &Url) -> bool {
        self.loopback_ports.contains(&url.port()) && is_localhost(url.host())
    }

    /// Why an allowed destination is allowed, in words for the audit and for a person.
    #[must_use]
    pub fn allowance(&self, url: &Url) -> &'static str {
        if self.is_opened_loopback(url) {
            "loopback port opened by the operator"
        } else {
            "allowed by the manifest"
        }
    }

    /// The denial as the plugin gets it: capability, destination, and the line to add.
    #[must_use]
    pub fn problem(&self, denial: &Denial, url: &Url) -> Problem {
        let problem = Problem::new(denial.code(), denial.to_string())
            .with_capability(Capability::Http.as_str())
            .with_destination(url.origin());
        match self.manifest_hint(denial, url) {
            Some(line) => problem.with_manifest_hint(line),
            None => problem,
        }
    }

    /// The line that would allow it; `None` where no line would.
    fn manifest_hint(&self, denial: &Denial, url: &Url) -> Option<String> {
        let plain = HttpCapability::default();
        let http = self.http.as_ref().unwrap_or(&plain);
        match denial {
            Denial::NotDeclared => Some(Capability::Http.manifest_line().to_owned()),
            Denial::WebSocket => Some("\"websocket\": true".to_owned()),
            Denial::Method(method) => {
                method.parse::<Method>().ok().map(|method| http.methods_line_with(&method))
            }
            Denial::Destination(_) => {
                let pattern = match url.host() {
                    Host::Name(name) => HostPattern::for_name(name.as_str(), url.port()),
                    host => HostPattern::for_ip(host.ip()?, url.port()),
                };
                pattern.ok().map(|pattern| http.hosts_line_with(&pattern))
            }
            _ => None,
        }
    }
}

/// Whether the host means this machine: `localhost` and below (RFC 6761), or a loopback address.
pub(crate) fn is_localhost(host: &Host) -> bool {
    match host {
        Host::Name(name) => name.as_str() == "localhost" || name.as_str().ends_with(".localhost"),
        host => host.ip().is_some_and(|ip| ip.is_loopback()),
    }
}
