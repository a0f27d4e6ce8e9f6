//! Bytes of a secret: overwritten when dropped, never printed.

use std::fmt;
use std::hint::black_box;

#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct SecretBytes(Box<[u8]>);

impl SecretBytes {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self(bytes.into_boxed_slice())
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for SecretBytes {
    fn drop(&mut self) {
        self.0.fill(0);
        // Keeps the writes: without a reader they could be optimised away.
        black_box(&self.0);
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes")
    }
}
