use std::io;
use std::path::PathBuf;

use oxg_protocol::name::ArtifactNameError;
use oxg_protocol::{ArtifactName, Digest, ErrorCode};

use crate::channel::{BodyError, ChannelError};
use crate::clients::ApiError;

/// Why an artifact was not stored or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArtifactError {
    /// No artifact can have such a name.
    #[error("{0}")]
    Name(#[from] ArtifactNameError),
    /// The name holds a secret, and could be read wherever the artifact is listed.
    #[error("the name of the artifact holds a secret: {name}; choose one without it")]
    SecretName {
        /// The name, redacted.
        name: String,
    },
    /// What the broker stored is not what was sent.
    #[error("sent content with the digest {sent}, but the broker stored {stored}")]
    DigestMismatch {
        /// The digest of what was sent.
        sent: Digest,
        /// The digest of what was stored.
        stored: Digest,
    },
    /// The broker did not say which digest and size the artifact has, so that nothing can be checked.
    #[error("the broker's answer has no digest or size to check the artifact {0} by")]
    Unverifiable(ArtifactName),
    /// The broker does not go on where the transfer stopped.
    #[error("the transfer stopped at byte {at} and the broker does not go on from there")]
    Resume {
        /// The number of bytes that were transferred.
        at: u64,
    },
    /// The content broke off or is not what was stored.
    #[error("the artifact cannot be read")]
    Body(#[from] BodyError),
    /// The file cannot be read or written.
    #[error("cannot use the file {}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The call failed.
    #[error("{0}")]
    Api(#[from] ApiError),
}

impl ArtifactError {
    /// The broker's code, where it was the broker that said no.
    #[must_use]
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Api(error) => error.code(),
            _ => None,
        }
    }

    /// Whether a condition did not hold: `if_absent` found one, or `if_match` another.
    #[must_use]
    pub fn is_precondition_failed(&self) -> bool {
        self.code() == Some(ErrorCode::PreconditionFailed)
    }
}

impl From<ChannelError> for ArtifactError {
    fn from(error: ChannelError) -> Self {
        Self::Api(error.into())
    }
}
