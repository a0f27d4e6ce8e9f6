//! Logs that cannot leak.
//!
//! Write `tracing` events, as everywhere. A layer writes each once, without the secrets that the
//! redactor knows or recognises, and hands the line to every sink: `run.log` in the workspace,
//! stderr, the broker, and whatever a test listens with. Fields, span fields, `Debug` output, the
//! sources of errors and panic messages all go the same way.
//!
//! ```
//! use std::sync::{Arc, Mutex};
//! use oxg_sdk::logging::{LogLine, Logging};
//! use oxg_sdk::redact::Redactor;
//!
//! let redactor = Redactor::default();
//! redactor.register("correct-horse-battery")?;
//! let lines = Arc::new(Mutex::new(Vec::new()));
//! let seen = Arc::clone(&lines);
//! let logging = Logging::new(redactor)
//!     .sink(move |line: &LogLine<'_>| seen.lock().unwrap().push(line.json.to_owned()))
//!     .build();
//! tracing::dispatcher::with_default(&logging.dispatch(), || {
//!     tracing::info!(password = "correct-horse-battery", "signed in");
//! });
//! assert!(!lines.lock().unwrap()[0].contains("horse"));
//! # Ok::<(), oxg_sdk::redact::RefusedValue>(())
//! ```

mod builder;
mod clock;
mod file;
mod layer;
mod panic;
mod record;
mod ship;
mod sink;
mod stderr;
mod visit;

pub use builder::{LevelsError, LogPipeline, Logging};
pub use sink::{LogLine, LogSink};

pub(crate) use panic::{install as install_panic_hook, last_location, message};
pub(crate) use ship::Shipper;
pub(crate) use stderr::printable;
