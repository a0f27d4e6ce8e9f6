//! Numbers that differ from call to call and from process to process. Nothing secret hangs on them.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

fn number() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// 16 hexadecimal digits.
pub(crate) fn hex() -> String {
    format!("{:016x}", number())
}

/// From 0 to 1.
pub(crate) fn fraction() -> f64 {
    number() as f64 / u64::MAX as f64
}
