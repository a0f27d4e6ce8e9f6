//! Secrets, lent by the broker.

mod broker;
mod client;
mod error;
mod loan;
mod secret;
mod source;
mod store;
mod watch;

pub use client::SecretsClient;
pub use error::SecretError;
pub use secret::Secret;

use broker::BrokerSecrets;
pub(crate) use store::SecretStore;
