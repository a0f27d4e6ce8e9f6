//! From the one form of a manifest to the other.
//!
//! Neither form can say all that the other says. What is lost is named, with its place, so that
//! nobody takes a plugin for more limited than it is.
//!
//! ```
//! use oxg_manifest::convert::{HostFiles, to_host};
//! use oxg_manifest::{Form, Manifest};
//!
//! let manifest: Manifest = r#"{
//!     "name": "a", "version": "1.0.0", "entry": "main.go", "artifact": "main.go",
//!     "capabilities": { "http": { "outbound": ["broker"], "hosts": ["shop.test"] } },
//!     "signature": { "signature": "main.go.sig", "publicKey": "key.pub" }
//! }"#
//! .parse()?;
//! let conversion = to_host(&manifest, HostFiles::default())?;
//! assert_eq!(conversion.manifest.form(), Form::Host);
//! assert_eq!(conversion.losses[0].path, "capabilities.http.hosts");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod guide_to_host;
mod host_to_guide;
#[cfg(test)]
mod tests;

pub use guide_to_host::{ConvertError, HostFiles, to_host};
pub use host_to_guide::to_guide;

use serde::Serialize;

use crate::Manifest;

/// A manifest in the other form, and what that form cannot say.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Conversion {
    /// The manifest in the other form.
    pub manifest: Manifest,
    /// What it does not say any more.
    pub losses: Vec<Loss>,
}

/// Something that the other form cannot say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Loss {
    /// Where it stands in the manifest.
    pub path: String,
    /// What follows from its loss. One line, safe to print.
    pub message: String,
}

impl Loss {
    fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }
}
