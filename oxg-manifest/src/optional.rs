//! Keys that may be left out.

use serde::{Deserialize, Deserializer};

/// Reads a key that may be left out, but whose value, when it is there, is never `null`.
///
/// Readers disagree whether `null` means "absent", so no key of the manifest takes it.
pub(crate) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
