//! The SDK against a small scripted broker, in memory and in virtual time.

#![allow(clippy::unwrap_used, clippy::panic)]

mod artifacts;
mod channel;
mod connection;
mod fake;
#[cfg(unix)]
mod faults;
mod findings;
mod http;
mod inject;
mod logging;
mod probe;
mod redirect;
mod run;
#[cfg(all(feature = "workspace", unix))]
mod save;
mod secrets;
mod stop;
