//! One call of each client as a trait, for functions that take one client.
//!
//! A function that is generic over one of these takes the client itself in the plugin, and a mock in
//! its unit test: `oxg-testkit` has one of each, with its feature `mock`.
//!
//! ```
//! use oxg_sdk::clients::SecretError;
//! use oxg_sdk::clients::traits::GetSecret;
//!
//! async fn is_test_key(secrets: &impl GetSecret) -> Result<bool, SecretError> {
//!     let key = secrets.get_secret("api-key").await?;
//!     Ok(key.expose(|value| value.starts_with("test_")))
//! }
//! ```
//!
//! In the plugin: `is_test_key(&ctx.secrets()).await?`.
//!
//! The traits have what most functions need. What they have not, a client has, and a test of the
//! whole plugin reaches it. Their futures are `Send`; the traits are not object-safe.

use std::future::Future;

use bytes::Bytes;
use http::Request;
use oxg_protocol::artifact::ArtifactInfo;
use oxg_protocol::task::{Enqueued, NewTask};
use oxg_protocol::{Finding, FindingId};

use super::http::{HttpClient, HttpError, HttpResponse};
use super::{
    ApiError, ArtifactError, ArtifactsClient, FindingError, FindingsClient, Secret, SecretError,
    SecretsClient, TasksClient,
};

/// Makes requests to targets. [`HttpClient`] does.
pub trait Fetch: Send + Sync {
    /// Makes a request with an absolute URL, as [`HttpClient::request`] does: with redirects within
    /// the origin and retries of idempotent methods.
    ///
    /// # Errors
    /// [`HttpError`].
    fn fetch(
        &self,
        request: Request<Bytes>,
    ) -> impl Future<Output = Result<HttpResponse, HttpError>> + Send;
}

/// Lends secrets. [`SecretsClient`] does.
pub trait GetSecret: Send + Sync {
    /// The secret of this name; see [`SecretsClient::get`].
    ///
    /// # Errors
    /// [`SecretError`].
    fn get_secret(&self, name: &str) -> impl Future<Output = Result<Secret, SecretError>> + Send;
}

/// Stores artifacts. [`ArtifactsClient`] does.
pub trait WriteArtifact: Send + Sync {
    /// Stores an artifact whole, in place of one of that name; see [`ArtifactsClient::put`].
    ///
    /// # Errors
    /// [`ArtifactError`].
    fn write_artifact(
        &self,
        name: &str,
        content: Bytes,
    ) -> impl Future<Output = Result<ArtifactInfo, ArtifactError>> + Send;
}

/// Reads artifacts. [`ArtifactsClient`] does.
pub trait ReadArtifact: Send + Sync {
    /// An artifact whole, at most `limit` bytes of it; see [`ArtifactsClient::get`].
    ///
    /// # Errors
    /// [`ArtifactError`].
    fn read_artifact(
        &self,
        name: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Bytes, ArtifactError>> + Send;
}

/// Reports findings. [`FindingsClient`] does.
pub trait Report: Send + Sync {
    /// Reports a finding; see [`FindingsClient::emit`].
    ///
    /// # Errors
    /// [`FindingError`].
    fn report(
        &self,
        finding: Finding,
    ) -> impl Future<Output = Result<FindingId, FindingError>> + Send;
}

/// Enqueues tasks. [`TasksClient`] does.
pub trait Enqueue: Send + Sync {
    /// Enqueues a task; see [`TasksClient::enqueue`].
    ///
    /// # Errors
    /// [`ApiError`].
    fn enqueue_task(
        &self,
        task: NewTask,
    ) -> impl Future<Output = Result<Enqueued, ApiError>> + Send;
}

impl Fetch for HttpClient {
    async fn fetch(&self, request: Request<Bytes>) -> Result<HttpResponse, HttpError> {
        let (head, body) = request.into_parts();
        let request = self.request(head.method, head.uri.to_string());
        request.headers(head.headers).body(body).send().await
    }
}

impl GetSecret for SecretsClient {
    async fn get_secret(&self, name: &str) -> Result<Secret, SecretError> {
        self.get(name).await
    }
}

impl WriteArtifact for ArtifactsClient {
    async fn write_artifact(
        &self,
        name: &str,
        content: Bytes,
    ) -> Result<ArtifactInfo, ArtifactError> {
        self.put(name, content).await
    }
}

impl ReadArtifact for ArtifactsClient {
    async fn read_artifact(&self, name: &str, limit: usize) -> Result<Bytes, ArtifactError> {
        Ok(self.get(name).await?.bytes(limit).await?)
    }
}

impl Report for FindingsClient {
    async fn report(&self, finding: Finding) -> Result<FindingId, FindingError> {
        self.emit(finding).await
    }
}

impl Enqueue for TasksClient {
    async fn enqueue_task(&self, task: NewTask) -> Result<Enqueued, ApiError> {
        self.enqueue(&task).await
    }
}
