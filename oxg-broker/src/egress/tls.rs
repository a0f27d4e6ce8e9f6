//! Which certificates of targets are trusted.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use crate::error::BrokerError;

/// The certificates of a PEM file; at least one.
pub(crate) fn read_authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, BrokerError> {
    let failed = |reason: String| BrokerError::AuthorityFile { path: path.to_owned(), reason };
    let found = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| failed(error.to_string()))?;
    if found.is_empty() {
        return Err(failed("no certificate in it".to_owned()));
    }
    Ok(found)
}

/// Trust in the web's authorities, and in `extra` ones that a test or an enterprise adds.
pub(crate) fn client_config(
    extra: Vec<CertificateDer<'static>>,
) -> Result<Arc<ClientConfig>, BrokerError> {
    trusting(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }, extra)
}

/// Trust in these authorities alone.
#[cfg(feature = "vault")]
pub(crate) fn trusting_only(
    authorities: Vec<CertificateDer<'static>>,
) -> Result<Arc<ClientConfig>, BrokerError> {
    trusting(RootCertStore::empty(), authorities)
}

fn trusting(
    mut roots: RootCertStore,
    authorities: Vec<CertificateDer<'static>>,
) -> Result<Arc<ClientConfig>, BrokerError> {
    for certificate in authorities {
        roots.add(certificate).map_err(|error| BrokerError::RootCertificate(error.to_string()))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| BrokerError::RootCertificate(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// The names of the protocols in TLS (RFC 7301).
pub(super) const HTTP_1_1: &[u8] = b"http/1.1";
pub(super) const HTTP_2: &[u8] = b"h2";

/// The configuration with these protocols, the preferred one first.
pub(super) fn offering(config: &ClientConfig, protocols: &[&[u8]]) -> Arc<ClientConfig> {
    let mut config = config.clone();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Arc::new(config)
}
