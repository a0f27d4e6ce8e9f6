//! Request paths of the broker API.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::digest::Digest;
use crate::name::{ArtifactName, LeaseId, SecretName, TaskId, UploadId};

/// `GET`: the session.
pub const SESSION: &str = "/v1/session";
/// `POST`: lease tasks.
pub const LEASE_TASKS: &str = "/v1/tasks/lease";
/// `POST`: enqueue a task.
pub const TASKS: &str = "/v1/tasks";
/// `POST`: findings as NDJSON.
pub const FINDINGS: &str = "/v1/findings";
/// `POST`: log records as NDJSON.
pub const LOGS: &str = "/v1/logs";
/// `GET`: artifacts of the plugin.
pub const ARTIFACTS: &str = "/v1/artifacts";
/// `POST`: begin a resumable upload of an artifact.
pub const UPLOADS: &str = "/v1/uploads";
/// `GET`: liveness, without a token.
pub const HEALTH: &str = "/healthz";

/// Everything but unreserved characters (RFC 3986, 2.3) and the slash between parts.
const PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// The path of a secret.
#[must_use]
pub fn secret(name: &SecretName) -> String {
    format!("/v1/secrets/{name}")
}

/// The path that tells of a secret's versions: `GET`.
#[must_use]
pub fn watch_secret(name: &SecretName) -> String {
    format!("{}/watch", secret(name))
}

/// The path of a lease on a secret.
#[must_use]
pub fn lease(id: &LeaseId) -> String {
    format!("/v1/leases/{id}")
}

/// The path of an artifact; the name is percent-encoded once.
#[must_use]
pub fn artifact(name: &ArtifactName) -> String {
    format!("{ARTIFACTS}/{}", utf8_percent_encode(name.as_str(), PATH))
}

/// The path of an upload: `PATCH`, `GET` and `DELETE`.
#[must_use]
pub fn upload(id: &UploadId) -> String {
    format!("{UPLOADS}/{id}")
}

/// The path that closes an upload: `PUT`. The artifact gets `name` if its bytes have `digest`.
#[must_use]
pub fn close_upload(id: &UploadId, name: &ArtifactName, digest: &Digest) -> String {
    let name = utf8_percent_encode(name.as_str(), NON_ALPHANUMERIC);
    format!("{UPLOADS}/{id}?name={name}&digest={digest}")
}

/// Undoes the one percent-encoding of [`artifact`]. `None` where the bytes are not UTF-8.
#[must_use]
pub fn decode(segment: &str) -> Option<String> {
    percent_decode_str(segment).decode_utf8().ok().map(Into::into)
}

/// What the holder of a task's lease can do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskAction {
    /// Ask for more time.
    Extend,
    /// Done.
    Complete,
    /// Not done.
    Fail,
    /// Give it back untouched; does not count as an attempt.
    Release,
}

impl TaskAction {
    /// The last segment of the path.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Extend => "extend",
            Self::Complete => "complete",
            Self::Fail => "fail",
            Self::Release => "release",
        }
    }

    /// The action of a last segment.
    #[must_use]
    pub fn from_segment(segment: &str) -> Option<Self> {
        [Self::Extend, Self::Complete, Self::Fail, Self::Release]
            .into_iter()
            .find(|action| action.as_str() == segment)
    }
}

/// The path of an action on a leased task.
#[must_use]
pub fn task(id: &TaskId, action: TaskAction) -> String {
    format!("{TASKS}/{id}/{}", action.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_artifact_name_survives_its_path(text in "\\PC{1,40}") {
            if let Ok(name) = text.parse::<ArtifactName>() {
                let path = artifact(&name);
                prop_assert!(path.is_ascii());
                let segment = path.strip_prefix("/v1/artifacts/").unwrap();
                let decoded = decode(segment);
                prop_assert_eq!(decoded.as_deref(), Some(name.as_str()));
            }
        }
    }
}
