//! Public keys: from PEM files, for any of the four NIST curves that the host knows.

use std::time::{Duration, SystemTime};

use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use pkcs8::ObjectIdentifier;
use pkcs8::der::{Decode as _, Encode as _};
use pkcs8::spki::SubjectPublicKeyInfoRef;
use x509_cert::certificate::{CertificateInner, Raw};

use super::{Sha256Digest, pem};

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P224: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.33");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// An elliptic curve (FIPS 186-4, appendix D).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Curve {
    /// NIST P-224.
    P224,
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
}

impl Curve {
    /// The name, such as `P-256`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::P224 => "P-224",
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }
}

/// Why a file holds no key that can check a signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// No PEM block, or none with the label `CERTIFICATE`.
    #[error("it holds no PEM block that {0}; export the key or certificate as PEM")]
    NoBlock(&'static str),
    /// The block is not DER of the expected kind.
    #[error("its PEM block is not {0}; export a public key with `openssl pkey -pubout`")]
    Malformed(&'static str),
    /// Another algorithm than ECDSA.
    #[error("its key has the algorithm {0}; the host takes ECDSA keys only")]
    NotEcdsa(ObjectIdentifier),
    /// The curve is not named by its identifier, or is none of the four.
    #[error("its curve is not P-224, P-256, P-384 or P-521, given by name")]
    UnknownCurve,
    /// The point is compressed, or does not lie on the curve.
    #[error("its point is not an uncompressed point of the curve {}", .0.as_str())]
    BadPoint(Curve),
}

/// A public key that can check signatures.
#[derive(Debug, Clone)]
pub(super) struct PublicKey {
    kind: Kind,
    /// The SHA-256 of the key's DER form (SubjectPublicKeyInfo).
    pub(super) fingerprint: Sha256Digest,
}

#[derive(Debug, Clone)]
enum Kind {
    P224(p224::ecdsa::VerifyingKey),
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    P521(p521::ecdsa::VerifyingKey),
}

/// When a certificate is valid.
#[derive(Debug, Clone, Copy)]
pub(super) struct Validity {
    pub(super) not_before: SystemTime,
    pub(super) not_after: SystemTime,
}

impl PublicKey {
    /// The key in the first PEM block, whatever its label.
    pub(super) fn from_pem(text: &[u8]) -> Result<Self, KeyError> {
        let block = pem::blocks(text).next().ok_or(KeyError::NoBlock("can be read"))?;
        Self::from_spki(&block.data)
    }

    /// The key in the first certificate.
    pub(super) fn from_certificate_pem(text: &[u8]) -> Result<(Self, Validity), KeyError> {
        let block = pem::blocks(text)
            .find(|block| block.label == b"CERTIFICATE")
            .ok_or(KeyError::NoBlock("is labelled CERTIFICATE"))?;
        let malformed = |_| KeyError::Malformed("an X.509 certificate");
        // As the host, we take serial numbers that RFC 5280 forbids.
        let certificate = CertificateInner::<Raw>::from_der(&block.data).map_err(malformed)?;
        let certificate = certificate.tbs_certificate();
        let key = certificate.subject_public_key_info().to_der().map_err(malformed)?;
        let validity = certificate.validity();
        let time = |since_1970: Duration| SystemTime::UNIX_EPOCH + since_1970;
        let validity = Validity {
            not_before: time(validity.not_before.to_unix_duration()),
            not_after: time(validity.not_after.to_unix_duration()),
        };
        Ok((Self::from_spki(&key)?, validity))
    }

    /// The key in a SubjectPublicKeyInfo (RFC 5480): a named curve and an uncompressed point.
    fn from_spki(der: &[u8]) -> Result<Self, KeyError> {
        let malformed = |_| KeyError::Malformed("a public key in PKIX form");
        let info = SubjectPublicKeyInfoRef::from_der(der).map_err(malformed)?;
        if info.algorithm.oid != EC_PUBLIC_KEY {
            return Err(KeyError::NotEcdsa(info.algorithm.oid));
        }
        let curve = info.algorithm.parameters_oid().map_err(|_| KeyError::UnknownCurve)?;
        let curve = match curve {
            P224 => Curve::P224,
            P256 => Curve::P256,
            P384 => Curve::P384,
            P521 => Curve::P521,
            _ => return Err(KeyError::UnknownCurve),
        };
        let bad = KeyError::BadPoint(curve);
        let uncompressed = |point: &&[u8]| point.first() == Some(&4);
        let Some(point) = info.subject_public_key.as_bytes().filter(uncompressed) else {
            return Err(bad);
        };
        let kind = match curve {
            Curve::P224 => p224::ecdsa::VerifyingKey::from_sec1_bytes(point).map(Kind::P224),
            Curve::P256 => p256::ecdsa::VerifyingKey::from_sec1_bytes(point).map(Kind::P256),
            Curve::P384 => p384::ecdsa::VerifyingKey::from_sec1_bytes(point).map(Kind::P384),
            Curve::P521 => p521::ecdsa::VerifyingKey::from_sec1_bytes(point).map(Kind::P521),
        };
        let kind = kind.map_err(|_| bad)?;
        Ok(Self { kind, fingerprint: Sha256Digest::of(der) })
    }

    pub(super) fn curve(&self) -> Curve {
        match &self.kind {
            Kind::P224(_) => Curve::P224,
            Kind::P256(_) => Curve::P256,
            Kind::P384(_) => Curve::P384,
            Kind::P521(_) => Curve::P521,
        }
    }

    /// Whether this is the public part of `private`.
    pub(super) fn is_of(&self, private: &p256::ecdsa::SigningKey) -> bool {
        matches!(&self.kind, Kind::P256(key) if key == private.verifying_key())
    }

    /// Whether `signature`, in DER, is one of this key over `digest`.
    pub(super) fn verifies(&self, digest: &Sha256Digest, signature: &[u8]) -> bool {
        let digest = digest.as_bytes();
        match &self.kind {
            Kind::P224(key) => p224::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify_prehash(digest, &signature).is_ok()),
            Kind::P256(key) => p256::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify_prehash(digest, &signature).is_ok()),
            Kind::P384(key) => p384::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify_prehash(digest, &signature).is_ok()),
            Kind::P521(key) => p521::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify_prehash(digest, &signature).is_ok()),
        }
    }
}
