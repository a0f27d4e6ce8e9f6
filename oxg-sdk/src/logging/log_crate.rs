//! Records of the crate `log`: those of libraries that do not use `tracing`.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

use log::{Log, Metadata, Record};
use tracing::dispatcher::get_default;
use tracing_subscriber::registry::{LookupSpan as _, Registry};

use super::level_of;
use super::scratch;
use super::shared::Shared;
use super::values::message;

/// Hands records of `log` to a logging, as if they were events of `tracing` without fields.
pub(super) struct Bridge(pub(super) Arc<Shared>);

impl Bridge {
    /// Makes this the logger of the process. Another one stays where there is one already.
    pub(super) fn install(shared: Arc<Shared>) {
        if log::set_boxed_logger(Box::new(Self(shared))).is_ok() {
            // The levels decide; a record costs little where they say no.
            log::set_max_level(log::LevelFilter::Trace);
        }
    }
}

impl Log for Bridge {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.0.levels.would_enable(metadata.target(), &level(metadata.level()))
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) || !self.0.admits(address(record), || place(record)) {
            return;
        }
        scratch::with(|scratch| {
            let Shared { redactor, human, .. } = &*self.0;
            scratch.raw.print(*record.args());
            let (text, truncated) = (scratch.raw.as_str(), scratch.raw.truncated);
            message(redactor, *human, text, truncated, &mut scratch.message);
            // A target can be made up where the program runs.
            let target = redactor.redact(record.target());
            let ids = get_default(|dispatch| {
                let id = dispatch.current_span().id().cloned();
                let span = dispatch
                    .downcast_ref::<Registry>()
                    .zip(id)
                    .and_then(|(registry, id)| registry.span(&id));
                self.0.write_spans(scratch, span)
            });
            self.0.write(scratch, level_of(level(record.level())), &target, &ids);
        });
    }

    fn flush(&self) {}
}

fn level(level: log::Level) -> tracing::Level {
    match level {
        log::Level::Error => tracing::Level::ERROR,
        log::Level::Warn => tracing::Level::WARN,
        log::Level::Info => tracing::Level::INFO,
        log::Level::Debug => tracing::Level::DEBUG,
        log::Level::Trace => tracing::Level::TRACE,
    }
}

/// What stands for the place of the program: a record has no address of its own.
fn address(record: &Record<'_>) -> usize {
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    let hash = hasher.hash_one((record.file(), record.line(), record.target()));
    // Zero stands for no place.
    usize::try_from(hash >> 1).unwrap_or(usize::MAX).max(1) | 1
}

fn place(record: &Record<'_>) -> String {
    match (record.file(), record.line()) {
        (Some(file), Some(line)) => format!("{file}:{line}"),
        _ => "a record of the crate log".to_owned(),
    }
}
