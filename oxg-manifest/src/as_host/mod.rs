//! How the host reads the same bytes.
//!
//! The 0xGen host decodes a manifest with Go's `encoding/json` into a structure, unknown fields
//! refused, and then checks that structure. That reading is more lenient than this crate's in some
//! points and stricter in others. Whoever approves a manifest approves what the host makes of it,
//! so [`as_host`] says both: what the host reads, and each point in which that differs from the
//! text as a person sees it, or as this crate reads it.
//!
//! ```
//! let reading = oxg_manifest::as_host::as_host(br#"{
//!   "name": "a", "NAME": "b", "version": "1.0.0", "entry": "main.go", "artifact": "main.go",
//!   "capabilities": ["CAP_STORAGE"],
//!   "signature": { "signature": "main.go.sig", "publicKey": "key.pub" }
//! }"#);
//! assert_eq!(reading.refusal, None);
//! assert_eq!(reading.manifest.name, "b");
//! let codes: Vec<_> = reading.differences.iter().map(|notice| notice.code).collect();
//! assert_eq!(codes, ["host-folds-key", "host-takes-last"]);
//! ```

mod decode;
mod difference;
mod model;
mod settings;
#[cfg(test)]
mod tests;
mod tokens;

pub use model::{HostManifest, HostSignature};

use crate::report::Notice;

/// What the host makes of some bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostReading {
    /// The manifest as far as the host decodes it, even when it then refuses it.
    pub manifest: HostManifest,
    /// Why the host refuses the file; absent when it accepts it.
    pub refusal: Option<String>,
    /// Each point in which the host's reading differs from what stands there, in the order of the
    /// text. At most [`MAX_DIFFERENCES`] are told.
    pub differences: Vec<Notice>,
}

/// How many differences are told. A file with more of them is not worth reading further.
pub const MAX_DIFFERENCES: usize = 100;

/// Reads bytes as the host would. Never fails: a refusal is part of the answer.
#[must_use]
pub fn as_host(bytes: &[u8]) -> HostReading {
    let mut reading = decode::decode(bytes);
    if reading.refusal.is_none() {
        reading.refusal = reading.manifest.refusal();
    }
    reading.differences.sort_by_key(|notice| notice.span.start);
    reading
}
