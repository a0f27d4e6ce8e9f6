//! The wire between an oxg plugin and its broker, version 1: types, no I/O.
//!
//! | module | what it names |
//! |---|---|
//! | [`version`] | protocol version and features |
//! | [`mod@env`] | the variables that a launcher gives a plugin |
//! | [`endpoint`] | where the broker listens |
//! | [`error_code`], [`problem`] | how the broker says no (RFC 9457) |
//! | [`header`], [`route`] | header fields and request paths |
//! | [`limits`] | every limit and its default |
//! | [`host`], [`url`] | strictly parsed destinations |
//! | [`inject`] | secret by handle: where the broker fills values in |
//! | [`name`] | names, ids and tokens, each a type of its own |
//! | [`digest`] | SHA-256 digests and `Repr-Digest` (RFC 9530) |
//! | [`session`], [`secret`], [`artifact`], [`task`], [`finding`], [`log`] | the messages of each call |
//! | [`trace`] | which of them belong together (W3C Trace Context) |
//! | [`audit`] | the record that the broker keeps of every decision |
//!
//! Plugin authors do not need this crate: `oxg-sdk` gives them typed clients over it.

#[macro_use]
mod text;

mod artifact_name;
mod url_join;

pub mod artifact;
pub mod audit;
pub mod digest;
pub mod endpoint;
pub mod env;
pub mod error_code;
pub mod finding;
pub mod header;
pub mod host;
pub mod inject;
pub mod limits;
pub mod log;
pub mod name;
pub mod problem;
pub mod route;
pub mod secret;
pub mod session;
pub mod task;
pub mod trace;
pub mod url;
pub mod version;

pub use digest::Digest;
pub use endpoint::Endpoint;
pub use error_code::ErrorCode;
pub use finding::{Finding, Severity};
pub use host::Host;
pub use inject::{InjectTarget, Template};
pub use limits::Limits;
pub use name::{ArtifactName, FindingId, LeaseId, LeaseToken, RunId, SecretName, TaskId, UploadId};
pub use problem::Problem;
pub use trace::{SpanId, TraceId, TraceParent};
pub use url::Url;
pub use version::ProtocolVersion;
