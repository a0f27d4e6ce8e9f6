//! Numbers that differ from call to call and from process to process. Nothing secret hangs on them.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use oxg_protocol::{SpanId, TraceId};

fn number() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// 16 hexadecimal digits.
pub(crate) fn hex() -> String {
    format!("{:016x}", number())
}

/// A new trace.
pub(crate) fn trace_id() -> TraceId {
    loop {
        let bytes = (u128::from(number()) << 64) | u128::from(number());
        if let Some(id) = TraceId::from_bytes(bytes.to_be_bytes()) {
            return id;
        }
    }
}

/// A new step of a trace.
pub(crate) fn span_id() -> SpanId {
    loop {
        if let Some(id) = SpanId::from_bytes(number().to_be_bytes()) {
            return id;
        }
    }
}

/// From 0 to 1.
pub(crate) fn fraction() -> f64 {
    number() as f64 / u64::MAX as f64
}
