use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use oxg_protocol::RunId;
use oxg_redact::Redactor;
use tracing::Dispatch;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{ParseError, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::Registry;

use super::file::FileSink;
use super::layer::LogLayer;
use super::record::Speaker;
use super::ship::Queue;
use super::sink::LogSink;
use super::stderr::StderrSink;

/// A text that does not say what to log.
#[derive(Debug, thiserror::Error)]
#[error(
    "{text:?} does not say what to log; write a level or target=level pairs, as in \"warn,my_plugin=debug\""
)]
pub struct LevelsError {
    text: String,
    source: Option<ParseError>,
}

/// Puts the logging of a run together.
#[must_use]
pub struct Logging {
    redactor: Redactor,
    levels: Targets,
    sinks: Vec<Box<dyn LogSink>>,
    queue: Option<Arc<Queue>>,
}

/// The logging of a run. Cheap to clone.
#[derive(Clone)]
pub struct LogPipeline {
    pub(super) shared: Arc<Shared>,
    dispatch: Dispatch,
}

pub(super) struct Shared {
    pub(super) redactor: Redactor,
    pub(super) sinks: Vec<Box<dyn LogSink>>,
    pub(super) queue: Option<Arc<Queue>>,
    pub(super) speaker: OnceLock<Speaker>,
}

impl Logging {
    /// Logging at level `info`, without sinks, through `redactor`.
    pub fn new(redactor: Redactor) -> Self {
        Self {
            redactor,
            levels: Targets::new().with_default(LevelFilter::INFO),
            sinks: Vec::new(),
            queue: None,
        }
    }

    /// What to log: a level, or `target=level` pairs, as in `warn,my_plugin=debug`. Targets that
    /// are not named log nothing then, unless a bare level stands there too.
    ///
    /// # Errors
    /// [`LevelsError`] where `text` says neither.
    pub fn levels(mut self, text: &str) -> Result<Self, LevelsError> {
        let error = |source| LevelsError { text: text.chars().take(64).collect(), source };
        // A bare word would be a target at level trace: a level with a typing error logs nothing.
        let is_level = |part: &str| !part.is_empty() && part.parse::<LevelFilter>().is_ok();
        if !text.split(',').map(str::trim).all(|part| part.contains('=') || is_level(part)) {
            return Err(error(None));
        }
        self.levels = text.parse().map_err(|source| error(Some(source)))?;
        Ok(self)
    }

    /// Appends JSON lines to `run.log` in `directory`. Past 16 MiB it moves to `run.log.1`.
    ///
    /// # Errors
    /// Where the file cannot be opened.
    pub fn directory(self, directory: &Path) -> io::Result<Self> {
        Ok(self.sink(FileSink::create(directory)?))
    }

    /// Writes lines for people to stderr.
    pub fn stderr(self) -> Self {
        self.sink(StderrSink)
    }

    /// Ships lines to the broker, once a run has begun. At most 1,024 wait; what comes on top is
    /// dropped and counted.
    pub fn broker(mut self) -> Self {
        let queue = Arc::new(Queue::default());
        self.queue = Some(Arc::clone(&queue));
        self.sink(queue)
    }

    /// Hands lines to `sink`.
    pub fn sink(mut self, sink: impl LogSink) -> Self {
        self.sinks.push(Box::new(sink));
        self
    }

    /// The logging, ready to be installed.
    #[must_use]
    pub fn build(self) -> LogPipeline {
        let shared = Arc::new(Shared {
            redactor: self.redactor,
            sinks: self.sinks,
            queue: self.queue,
            speaker: OnceLock::new(),
        });
        let layer = LogLayer(Arc::clone(&shared)).with_filter(self.levels);
        let dispatch = Dispatch::new(Registry::default().with(layer));
        LogPipeline { shared, dispatch }
    }
}

impl LogPipeline {
    /// The subscriber, to be set for a scope or as the global default.
    #[must_use]
    pub fn dispatch(&self) -> Dispatch {
        self.dispatch.clone()
    }

    /// The redactor that the lines pass.
    pub(crate) fn redactor(&self) -> &Redactor {
        &self.shared.redactor
    }

    /// Names whoever speaks in the lines to come.
    pub(crate) fn identify(&self, plugin: &str, run_id: &RunId) {
        let _ =
            self.shared.speaker.set(Speaker { plugin: plugin.to_owned(), run_id: run_id.clone() });
    }

    pub(crate) fn queue(&self) -> Option<&Arc<Queue>> {
        self.shared.queue.as_ref()
    }
}

impl std::fmt::Debug for Logging {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Logging").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for LogPipeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogPipeline").finish_non_exhaustive()
    }
}
