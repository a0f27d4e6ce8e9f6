//! Host patterns: which destinations a plugin may reach.

#[cfg(feature = "diagnostics")]
mod cover;
mod error;
mod name;
mod network;
mod pattern;
mod ports;
#[cfg(test)]
mod tests;

#[cfg(feature = "diagnostics")]
pub(crate) use cover::Admitted;
pub use error::HostPatternError;
pub use pattern::HostPattern;
