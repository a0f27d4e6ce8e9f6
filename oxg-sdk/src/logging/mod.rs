//! Logs that cannot leak.
//!
//! Write `tracing` events, as everywhere. A layer writes each once, without the secrets that the
//! redactor knows or recognises, and hands the line to all who take it: `run.log` in the workspace,
//! stderr, the broker, and whatever a test listens with. Fields, span fields, `Debug` output, the
//! sources of errors and panic messages all go the same way.
//!
//! A value is redacted before it is escaped, the fields of a span once when they are recorded. The
//! finished line is looked through once more for values known to be secret: one may have become
//! known since.
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
//!
//! | what | type |
//! |---|---|
//! | who gets lines, and how | [`Logging`], [`Form`] |
//! | what is logged | [`Levels`], [`RateLimit`] |
//! | how much room lines take | [`Rotation`], [`Overflow`] |

mod builder;
mod clock;
mod compose;
mod file;
mod human;
mod json;
mod layer;
mod levels;
#[cfg(feature = "log")]
mod log_crate;
mod notice;
#[cfg(feature = "otel")]
mod otlp;
mod panic;
mod queue;
mod rate;
mod scratch;
mod shared;
mod ship;
mod sink;
mod span;
mod stderr;
mod values;
mod writer;

use oxg_protocol::log::Level;

pub use builder::{LogPipeline, Logging};
pub use file::Rotation;
pub use levels::{Levels, LevelsError};
pub use queue::Overflow;
pub use rate::RateLimit;
pub use sink::{LogLine, LogSink};
pub use writer::Form;

pub(crate) use human::printable;
pub(crate) use panic::{install as install_panic_hook, last_location, message};
pub(crate) use ship::Shipper;
pub(crate) use span::TASK_TARGET;

fn level_of(level: tracing::Level) -> Level {
    match level {
        tracing::Level::TRACE => Level::Trace,
        tracing::Level::DEBUG => Level::Debug,
        tracing::Level::INFO => Level::Info,
        tracing::Level::WARN => Level::Warn,
        tracing::Level::ERROR => Level::Error,
    }
}
