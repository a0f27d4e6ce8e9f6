//! Why a manifest could not be read.

use std::io;
use std::path::PathBuf;

use crate::diagnostic::Diagnostic;
use crate::json::Failure;

/// Why a manifest could not be read. `Display` is one line that says what is wrong, where, and
/// what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The file could not be opened or read.
    #[error("{}: {}", path.display(), unreadable(source))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The manifest is too large.
    #[error(
        "{file}: larger than {limit} bytes; move what is not configuration out of the manifest"
    )]
    TooLarge {
        /// The file, or the name the caller gave it.
        file: String,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The manifest was read, but its text is not a valid manifest.
    #[error("{0}")]
    Invalid(Box<Diagnostic>),
}

impl ManifestError {
    /// Where and why the text is not valid; nothing when it could not be read at all.
    #[must_use]
    pub fn diagnostic(&self) -> Option<&Diagnostic> {
        match self {
            Self::Invalid(diagnostic) => Some(diagnostic),
            Self::Unreadable { .. } | Self::TooLarge { .. } => None,
        }
    }
}

/// Gives a failure its file and its place in `bytes`.
pub(crate) fn invalid(failure: Failure, bytes: &[u8], file: &str) -> ManifestError {
    ManifestError::Invalid(Box::new(failure.into_diagnostic(bytes, file)))
}

fn unreadable(source: &io::Error) -> String {
    match source.kind() {
        io::ErrorKind::NotFound => {
            "there is no such file; create it, or name the plugin's manifest.json".to_owned()
        }
        io::ErrorKind::PermissionDenied => {
            "permission to read it is denied; change the file's permissions".to_owned()
        }
        io::ErrorKind::IsADirectory => {
            "this is a directory; name the manifest.json in it".to_owned()
        }
        _ => format!("cannot be read: {source}"),
    }
}
