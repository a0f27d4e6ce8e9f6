//! The run loop: session, settings, tasks under leases, a graceful stop.
//!
//! [`run`] is the simple door: it reads the environment, installs logging and signals, and ends
//! with an [exit code](crate::exit). [`Runtime`] is the side door for whoever brings a channel and a
//! runtime of his own, as tests do.

mod catch;
#[cfg(feature = "schema")]
mod describe;
mod door;
mod error;
mod heartbeat;
mod leases;
mod report;
mod runtime;
mod session;
mod settings;
mod shared;
mod signals;
mod summary;
mod work;

pub use door::{main, run};
pub use error::RunError;
pub use runtime::Runtime;
pub use summary::{RunSummary, StopReason};

pub(crate) use shared::Shared;
