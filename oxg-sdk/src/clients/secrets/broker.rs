use std::time::Duration;

use http::Method;
use oxg_protocol::secret::{Lease, SecretGrant};
use oxg_protocol::{LeaseId, SecretName, route};

use super::SecretError;
use super::source::{Pending, SecretSource};
use crate::channel::Body;
use crate::clients::{Api, ApiError};

/// How long giving one lease back may take.
const GIVE_BACK_DEADLINE: Duration = Duration::from_secs(2);
/// How long one call may tell of versions: the longest that the broker allows.
const WATCH_DEADLINE: Duration = Duration::from_secs(600);

/// Secrets over the broker API.
#[derive(Debug)]
pub(crate) struct BrokerSecrets(pub(crate) Api);

impl SecretSource for BrokerSecrets {
    fn fetch<'a>(&'a self, name: &'a SecretName) -> Pending<'a, SecretGrant, SecretError> {
        Box::pin(async move {
            let grant = self.0.get(&route::secret(name)).await;
            grant.map_err(|error| SecretError::of_call(name, error))
        })
    }

    fn renew<'a>(&'a self, lease: &'a LeaseId) -> Pending<'a, Lease, ApiError> {
        Box::pin(async move {
            let path = format!("{}/renew", route::lease(lease));
            let options = self.0.options().idempotent(true);
            self.0.post(&path, &serde_json::json!({}), options).await
        })
    }

    fn give_back<'a>(&'a self, lease: &'a LeaseId) -> Pending<'a, (), ApiError> {
        Box::pin(async move {
            let options = self.0.options().deadline(GIVE_BACK_DEADLINE);
            self.0.delete(&route::lease(lease), options).await
        })
    }

    fn versions<'a>(&'a self, name: &'a SecretName) -> Pending<'a, Body, ApiError> {
        Box::pin(async move {
            let path = route::watch_secret(name);
            let options = self.0.options().deadline(WATCH_DEADLINE);
            let request = self.0.request(Method::GET, &path, Body::empty(), options)?;
            Ok(self.0.send(request).await?.into_body())
        })
    }
}
