//! Secrets: values that the host holds and lends for a time.
//!
//! A [`SecretSource`] says what a secret's value is now; the session lends it under a lease, counts
//! its versions and tells who watches. The broker writes no value anywhere, and no error has one.

mod command;
mod environment;
mod error;
mod file;
mod flights;
mod known;
mod leases;
mod locked;
mod session;
mod source;
#[cfg(test)]
mod tests;
#[cfg(feature = "vault")]
mod vault;

pub use command::CommandSource;
pub use environment::EnvironmentSource;
pub use error::SourceError;
pub use file::FileSource;
pub use leases::SecretLease;
pub use source::{FetchedSecret, Fetching, SecretSource};
#[cfg(feature = "vault")]
pub use vault::{VaultError, VaultSettings, VaultSource, VaultToken};

pub(crate) use known::not_granted;
pub(crate) use leases::LeaseTimes;
pub(crate) use session::{Borrower, Secrets};
