//! The canonical layout of a manifest.
//!
//! Keys stand in the order of the schema, indented by two spaces, with a line break at the end.
//! Lists, and objects below the second level, share a line as long as it is at most 80 columns
//! wide. Settings and their schema keep the order of their keys. Every value stays what it is:
//! numbers keep their digits, and strings only lose escapes that they do not need.
//!
//! ```
//! let text = br#"{"version":"1.0.0","name":"a","entry":"./a","capabilities":{"tasks":{"pull":true}}}"#;
//! assert_eq!(oxg_manifest::format::format(text)?, r#"{
//!   "name": "a",
//!   "version": "1.0.0",
//!   "entry": "./a",
//!   "capabilities": {
//!     "tasks": { "pull": true }
//!   }
//! }
//! "#);
//! # Ok::<(), oxg_manifest::ManifestError>(())
//! ```

mod layout;
mod order;
#[cfg(test)]
mod tests;

use crate::{MAX_MANIFEST_BYTES, Manifest, ManifestError, json};

/// The text in its canonical layout.
///
/// # Errors
///
/// When it is not a valid manifest: what cannot be read whole could not be written whole. When the
/// layout would be larger than a manifest may be.
pub fn format(text: &[u8]) -> Result<String, ManifestError> {
    Manifest::from_slice(text)?;
    // A valid manifest has a tree.
    let root = json::read(text).root;
    let laid_out = root.map(|root| layout::document(&root, text)).unwrap_or_default();
    if laid_out.len() > MAX_MANIFEST_BYTES {
        // Says that it is too large.
        Manifest::from_slice(laid_out.as_bytes())?;
    }
    Ok(laid_out)
}
