//! W3C Trace Context, level 1: which calls, log records and decisions belong together.
//!
//! Calls of the broker API carry the field `traceparent`. On egress that field belongs to the target,
//! so the plugin's own goes in [`header::TRACEPARENT`](crate::header::TRACEPARENT), which the broker
//! keeps to itself.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text that is not what W3C Trace Context says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {what}: expected {expected}")]
pub struct TraceError {
    what: &'static str,
    expected: &'static str,
}

macro_rules! hex_id {
    ($(#[$doc:meta])* $type:ident, $length:literal, $what:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type([u8; $length]);

        impl $type {
            /// The id of these bytes; `None` where all are zero, which stands for no id.
            #[must_use]
            pub fn from_bytes(bytes: [u8; $length]) -> Option<Self> {
                (bytes != [0; $length]).then_some(Self(bytes))
            }

            /// Its bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = TraceError;

            fn from_str(text: &str) -> Result<Self, TraceError> {
                read_hex(text.as_bytes())
                    .and_then(Self::from_bytes)
                    .ok_or(TraceError { what: $what, expected: $expected })
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut text = [0; 2 * $length];
                for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
                    pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
                }
                f.write_str(str::from_utf8(&text).unwrap_or_default())
            }
        }

        serde_as_text!($type);
    };
}

macro_rules! serde_as_text {
    ($type:ty) => {
        impl Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

hex_id!(
    /// The id of a trace: all that was done for one task, say.
    TraceId,
    16,
    "trace id",
    "32 digits of 0-9 a-f, not all zero"
);
hex_id!(
    /// The id of one step of a trace: one call, say.
    SpanId,
    8,
    "span id",
    "16 digits of 0-9 a-f, not all zero"
);

/// The value of a `traceparent` field.
///
/// ```
/// use oxg_protocol::TraceParent;
///
/// let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let parent: TraceParent = text.parse()?;
/// assert!(parent.is_sampled());
/// assert_eq!(parent.to_string(), text);
/// # Ok::<(), oxg_protocol::trace::TraceError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceParent {
    /// The trace.
    pub trace_id: TraceId,
    /// The step that caused what carries this: `parent-id` in the specification.
    pub span_id: SpanId,
    sampled: bool,
}

impl TraceParent {
    /// Within `trace_id`, caused by `span_id`, recorded.
    #[must_use]
    pub const fn new(trace_id: TraceId, span_id: SpanId) -> Self {
        Self { trace_id, span_id, sampled: true }
    }

    /// The same trace, one step on.
    #[must_use]
    pub const fn child(self, span_id: SpanId) -> Self {
        Self { span_id, ..self }
    }

    /// Whether the caller says that it records the trace.
    #[must_use]
    pub const fn is_sampled(&self) -> bool {
        self.sampled
    }
}

impl FromStr for TraceParent {
    type Err = TraceError;

    /// Section 3.2.2: `version-traceid-parentid-flags`, in lower case. A later version may append
    /// fields after another dash; version `ff` is none.
    fn from_str(text: &str) -> Result<Self, TraceError> {
        parse(text.as_bytes()).ok_or(TraceError {
            what: "traceparent",
            expected: "00-TRACE-PARENT-FLAGS of 2, 32, 16 and 2 digits of 0-9 a-f",
        })
    }
}

fn parse(text: &[u8]) -> Option<TraceParent> {
    let (known, more) = text.split_at_checked(55)?;
    let mut parts = known.split(|byte| *byte == b'-');
    let [version] = read_hex::<1>(parts.next()?)?;
    let trace_id = TraceId::from_bytes(read_hex(parts.next()?)?)?;
    let span_id = SpanId::from_bytes(read_hex(parts.next()?)?)?;
    let [flags] = read_hex::<1>(parts.next()?)?;
    let ends = match version {
        0 => more.is_empty(),
        0xff => false,
        _ => more.first().is_none_or(|byte| *byte == b'-'),
    };
    // Flags beyond the first bit are not ours to understand, nor to pass on.
    ends.then_some(TraceParent { trace_id, span_id, sampled: flags & 1 == 1 })
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-{:02x}", self.trace_id, self.span_id, u8::from(self.sampled))
    }
}

serde_as_text!(TraceParent);

/// The digit for a number below 16.
fn digit(number: u8) -> u8 {
    if number < 10 { b'0' + number } else { b'a' + number - 10 }
}

fn read_hex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let number = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = number(*high)? << 4 | number(*low)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn what_the_specification_forbids_is_refused() {
        let zero_trace = format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32));
        let zero_span = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{}-01", "0".repeat(16));
        let upper = GOOD.to_uppercase();
        let bad = [
            "",
            "00",
            zero_trace.as_str(),
            &zero_span,
            &upper,
            &GOOD.replacen("00", "ff", 1),
            &format!("{GOOD}-"),
            &format!("{GOOD} "),
            &GOOD[..54],
            &GOOD.replace('-', "_"),
            &GOOD.replacen("00-4b", "00--b", 1),
            &GOOD.replacen("4b", "é", 1),
        ];
        for text in bad {
            assert!(text.parse::<TraceParent>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_later_version_is_understood_as_far_as_it_is_the_same() {
        for (text, good) in [("", true), ("-what-comes", true), ("00", false)] {
            let later = format!("{}{text}", GOOD.replacen("00", "01", 1));
            assert_eq!(later.parse::<TraceParent>().is_ok(), good, "{later}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(trace: [u8; 16], span: [u8; 8]) {
            prop_assume!(trace != [0; 16] && span != [0; 8]);
            let parent = TraceParent::new(
                TraceId::from_bytes(trace).unwrap(),
                SpanId::from_bytes(span).unwrap(),
            );
            prop_assert_eq!(parent.to_string().parse(), Ok(parent));
        }

        #[test]
        fn any_text_is_refused_or_stays_the_same_trace(text in "[0-9a-f-]{0,60}|.{0,60}") {
            if let Ok(parent) = text.parse::<TraceParent>() {
                prop_assert!(text.contains(&parent.trace_id.to_string()));
            }
        }
    }
}
