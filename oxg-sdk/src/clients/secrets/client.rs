use std::sync::Arc;

use oxg_protocol::SecretName;
use tokio::sync::watch;

use super::source::SecretSource;
use super::store::lock;
use super::watch::follow;
use super::{BrokerSecrets, Secret, SecretError, SecretStore};
use crate::clients::Api;

/// Secrets, lent by the broker.
///
/// Each is fetched once and kept while its lease lives; the lease is renewed at about two thirds of
/// its life, by whoever asks then. Callers that ask at the same time share one call. Where the
/// broker cannot be reached, the old value serves until its lease ends, and never longer.
#[derive(Debug, Clone)]
pub struct SecretsClient {
    source: Arc<dyn SecretSource>,
    store: Arc<SecretStore>,
}

impl SecretsClient {
    pub(crate) fn new(api: Api, store: Arc<SecretStore>) -> Self {
        Self { source: Arc::new(BrokerSecrets(api)), store }
    }

    /// The secret `name`.
    ///
    /// # Errors
    /// [`SecretError::NotGranted`] where the manifest or the operator does not grant it; the other
    /// variants where the call failed.
    pub async fn get(&self, name: &str) -> Result<Secret, SecretError> {
        self.store.get(&*self.source, name).await
    }

    /// The secret `name` and each version that takes its place, until the run ends. Drop the
    /// receiver to stop earlier.
    ///
    /// ```no_run
    /// # async fn example(secrets: oxg_sdk::clients::SecretsClient)
    /// # -> Result<(), oxg_sdk::clients::SecretError> {
    /// let mut token = secrets.watch("api-token").await?;
    /// while token.changed().await.is_ok() {
    ///     println!("version {}", token.borrow_and_update().version());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`SecretsClient::get`]. A secret that is refused or revoked later closes the channel, and
    /// [`get`](Self::get) stops handing out what it kept.
    pub async fn watch(&self, name: &str) -> Result<watch::Receiver<Secret>, SecretError> {
        let secret = self.get(name).await?;
        let name = secret.name().clone();
        let (sender, receiver) = watch::channel(secret);
        // Not on behalf of the task: the watch outlives it.
        let source = Arc::clone(&self.store.lasting);
        let following = follow(Arc::downgrade(&self.store), source, name, sender);
        let mut watchers = lock(&self.store.watchers);
        while watchers.try_join_next().is_some() {}
        watchers.spawn(following);
        Ok(receiver)
    }

    /// Forgets the secret and gives its lease back, as far as the broker listens: for a value that
    /// is not needed any more. At the end of a run this happens to all.
    ///
    /// # Errors
    /// [`SecretError::Name`].
    pub async fn revoke(&self, name: &str) -> Result<(), SecretError> {
        let name: SecretName = name.parse()?;
        self.store.revoke(&*self.source, &name).await;
        Ok(())
    }
}
