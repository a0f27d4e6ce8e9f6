//! Where a broker listens, as `OXG_BROKER` says it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use crate::host::Host;
use crate::url::{Scheme, Url, UrlError};

/// Where a broker listens.
///
/// ```
/// use oxg_protocol::Endpoint;
///
/// let endpoint: Endpoint = "unix:/run/oxg/broker.sock".parse()?;
/// assert_eq!(endpoint.to_string(), "unix:/run/oxg/broker.sock");
/// assert!("http://192.0.2.1:80".parse::<Endpoint>().is_err()); // plain TCP is for loopback only
/// # Ok::<(), oxg_protocol::endpoint::EndpointError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Endpoint {
    /// A Unix socket: `unix:/path/broker.sock`.
    Unix(PathBuf),
    /// Plain TCP on loopback: `http://127.0.0.1:PORT`.
    Tcp(SocketAddr),
    /// TCP with mutual TLS: `https://host:port`.
    Tls {
        /// The name that the broker's certificate must carry.
        host: Host,
        /// The port.
        port: u16,
    },
}

/// Why a text is not an [`Endpoint`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// The path of a `unix:` endpoint does not start with `/`.
    #[error("a unix: endpoint takes an absolute path, for example unix:/run/oxg/broker.sock")]
    RelativePath,
    /// Plain TCP would leave the machine.
    #[error("http:// is for a loopback address only; use https:// for a broker elsewhere")]
    NotLoopback,
    /// There is more than scheme, host and port.
    #[error("an endpoint is scheme, host and port only, for example http://127.0.0.1:7070")]
    HasPath,
    /// Another scheme.
    #[error("expected unix:/PATH, http://127.0.0.1:PORT or https://HOST:PORT")]
    Scheme,
    /// The URL cannot be parsed.
    #[error("the endpoint's URL is not valid: {0}")]
    Url(#[from] UrlError),
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        if let Some(path) = text.strip_prefix("unix:") {
            if !path.starts_with('/') || path.contains('\0') {
                return Err(EndpointError::RelativePath);
            }
            return Ok(Self::Unix(path.into()));
        }
        let url: Url = text.parse().map_err(|error| match error {
            UrlError::Scheme => EndpointError::Scheme,
            other => EndpointError::Url(other),
        })?;
        if url.path_and_query() != "/" {
            return Err(EndpointError::HasPath);
        }
        match (url.scheme(), url.host().ip()) {
            (Scheme::Http, Some(ip)) if ip.is_loopback() => {
                Ok(Self::Tcp(SocketAddr::new(ip, url.port())))
            }
            (Scheme::Http, _) => Err(EndpointError::NotLoopback),
            (Scheme::Https, _) => Ok(Self::Tls { host: url.host().clone(), port: url.port() }),
            _ => Err(EndpointError::Scheme),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp(address) => match address.ip() {
                IpAddr::V4(ip) => write!(f, "http://{ip}:{}", address.port()),
                IpAddr::V6(ip) => write!(f, "http://[{ip}]:{}", address.port()),
            },
            Self::Tls { host, port } => write!(f, "https://{host}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_reads_and_prints_the_same() {
        for text in [
            "unix:/run/b.sock",
            "http://127.0.0.1:7070",
            "http://[::1]:7070",
            "https://broker.test:8443",
        ] {
            assert_eq!(text.parse::<Endpoint>().map(|e| e.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn what_is_not_an_endpoint_says_what_is() {
        for (text, error) in [
            ("unix:b.sock", EndpointError::RelativePath),
            ("ftp://127.0.0.1:1", EndpointError::Scheme),
            ("http://localhost:1", EndpointError::NotLoopback),
            ("http://127.0.0.1:1/v1", EndpointError::HasPath),
            ("https://a@b:1", EndpointError::Url(UrlError::UserInfo)),
        ] {
            assert_eq!(text.parse::<Endpoint>(), Err(error), "{text}");
        }
    }
}
