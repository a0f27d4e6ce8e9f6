//! Secrets: values that the host holds and lends for a time.
//!
//! A [`SecretSource`] says what a secret's value is now; the session lends it under a lease, counts
//! its versions and tells who watches. The broker writes no value anywhere, and no error has one.

mod command;
mod environment;
mod error;
mod file;
mod leases;
mod source;
#[cfg(test)]
mod tests;

pub use command::CommandSource;
pub use environment::EnvironmentSource;
pub use error::SourceError;
pub use file::FileSource;
pub use source::{Fetching, SecretSource};

pub(crate) use leases::{Secrets, not_granted};
