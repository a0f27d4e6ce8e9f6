//! What the plugin keeps with its host.

mod both;
mod error;
mod list;
mod progress;
mod put;
mod read;
mod resume;

use std::path::PathBuf;

use http::header::{CONTENT_LENGTH, ETAG, IF_MATCH};
use http::{HeaderMap, HeaderValue, Method};
use oxg_protocol::artifact::ArtifactInfo;
use oxg_protocol::{ArtifactName, Digest, header, route};
use oxg_redact::Redactor;

use super::Api;
use crate::channel::{Body, CallOptions};

pub use error::ArtifactError;
pub use list::ArtifactList;
pub use progress::Progress;
pub use put::PutArtifact;
pub use read::Artifact;

/// The deadline of one call that carries content: the longest that the broker allows. A transfer
/// that needs longer goes on in another call.
const TRANSFER: std::time::Duration = std::time::Duration::from_secs(600);

/// What the plugin keeps with its host. Names are relative paths; see [`ArtifactName`].
///
/// A stored artifact replaces the one of the same name as a whole: a reader sees the old or the new.
/// Digests are compared both ways, and a transfer whose connection breaks goes on where it stopped.
#[derive(Debug, Clone)]
pub struct ArtifactsClient {
    api: Api,
    redactor: Redactor,
}

impl ArtifactsClient {
    pub(crate) fn new(api: Api, redactor: Redactor) -> Self {
        Self { api, redactor }
    }

    /// Stores `content`: bytes, or a stream, of which at most 8 MiB are held in memory.
    ///
    /// A name that holds a secret is refused ([`ArtifactError::SecretName`]): it can be read wherever
    /// the artifact is listed.
    ///
    /// ```no_run
    /// # async fn example(artifacts: oxg_sdk::clients::ArtifactsClient)
    /// # -> Result<(), oxg_sdk::clients::ArtifactError> {
    /// let info = artifacts.put("report.json", "{}").if_absent().await?;
    /// artifacts.put("report.json", r#"{"pages": 1}"#).if_match(info.digest).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "nothing is stored before it is awaited"]
    pub fn put(&self, name: impl AsRef<str>, content: impl Into<Body>) -> PutArtifact {
        PutArtifact::of_body(self, name.as_ref(), content.into())
    }

    /// Stores the content of a file.
    #[must_use = "nothing is stored before it is awaited"]
    pub fn put_file(&self, name: impl AsRef<str>, path: impl Into<PathBuf>) -> PutArtifact {
        PutArtifact::of_file(self, name.as_ref(), path.into())
    }

    /// Opens the artifact `name`. Its digest is checked as it is read.
    ///
    /// # Errors
    /// [`ArtifactError::Api`] with the code `not_found` where there is none.
    pub async fn get(&self, name: impl AsRef<str>) -> Result<Artifact, ArtifactError> {
        let name: ArtifactName = name.as_ref().parse()?;
        let options = self.api.options().deadline(TRANSFER);
        let (info, body) = self.open(Method::GET, name, options).await?;
        Ok(Artifact::new(self.api.clone(), info, body))
    }

    /// Digest and size of the artifact `name`.
    ///
    /// # Errors
    /// As [`ArtifactsClient::get`].
    pub async fn head(&self, name: impl AsRef<str>) -> Result<ArtifactInfo, ArtifactError> {
        let name: ArtifactName = name.as_ref().parse()?;
        Ok(self.open(Method::HEAD, name, self.api.options()).await?.0)
    }

    /// Removes the artifact `name`.
    ///
    /// # Errors
    /// As [`ArtifactsClient::get`].
    pub async fn delete(&self, name: impl AsRef<str>) -> Result<(), ArtifactError> {
        let name: ArtifactName = name.as_ref().parse()?;
        Ok(self.api.delete(&route::artifact(&name), self.api.options()).await?)
    }

    /// Removes the artifact if it is the one with this digest.
    ///
    /// # Errors
    /// [`ArtifactError::Api`] with the code `precondition_failed` where it is another one by now.
    pub async fn delete_if_match(
        &self,
        name: impl AsRef<str>,
        digest: Digest,
    ) -> Result<(), ArtifactError> {
        let name: ArtifactName = name.as_ref().parse()?;
        let path = route::artifact(&name);
        let mut request =
            self.api.request(Method::DELETE, &path, Body::empty(), self.api.options())?;
        insert(request.headers_mut(), IF_MATCH.as_str(), &digest.to_etag());
        self.api.send(request).await?;
        Ok(())
    }

    /// The artifacts whose names start with `prefix`, in the order of their names. Pages are
    /// fetched as they are needed.
    #[must_use]
    pub fn list(&self, prefix: &str) -> ArtifactList {
        ArtifactList::new(self.api.clone(), prefix)
    }

    async fn open(
        &self,
        method: Method,
        name: ArtifactName,
        options: CallOptions,
    ) -> Result<(ArtifactInfo, Body), ArtifactError> {
        let path = route::artifact(&name);
        let request = self.api.request(method, &path, Body::empty(), options)?;
        let (head, body) = self.api.send(request).await?.into_parts();
        match announced(&head.headers) {
            Some((digest, size)) => Ok((ArtifactInfo::new(name, digest, size), body)),
            None => Err(ArtifactError::Unverifiable(name)),
        }
    }
}

/// Digest and size, as an answer's fields have them.
fn announced(headers: &HeaderMap) -> Option<(Digest, u64)> {
    let field = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let digest = field(header::REPR_DIGEST)
        .and_then(|value| Digest::from_repr_digest(value).ok())
        .or_else(|| field(ETAG.as_str())?.trim_matches('"').parse().ok())?;
    Some((digest, field(CONTENT_LENGTH.as_str())?.parse().ok()?))
}

fn insert(headers: &mut HeaderMap, name: &'static str, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(name, value);
    }
}
