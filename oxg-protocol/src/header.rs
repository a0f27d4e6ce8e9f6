//! Header fields of the broker API.

/// On every response that the broker made up: the [`ErrorCode`](crate::ErrorCode). The broker
/// strips `oxg-*` fields from what targets send, so it is never a target's.
pub const ERROR: &str = "oxg-error";
/// The id under which the audit names the call; on every response.
pub const REQUEST_ID: &str = "oxg-request-id";
/// The call's deadline in milliseconds; see [`Limits::deadline_ms`](crate::Limits).
pub const DEADLINE_MS: &str = "oxg-deadline-ms";
/// The caller's protocol version. Absent: the broker's own is assumed.
pub const PROTOCOL: &str = "oxg-protocol";
/// The task on whose behalf the call is made; it goes into the audit.
pub const TASK_ID: &str = "oxg-task-id";
/// Which trace an egress request belongs to, as `traceparent` has it. It ends at the broker; a
/// request's own `traceparent` is for the target.
pub const TRACEPARENT: &str = "oxg-traceparent";
/// On egress: where the broker fills secrets in; see [`inject`](crate::inject).
pub const INJECT: &str = "oxg-inject";
/// On egress with [`INJECT`]: [`SCRUB_ALL`] removes the secrets from response bodies of every type,
/// not only from text.
pub const SCRUB: &str = "oxg-scrub";
/// The one value of [`SCRUB`].
pub const SCRUB_ALL: &str = "all";
/// Prefix of every field above.
pub const PREFIX: &str = "oxg-";
/// On an upload: the number of bytes that the broker has, where the next piece starts.
pub const UPLOAD_OFFSET: &str = "upload-offset";
/// Digest of the representation (RFC 9530), `sha-256` only.
pub const REPR_DIGEST: &str = "repr-digest";
/// Media type of NDJSON bodies.
pub const NDJSON: &str = "application/x-ndjson";
