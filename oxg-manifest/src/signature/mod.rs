//! The signature of a plugin's artifact: checking it by the host's rules, and making it.
//!
//! A manifest names an artifact, a signature and a public key or certificate. The signature is
//! ECDSA over the SHA-256 of the artifact, in ASN.1 DER and base64, as `cosign sign-blob` and
//! `openssl dgst -sha256 -sign` make it. An `ALLOWLIST` file above the plugin lists the digests of
//! the artifacts that may run.
//!
//! | To … | use |
//! |---|---|
//! | check a plugin | [`Verifier`], which answers [`Verified`] or [`VerifyError`] |
//! | check it exactly as the host would | [`Rules::Host`]; what is stricter otherwise says [`StricterRule`] |
//! | sign an artifact | [`SigningKey`] |
//!
//! ```
//! use oxg_manifest::signature::{Curve, Verifier};
//! use oxg_manifest::{FilePath, Manifest, SignatureFiles};
//! # use oxg_manifest::signature::SigningKey;
//! # let folder = tempfile::tempdir()?;
//! # let file = |name: &str| folder.path().join(name);
//! # std::fs::write(file("plugin.js"), "run()")?;
//! # let key = SigningKey::from_pem(&include_str!("testdata/p256.key").into(), None)?;
//! # std::fs::write(file("plugin.js.sig"), key.sign_file(&file("plugin.js"))?)?;
//! # std::fs::write(file("plugin.pub"), include_str!("testdata/p256.pub"))?;
//!
//! let mut manifest =
//!     Manifest::new("sample".parse()?, "0.1.0".parse()?, "./plugin.js".parse()?);
//! manifest.artifact = Some("plugin.js".parse()?);
//! manifest.signature =
//!     Some(SignatureFiles::with_public_key("plugin.js.sig".parse()?, "plugin.pub".parse()?));
//!
//! let verified = Verifier::new(folder.path().join("manifest.json")).verify(&manifest)?;
//! assert_eq!(verified.key.curve, Curve::P256);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod allowlist;
mod digest;
mod encoding;
mod error;
mod files;
mod key;
mod path;
mod pem;
mod rules;
mod sign;
#[cfg(test)]
mod tests;
mod verify;

pub use allowlist::AllowlistError;
pub use digest::Sha256Digest;
pub use error::{FileError, FileRole, VerifyError};
pub use key::{Curve, KeyError};
pub use rules::{Rules, StricterRule};
pub use sign::{SigningKey, SigningKeyError};
pub use verify::{KeySource, Notice, Verified, VerifiedKey, Verifier};
