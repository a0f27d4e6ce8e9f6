//! Secrets in HashiCorp Vault, key/value engine version 2, over its HTTP API.

mod answer;
mod client;
mod error;
mod settings;
mod template;

use std::path::PathBuf;
use std::time::Duration;

use oxg_protocol::SecretName;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::timeout;

use super::file::read_private;
use super::{FetchedSecret, Fetching, SecretSource, SourceError};
pub use error::VaultError;
pub use settings::{VaultSettings, VaultToken};

use answer::Found;
use client::Client;
use template::Template;

/// Secrets in Vault: `GET /v1/MOUNT/data/PATH`, where the field of the answer's data is the value and
/// the version in its metadata the secret's version.
///
/// A version that was deleted or destroyed is no secret, nor is a path or field that is not there.
/// Everything else that Vault answers is an error, which the audit has. Redirects are not followed:
/// name the active node or a load balancer.
#[derive(Debug)]
pub struct VaultSource {
    client: Client,
    mount: String,
    path: Template,
    field: Template,
    token: Token,
    deadline: Duration,
}

/// Where the token comes from.
#[derive(Debug)]
enum Token {
    /// Read anew for each call: an agent may renew it there.
    File(PathBuf),
    Value(SecretString),
}

impl VaultSource {
    /// The Vault that `settings` name. Nothing is dialled yet.
    ///
    /// # Errors
    /// [`SourceError`] where a setting cannot be used, or the token is not there.
    pub fn new(settings: VaultSettings) -> Result<Self, SourceError> {
        let token = match &settings.token {
            VaultToken::File(path) => {
                read_private(path)?;
                Token::File(path.clone())
            }
            VaultToken::Environment(name) => {
                let value = std::env::var(name).ok().filter(|value| !value.is_empty());
                Token::Value(value.ok_or_else(|| VaultError::NoToken(name.clone()))?.into())
            }
        };
        Ok(Self {
            client: Client::new(&settings)?,
            mount: template::path("mount", &settings.mount)?.fill("", ""),
            path: template::path("path", &settings.path)?,
            field: template::text("field", &settings.field)?,
            token,
            deadline: settings.deadline,
        })
    }

    async fn ask(
        &self,
        plugin: &str,
        name: &SecretName,
    ) -> Result<Option<FetchedSecret>, SourceError> {
        let token = self.token().await?;
        let path = self.path.fill(plugin, name.as_str());
        let target = format!("/v1/{}/data/{path}", self.mount);
        let answer = self.client.get(&target, &token).await?;
        let field = self.field.fill(plugin, name.as_str());
        let Some(Found { value, version, ttl }) = answer.secret(&field)? else {
            return Ok(None);
        };
        let most = oxg_redact::MAX_VALUE_LEN;
        let value = value.filter(|value| (1..=most).contains(&value.expose_secret().len()));
        let mut secret = FetchedSecret::new(value.ok_or(SourceError::Value(most))?);
        (secret.version, secret.ttl) = (version, ttl);
        Ok(Some(secret))
    }

    async fn token(&self) -> Result<SecretString, SourceError> {
        let path = match &self.token {
            Token::Value(token) => return Ok(token.clone()),
            Token::File(path) => path.clone(),
        };
        let file = path.clone();
        let read = tokio::task::spawn_blocking(move || read_private(&file)).await;
        let failed = |error| SourceError::Read { path, source: std::io::Error::other(error) };
        let text = read.map_err(failed)??;
        let text = std::str::from_utf8(&text).map_err(|_| VaultError::TokenText)?;
        Ok(text.trim_end_matches(['\r', '\n']).into())
    }
}

impl SecretSource for VaultSource {
    fn fetch<'a>(&'a self, plugin: &'a str, name: &'a SecretName) -> Fetching<'a> {
        Box::pin(async move {
            let asked = timeout(self.deadline, self.ask(plugin, name)).await;
            asked.unwrap_or(Err(SourceError::Deadline(self.deadline)))
        })
    }
}
