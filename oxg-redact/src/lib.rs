//! The redaction engine of the oxg family: text in, text out.
//!
//! A [`Redactor`] removes what must not be seen from text, bytes, streams, JSON
//! values (feature `json`), whatever serde serialises (feature `serde`) and HTTP
//! headers (feature `http`). It knows it by
//!
//! - **value**: what was [registered](Redactor::register) is removed in every
//!   encoding in which it may turn up;
//! - **format**: tokens, private keys, authorization values, URL credentials,
//!   payment cards, bank accounts, national ids, e-mail, phone numbers;
//! - **name**: values whose key, header or flag names a secret.
//!
//! What merely looks random stays: digests, UUIDs, trace ids, versions, paths.
//!
//! Each finding is replaced by a marker: `[REDACTED_SECRET]` for secrets of all
//! kinds, `[REDACTED_EMAIL]` and the like for personal data. Markers are never
//! findings, so redacting twice changes nothing.
//!
//! ```
//! use oxg_redact::Redactor;
//!
//! let redactor = Redactor::default();
//! assert_eq!(
//!     redactor.redact("connect to postgres://app:hunter2@db/main"),
//!     "connect to postgres://app:[REDACTED_SECRET]@db/main",
//! );
//! assert_eq!(redactor.redact("all is well"), "all is well");
//! ```

mod builder;
mod bytes;
mod detect;
#[cfg(feature = "http")]
mod headers;
#[cfg(feature = "json")]
mod json;
mod kind;
mod known;
mod mask;
mod names;
mod own;
mod policy;
mod redactor;
mod report;
#[cfg(feature = "serde")]
mod serialize;
mod spans;
mod stream;

pub use builder::RedactorBuilder;
pub use kind::Kind;
pub use known::{MAX_VALUE_LEN, MAX_VALUES, MIN_VALUE_LEN, RefusedValue};
pub use mask::{MAX_MARKER_LEN, Mask};
pub use policy::Policy;
pub use redactor::Redactor;
pub use report::{Finding, Report};
#[cfg(feature = "serde")]
pub use serialize::Redacted;
pub use stream::StreamRedactor;
