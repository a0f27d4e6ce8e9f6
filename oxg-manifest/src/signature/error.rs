//! Why an artifact is not verified.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::{AllowlistError, KeyError, Sha256Digest};

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileRole {
    /// What is signed: `artifact`.
    Artifact,
    /// `signature.signature`.
    Signature,
    /// `signature.publicKey`.
    PublicKey,
    /// `signature.certificate`.
    Certificate,
    /// The list of digests that may run.
    Allowlist,
    /// The private key that signs.
    SigningKey,
}

impl fmt::Display for FileRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Artifact => "artifact",
            Self::Signature => "signature",
            Self::PublicKey => "public key",
            Self::Certificate => "certificate",
            Self::Allowlist => "ALLOWLIST",
            Self::SigningKey => "signing key",
        })
    }
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// There is no such file in any of the folders where it is looked for.
    #[error("the {role} {path:?} is neither in the plugin's folder nor in the repository")]
    NotFound {
        /// What the file is for.
        role: FileRole,
        /// The path as the manifest has it.
        path: PathBuf,
    },
    /// It cannot be read.
    #[error("the {role} {} cannot be read: {source}", path.display())]
    Unreadable {
        /// What the file is for.
        role: FileRole,
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// It is a folder, a device or a pipe.
    #[error("the {role} {} is not a regular file", path.display())]
    NotAFile {
        /// What the file is for.
        role: FileRole,
        /// The file.
        path: PathBuf,
    },
    /// It is too large.
    #[error("the {role} {} is larger than {limit} bytes", path.display())]
    TooLarge {
        /// What the file is for.
        role: FileRole,
        /// The file.
        path: PathBuf,
        /// The limit, in bytes.
        limit: u64,
    },
}

/// Why an artifact is not verified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The manifest does not name an artifact.
    #[error("the manifest names no artifact; add \"artifact\": the file that is signed")]
    NoArtifact,
    /// The manifest does not say where the signature is.
    #[error(
        "the manifest names no signature; add \"signature\": {{ \"signature\": …, \"publicKey\": … }}"
    )]
    NoSignature,
    /// No `go.mod` in the plugin's folder or above, which the host needs.
    #[error("there is no go.mod in {} or the folders above; name the repository", .0.display())]
    NoRepository(PathBuf),
    /// No `ALLOWLIST` in the plugin's folder or above, which the host needs.
    #[error("there is no ALLOWLIST in {} or the folders above; name it", .0.display())]
    NoAllowlist(PathBuf),
    /// A file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// A path in the manifest is absolute.
    #[error(
        "the {role} {} is an absolute path, which means another file on each machine; write it \
         relative to the manifest",
        path.display()
    )]
    AbsolutePath {
        /// What the file is for.
        role: FileRole,
        /// The path as the manifest has it.
        path: PathBuf,
    },
    /// A file lies outside of the repository and of the plugin's folder.
    #[error(
        "the {role} {} lies outside of the repository and of the plugin's folder; move it there",
        path.display()
    )]
    Escapes {
        /// What the file is for.
        role: FileRole,
        /// Where the file lies.
        path: PathBuf,
    },
    /// The `ALLOWLIST` cannot be understood.
    #[error("{}:{line}: {problem}", path.display())]
    Allowlist {
        /// The file.
        path: PathBuf,
        /// The line, beginning with 1.
        line: usize,
        /// What is wrong there.
        problem: AllowlistError,
    },
    /// The `ALLOWLIST` does not list the artifact.
    #[error(
        "{} does not list {}; if the artifact may run, add the line: {digest} {}",
        allowlist.display(), artifact.display(), artifact.display()
    )]
    NotListed {
        /// The `ALLOWLIST`.
        allowlist: PathBuf,
        /// The artifact, as the list would name it.
        artifact: PathBuf,
        /// The artifact's digest.
        digest: Sha256Digest,
    },
    /// The `ALLOWLIST` has another digest for the artifact.
    #[error(
        "{} lists {} with the digest {listed}, but it is {digest}: the artifact was changed",
        allowlist.display(), artifact.display()
    )]
    DigestMismatch {
        /// The `ALLOWLIST`.
        allowlist: PathBuf,
        /// The artifact, as the list names it.
        artifact: PathBuf,
        /// The digest in the list.
        listed: String,
        /// The artifact's digest.
        digest: Sha256Digest,
    },
    /// The key or certificate file holds no usable key.
    #[error("the {role} {} cannot be used: {problem}", path.display())]
    Key {
        /// Which of the two.
        role: FileRole,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: KeyError,
    },
    /// The signature file is not base64, or empty.
    #[error(
        "the signature {} is not one in padded base64; make it with `oxg manifest sign`",
        path.display()
    )]
    SignatureEncoding {
        /// The file.
        path: PathBuf,
    },
    /// The key that signs is not the one that the manifest names.
    #[error(
        "the signing key does not belong to the {role} {}, so the host would refuse its signature",
        path.display()
    )]
    OtherKey {
        /// Which file of the manifest.
        role: FileRole,
        /// The file.
        path: PathBuf,
    },
    /// The signature is not one of the key over the artifact.
    #[error(
        "the signature {} is not one of {} over {}: the artifact was changed or another key signed",
        signature.display(), key.display(), artifact.display()
    )]
    Mismatch {
        /// The signature file.
        signature: PathBuf,
        /// The key or certificate file.
        key: PathBuf,
        /// The artifact.
        artifact: PathBuf,
    },
}

impl VerifyError {
    /// Whether something could not be read, so that nothing is known of the signature.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        matches!(self, Self::File(_) | Self::NoRepository(_) | Self::NoAllowlist(_))
    }
}
