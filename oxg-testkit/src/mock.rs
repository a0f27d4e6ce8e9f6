//! Mocks of single clients, by [`mockall`], for unit tests of a function that takes one.
//!
//! Such a function is generic over one of the [traits](oxg_sdk::clients::traits), so that its test
//! needs no plugin, no manifest and no broker:
//!
//! ```
//! use oxg_sdk::clients::SecretError;
//! use oxg_sdk::clients::traits::GetSecret;
//! use oxg_testkit::mock::{self, MockGetSecret};
//!
//! async fn is_test_key(secrets: &impl GetSecret) -> Result<bool, SecretError> {
//!     let key = secrets.get_secret("api-key").await?;
//!     Ok(key.expose(|value| value.starts_with("test_")))
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let mut secrets = MockGetSecret::new();
//! secrets
//!     .expect_get_secret()
//!     .withf(|name| name == "api-key")
//!     .once()
//!     .returning(|name| Ok(mock::secret(name, "test_4711")));
//! assert!(is_test_key(&secrets).await?);
//! # Ok::<(), SecretError>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A mock checks nothing that the broker checks. A test of the whole plugin is a
//! [`Testkit`](crate::Testkit)'s.

use bytes::Bytes;
use http::{Request, Response};
use oxg_protocol::artifact::ArtifactInfo;
use oxg_protocol::task::{Enqueued, NewTask};
use oxg_protocol::{Digest, ErrorCode, Finding, FindingId, Problem};
use oxg_sdk::channel::{Body, ChannelError};
use oxg_sdk::clients::http::{HttpError, HttpResponse};
use oxg_sdk::clients::traits::{Enqueue, Fetch, GetSecret, ReadArtifact, Report, WriteArtifact};
use oxg_sdk::clients::{ApiError, ArtifactError, FindingError, Secret, SecretError};

mockall::mock! {
    /// Makes the requests that a test expects.
    #[derive(Debug)]
    pub Fetch {}

    impl Fetch for Fetch {
        async fn fetch(&self, request: Request<Bytes>) -> Result<HttpResponse, HttpError>;
    }
}

mockall::mock! {
    /// Lends the secrets that a test expects.
    #[derive(Debug)]
    pub GetSecret {}

    impl GetSecret for GetSecret {
        async fn get_secret(&self, name: &str) -> Result<Secret, SecretError>;
    }
}

mockall::mock! {
    /// Stores the artifacts that a test expects.
    #[derive(Debug)]
    pub WriteArtifact {}

    impl WriteArtifact for WriteArtifact {
        async fn write_artifact(
            &self,
            name: &str,
            content: Bytes,
        ) -> Result<ArtifactInfo, ArtifactError>;
    }
}

mockall::mock! {
    /// Has the artifacts that a test expects.
    #[derive(Debug)]
    pub ReadArtifact {}

    impl ReadArtifact for ReadArtifact {
        async fn read_artifact(&self, name: &str, limit: usize) -> Result<Bytes, ArtifactError>;
    }
}

mockall::mock! {
    /// Takes the findings that a test expects.
    #[derive(Debug)]
    pub Report {}

    impl Report for Report {
        async fn report(&self, finding: Finding) -> Result<FindingId, FindingError>;
    }
}

mockall::mock! {
    /// Takes the tasks that a test expects.
    #[derive(Debug)]
    pub Enqueue {}

    impl Enqueue for Enqueue {
        async fn enqueue_task(&self, task: NewTask) -> Result<Enqueued, ApiError>;
    }
}

/// A secret with this name and value.
///
/// # Panics
/// If no secret can have the name.
#[must_use]
#[track_caller]
#[allow(clippy::panic, reason = "in a test, a wrong name is a failed test")]
pub fn secret(name: &str, value: &str) -> Secret {
    let name = name.parse().unwrap_or_else(|error| panic!("{name:?}: {error}"));
    oxg_sdk::__mock::secret(name, value.into())
}

/// The answer of a target to a request for `url`.
///
/// # Panics
/// If `url` is not an absolute URL.
#[must_use]
#[track_caller]
#[allow(clippy::panic, reason = "in a test, a wrong URL is a failed test")]
pub fn response(url: &str, answer: Response<impl Into<Body>>) -> HttpResponse {
    let url = url.parse().unwrap_or_else(|error| panic!("{url:?}: {error}"));
    oxg_sdk::__mock::response(url, answer.map(Into::into))
}

/// What the broker says of an artifact that it has stored.
///
/// # Panics
/// If no artifact can have the name.
#[must_use]
#[track_caller]
#[allow(clippy::panic, reason = "in a test, a wrong name is a failed test")]
pub fn stored(name: &str, content: &[u8]) -> ArtifactInfo {
    let name = name.parse().unwrap_or_else(|error| panic!("{name:?}: {error}"));
    let size = u64::try_from(content.len()).unwrap_or(u64::MAX);
    ArtifactInfo::new(name, Digest::of(content), size)
}

/// What any client says when the broker refuses a call: [`HttpError`], [`ApiError`] and the errors
/// that are made of one.
#[must_use]
pub fn refusal(code: ErrorCode, detail: &str) -> ChannelError {
    ChannelError::Broker(Box::new(Problem::new(code, detail)))
}
