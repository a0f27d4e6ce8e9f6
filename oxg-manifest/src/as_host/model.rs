//! What the host makes of a manifest.

use std::collections::BTreeMap;

use crate::HostCapability;

/// The manifest as the host holds it in memory. A field that the file does not set is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostManifest {
    /// The plugin's name.
    pub name: String,
    /// Its version; the host takes any text.
    pub version: String,
    /// What the host builds or starts.
    pub entry: String,
    /// The file that is signed.
    pub artifact: String,
    /// Whether the host may skip the signature when it is told to.
    pub trusted: bool,
    /// The capabilities, as they are written.
    pub capabilities: Vec<String>,
    /// The settings: each key, and its value as it is written.
    pub config: BTreeMap<String, String>,
    /// Where the signature and its key are; absent when there is none.
    pub signature: Option<HostSignature>,
}

/// Where the host looks for a signature and its key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostSignature {
    /// The file of the signature.
    pub signature: String,
    /// The file of the certificate; it comes before the public key.
    pub certificate: String,
    /// The file of the public key.
    pub public_key: String,
}

impl HostManifest {
    /// Why the host refuses it, though it could be decoded. The host stops at the first reason.
    pub(super) fn refusal(&self) -> Option<String> {
        let required = [
            ("name", &self.name),
            ("version", &self.version),
            ("entry", &self.entry),
            ("artifact", &self.artifact),
        ];
        let missing: Vec<&str> =
            required.iter().filter(|(_, value)| value.is_empty()).map(|(name, _)| *name).collect();
        if !missing.is_empty() {
            return Some(format!("it requires a value for {}", missing.join(", ")));
        }
        if self.capabilities.is_empty() {
            return Some("it requires at least one capability".to_owned());
        }
        for (index, capability) in self.capabilities.iter().enumerate() {
            if HostCapability::ALL.iter().all(|known| known.as_str() != capability) {
                return Some(format!("it does not know the capability {:?}", cut(capability)));
            }
            if self.capabilities.iter().take(index).any(|earlier| earlier == capability) {
                return Some(format!("the capability {capability} is there twice"));
            }
        }
        let Some(signature) = &self.signature else {
            return Some("it requires \"signature\"".to_owned());
        };
        if signature.signature.trim().is_empty() {
            return Some(
                "it requires the file of the signature in \"signature.signature\"".to_owned(),
            );
        }
        if signature.certificate.trim().is_empty() && signature.public_key.trim().is_empty() {
            return Some(
                "it requires \"signature.publicKey\" or \"signature.certificate\"".to_owned(),
            );
        }
        None
    }
}

/// The beginning of a text, for a message.
fn cut(text: &str) -> String {
    text.chars().take(60).collect()
}
