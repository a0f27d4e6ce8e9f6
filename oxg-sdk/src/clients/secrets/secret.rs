use std::fmt;
use std::sync::Arc;

use oxg_protocol::SecretName;
use secrecy::{ExposeSecret, SecretString};

/// A secret on loan. It does not print, and its memory is wiped when the last clone goes.
///
/// Whatever is logged or reported later has the value cut out: the redactor knew it before the
/// plugin did.
#[derive(Clone)]
pub struct Secret(Arc<Inner>);

struct Inner {
    name: SecretName,
    value: SecretString,
    version: u64,
}

impl Secret {
    pub(crate) fn new(name: SecretName, value: SecretString, version: u64) -> Self {
        Self(Arc::new(Inner { name, value, version }))
    }

    /// Lends the value to `read`. Keep it no longer than that, and copy it nowhere.
    pub fn expose<T>(&self, read: impl FnOnce(&str) -> T) -> T {
        read(self.0.value.expose_secret())
    }

    /// Its name, as the manifest has it.
    #[must_use]
    pub fn name(&self) -> &SecretName {
        &self.0.name
    }

    /// Grows with each rotation.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.0.version
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret")
            .field("name", self.name())
            .field("value", &"[REDACTED_SECRET]")
            .field("version", &self.version())
            .finish()
    }
}
