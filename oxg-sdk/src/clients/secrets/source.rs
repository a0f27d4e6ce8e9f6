use std::fmt;
use std::pin::Pin;

use oxg_protocol::secret::{Lease, SecretGrant};
use oxg_protocol::{LeaseId, SecretName};

use super::SecretError;
use crate::channel::Body;
use crate::clients::ApiError;

/// An answer in the making.
pub(crate) type Pending<'a, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'a>>;

/// Where secrets come from. The store above it keeps, renews and hands them out.
pub(crate) trait SecretSource: fmt::Debug + Send + Sync {
    /// Borrows a secret.
    fn fetch<'a>(&'a self, name: &'a SecretName) -> Pending<'a, SecretGrant, SecretError>;

    /// Prolongs a lease.
    fn renew<'a>(&'a self, lease: &'a LeaseId) -> Pending<'a, Lease, ApiError>;

    /// Gives a lease back.
    fn give_back<'a>(&'a self, lease: &'a LeaseId) -> Pending<'a, (), ApiError>;

    /// Versions of a secret as JSON lines, the present one first, for as long as the call lasts.
    fn versions<'a>(&'a self, name: &'a SecretName) -> Pending<'a, Body, ApiError>;
}
