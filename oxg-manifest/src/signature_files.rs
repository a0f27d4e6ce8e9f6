//! Where the signature of a plugin lies.

use serde::{Deserialize, Serialize};

use crate::FilePath;
use crate::optional::present;

/// The files with which the host checks a plugin's artifact: a signature and a key or certificate.
///
/// At least one of the two is there. When both are, the host takes the certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct SignatureFiles {
    signature: FilePath,
    #[serde(rename = "publicKey", skip_serializing_if = "Option::is_none")]
    public_key: Option<FilePath>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<FilePath>,
}

impl SignatureFiles {
    /// A signature that the key in `public_key` checks.
    #[must_use]
    pub fn with_public_key(signature: FilePath, public_key: FilePath) -> Self {
        Self { signature, public_key: Some(public_key), certificate: None }
    }

    /// A signature that the key in `certificate` checks.
    #[must_use]
    pub fn with_certificate(signature: FilePath, certificate: FilePath) -> Self {
        Self { signature, public_key: None, certificate: Some(certificate) }
    }

    /// The file with the signature: ASN.1 DER in base64.
    #[must_use]
    pub fn signature(&self) -> &FilePath {
        &self.signature
    }

    /// The file with the public key, in PEM.
    #[must_use]
    pub fn public_key(&self) -> Option<&FilePath> {
        self.public_key.as_ref()
    }

    /// The file with the certificate, in PEM. When it is there, the host uses it and not the
    /// public key.
    #[must_use]
    pub fn certificate(&self) -> Option<&FilePath> {
        self.certificate.as_ref()
    }
}

/// The files with which the host checks the artifact: "publicKey" or "certificate" must be there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Unchecked {
    /// The file with the signature of the artifact: ASN.1 DER ECDSA over SHA-256, in base64.
    signature: FilePath,
    /// The file with the public key that checks the signature, in PEM.
    #[serde(rename = "publicKey", default, deserialize_with = "present")]
    public_key: Option<FilePath>,
    /// The file with the certificate whose key checks the signature, in PEM. It goes before
    /// `publicKey`.
    #[serde(default, deserialize_with = "present")]
    certificate: Option<FilePath>,
}

impl TryFrom<Unchecked> for SignatureFiles {
    type Error = &'static str;

    fn try_from(unchecked: Unchecked) -> Result<Self, Self::Error> {
        let Unchecked { signature, public_key, certificate } = unchecked;
        if public_key.is_none() && certificate.is_none() {
            return Err("nothing checks the signature; add \"publicKey\" or \"certificate\"");
        }
        Ok(Self { signature, public_key, certificate })
    }
}
