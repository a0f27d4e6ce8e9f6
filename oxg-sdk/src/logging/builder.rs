use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use oxg_protocol::RunId;
use oxg_redact::Redactor;
use tracing::Dispatch;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;

use super::Levels;
use super::file::{self, LogFile, Rotation};
use super::layer::LogLayer;
use super::queue::{Overflow, Queue};
use super::rate::{Buckets, RateLimit};
use super::shared::{Shared, Who};
use super::sink::LogSink;
use super::stderr::{DirectStderr, Stderr};
use super::writer::{Form, Gaps, Writer};

/// How long whoever logs waits for the file or for stderr.
const PATIENCE: Overflow = Overflow::Block(Duration::from_secs(1));

/// Puts the logging of a run together.
#[must_use]
pub struct Logging {
    redactor: Redactor,
    levels: Levels,
    rate: RateLimit,
    rotation: Rotation,
    writers: Vec<Writer>,
    sinks: Vec<Box<dyn LogSink>>,
    broker: Option<Arc<Queue>>,
    direct_human: bool,
    #[cfg(feature = "otel")]
    spans: Option<Writer>,
}

/// The logging of a run. Cheap to clone. When the last clone and the subscriber are gone, the lines
/// that wait are still written, for at most a second.
#[derive(Clone)]
pub struct LogPipeline {
    pub(super) shared: Arc<Shared>,
    dispatch: Dispatch,
}

impl Logging {
    /// Logging at level `info`, to nobody yet, through `redactor`.
    pub fn new(redactor: Redactor) -> Self {
        Self {
            redactor,
            levels: Levels::default(),
            rate: RateLimit::default(),
            rotation: Rotation::default(),
            writers: Vec::new(),
            sinks: Vec::new(),
            broker: None,
            direct_human: false,
            #[cfg(feature = "otel")]
            spans: None,
        }
    }

    /// What to log.
    pub fn levels(mut self, levels: Levels) -> Self {
        self.levels = levels;
        self
    }

    /// How many lines one place of the program may log.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate = limit;
        self
    }

    /// How much room the file of [`directory`](Self::directory) takes. To be said before it.
    pub fn rotation(mut self, rotation: Rotation) -> Self {
        self.rotation = rotation;
        self
    }

    /// Appends JSON lines to `run.log` in `directory`. A thread writes them; whoever logs waits for
    /// room for at most a second.
    ///
    /// A disk that is full is told once on stderr; what is lost meanwhile is counted, and told in
    /// the file when there is room again.
    ///
    /// # Errors
    /// Where the file cannot be opened, or the system gives no thread.
    pub fn directory(mut self, directory: &Path) -> io::Result<Self> {
        let file = LogFile::open(directory, file::NAME, self.rotation)?;
        self.writers.push(Writer::start("oxg-log-file", Form::Json, PATIENCE, Gaps::Told, file)?);
        Ok(self)
    }

    /// Writes lines to stderr. A thread writes them; whoever logs waits for room for at most a
    /// second.
    pub fn stderr(mut self, form: Form) -> Self {
        match Writer::start("oxg-log-stderr", form, PATIENCE, Gaps::Told, Stderr) {
            Ok(writer) => self.writers.push(writer),
            Err(_) => {
                self.direct_human |= form == Form::Human;
                self.sinks.push(Box::new(DirectStderr(form)));
            }
        }
        self
    }

    /// Ships lines to the broker, once a run has begun. Lines that find no room are lost here:
    /// `run.log` has them.
    pub fn broker(self) -> Self {
        self.broker_with(Overflow::DropNewest)
    }

    /// As [`broker`](Self::broker), with another overflow. On a runtime of one thread,
    /// [`Overflow::Block`] waits in vain: it is that thread which makes room.
    pub fn broker_with(mut self, overflow: Overflow) -> Self {
        self.broker = Some(Arc::new(Queue::new(overflow)));
        self
    }

    /// Appends spans to `traces.jsonl` in `directory` when they end: OTLP/JSON, one `TracesData` a
    /// line, as OpenTelemetry's file exporter writes it. The file takes as much room as
    /// [`rotation`](Self::rotation) says.
    ///
    /// A file, because a plugin has no network: a collector beside the host reads it.
    ///
    /// # Errors
    /// As [`directory`](Self::directory).
    #[cfg(feature = "otel")]
    pub fn spans(mut self, directory: &Path) -> io::Result<Self> {
        let file = LogFile::open(directory, super::otlp::NAME, self.rotation)?;
        let overflow = Overflow::DropNewest;
        // A line that is no `TracesData` would be in the way of whoever reads them.
        self.spans = Some(Writer::start("oxg-spans", Form::Json, overflow, Gaps::Silent, file)?);
        Ok(self)
    }

    /// Hands lines to `sink`, where the event happens.
    pub fn sink(mut self, sink: impl LogSink) -> Self {
        self.sinks.push(Box::new(sink));
        self
    }

    /// The logging, ready to be installed.
    #[must_use]
    pub fn build(self) -> LogPipeline {
        let shared = Arc::new(Shared {
            human: self.direct_human || Shared::wants(Form::Human, &self.writers),
            redactor: self.redactor,
            #[cfg(feature = "log")]
            levels: self.levels.0.clone(),
            buckets: Buckets::new(self.rate),
            writers: self.writers,
            sinks: self.sinks,
            broker: self.broker,
            #[cfg(feature = "otel")]
            spans: self.spans,
            who: OnceLock::new(),
        });
        let layer = LogLayer(Arc::clone(&shared));
        let registry = Registry::default().with(self.levels.0).with(layer);
        #[cfg(feature = "otel")]
        let registry = registry.with(shared.spans.is_some().then(|| super::otlp::SpanExport {
            shared: Arc::clone(&shared),
            trace: crate::random::trace_id(),
        }));
        LogPipeline { shared, dispatch: Dispatch::new(registry) }
    }
}

impl LogPipeline {
    /// The subscriber, to be set for a scope or as the global default.
    #[must_use]
    pub fn dispatch(&self) -> Dispatch {
        self.dispatch.clone()
    }

    /// Takes the records of the crate `log`, too, for the whole process. Where another logger is
    /// installed, that one stays. `#[oxg_sdk::main]` calls it.
    #[cfg(feature = "log")]
    pub fn take_log_records(&self) {
        super::log_crate::Bridge::install(Arc::clone(&self.shared));
    }

    /// Waits until the file and stderr have every line so far, for at most `patience`. Returns
    /// whether they have.
    ///
    /// It blocks the thread; lines for the broker are not waited for.
    pub fn flush(&self, patience: Duration) -> bool {
        self.shared.flush(patience)
    }

    /// Lines that a writer has lost so far: one that two writers lost counts twice.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.shared.lost()
    }

    /// The redactor that the lines pass.
    pub(crate) fn redactor(&self) -> &Redactor {
        &self.shared.redactor
    }

    /// Names whoever speaks in the lines to come.
    pub(crate) fn identify(&self, plugin: &str, run_id: &RunId) {
        let _ = self.shared.who.set(Who::new(plugin, run_id));
    }

    /// Tells how many lines the rate limit held back and nobody was told of.
    pub(crate) fn tell_suppressed(&self) {
        self.shared.tell_suppressed();
    }

    pub(crate) fn queue(&self) -> Option<&Arc<Queue>> {
        self.shared.broker.as_ref()
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
