//! Signing an artifact.

use std::fmt;
use std::path::Path;

use p256::ecdsa::Signature;
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use p256::pkcs8::DecodePrivateKey as _;
use pkcs8::pkcs5;
use secrecy::{ExposeSecret as _, SecretString, zeroize::Zeroizing};

use super::key::PublicKey;
use super::{FileError, FileRole, Sha256Digest, encoding, files};

/// Why a text is not a key that can sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SigningKeyError {
    /// The key is encrypted, and there is no passphrase.
    #[error("the signing key is encrypted; give its passphrase")]
    PassphraseMissing,
    /// The key cannot be decrypted.
    #[error("the signing key cannot be decrypted; check the passphrase")]
    Decryption,
    /// The key is encrypted in another way than is read here, or damaged.
    #[error(
        "the signing key is not encrypted with AES and a SHA-2 (PBES2); encrypt it anew with \
         `openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256`"
    )]
    Encryption,
    /// Another kind of key file.
    #[error(
        "the signing key is not in PKCS#8 PEM (\"BEGIN PRIVATE KEY\" or \"BEGIN ENCRYPTED PRIVATE \
         KEY\"); convert it with `openssl pkcs8 -topk8`"
    )]
    NotPkcs8,
    /// A key of another curve or algorithm.
    #[error(
        "the signing key is not one of the curve P-256; make one with `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`"
    )]
    NotP256,
}

/// A private key of the curve P-256. It does not print, and its memory is wiped.
///
/// Signatures are deterministic (RFC 6979) and have a low `s`.
pub struct SigningKey(p256::ecdsa::SigningKey);

impl SigningKey {
    /// The key in PKCS#8 PEM, decrypted with `passphrase` when it is encrypted (PBES2, RFC 8018,
    /// with AES and PBKDF2 over SHA-2, or scrypt).
    ///
    /// # Errors
    ///
    /// When it is another kind of key or file, or the passphrase is missing or wrong.
    pub fn from_pem(
        pem: &SecretString,
        passphrase: Option<&SecretString>,
    ) -> Result<Self, SigningKeyError> {
        let pem = pem.expose_secret().trim();
        let (label, document) =
            pkcs8::der::SecretDocument::from_pem(pem).map_err(|_| SigningKeyError::NotPkcs8)?;
        let document = match label {
            "PRIVATE KEY" => document,
            "ENCRYPTED PRIVATE KEY" => {
                let passphrase = passphrase.ok_or(SigningKeyError::PassphraseMissing)?;
                document
                    .decode_msg::<pkcs8::EncryptedPrivateKeyInfoRef<'_>>()
                    .map_err(|_| SigningKeyError::Encryption)?
                    .decrypt(passphrase.expose_secret())
                    .map_err(|error| match error {
                        pkcs8::Error::EncryptedPrivateKey(
                            pkcs5::Error::UnsupportedAlgorithm { .. }
                            | pkcs5::Error::AlgorithmParametersInvalid { .. }
                            | pkcs5::Error::NoPbes1CryptSupport,
                        ) => SigningKeyError::Encryption,
                        _ => SigningKeyError::Decryption,
                    })?
            }
            _ => return Err(SigningKeyError::NotPkcs8),
        };
        p256::SecretKey::from_pkcs8_der(document.as_bytes())
            .map(|key| Self(key.into()))
            .map_err(|_| SigningKeyError::NotP256)
    }

    /// Reads the file at `path`, of at most 64 KiB, as [`from_pem`](Self::from_pem) takes it.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn read_pem(path: &Path) -> Result<SecretString, FileError> {
        let (bytes, _) = files::read(FileRole::SigningKey, path)?;
        let bytes = Zeroizing::new(bytes);
        // What is not text is no PEM; the empty text says so.
        Ok(SecretString::from(std::str::from_utf8(&bytes).unwrap_or_default()))
    }

    /// The signature of the file at `path`: ASN.1 DER in base64, and a line break. The file is read
    /// as a stream.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn sign_file(&self, path: &Path) -> Result<String, FileError> {
        let unreadable = |source| FileError::Unreadable {
            role: FileRole::Artifact,
            path: path.to_owned(),
            source,
        };
        let (file, _) = files::open(FileRole::Artifact, path)?;
        let digest = Sha256Digest::of_reader(file).map_err(unreadable)?;
        let signature: Signature = self
            .0
            .sign_prehash(digest.as_bytes())
            .map_err(|error| unreadable(std::io::Error::other(error)))?;
        let der = signature.normalize_s().to_der();
        Ok(encoding::to_base64(der.as_bytes()) + "\n")
    }

    /// Whether `public` is the public part of this key.
    pub(super) fn is_private_part_of(&self, public: &PublicKey) -> bool {
        public.is_of(&self.0)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}
