use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use oxg_protocol::RunId;
use oxg_protocol::log::Level;
use oxg_redact::Redactor;
#[cfg(feature = "log")]
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::compose::{self, Origin};
use super::queue::Queue;
use super::rate::{Buckets, Verdict};
use super::scratch::{self, Scratch};
use super::span::SpanFields;
use super::writer::{Form, Writer};
use super::{LogLine, LogSink, json, notice};

/// What the spans of one line take at most, but for the last span, in bytes.
const MAX_SPANS: usize = 128 << 10;
/// How long the writers may take for their last lines when nobody flushes them.
const LAST_LINES: Duration = Duration::from_secs(1);

/// What every part of a logging knows.
pub(super) struct Shared {
    pub(super) redactor: Redactor,
    #[cfg(feature = "log")]
    pub(super) levels: Targets,
    pub(super) buckets: Buckets,
    pub(super) writers: Vec<Writer>,
    pub(super) sinks: Vec<Box<dyn LogSink>>,
    /// To the broker; a run empties it.
    pub(super) broker: Option<Arc<Queue>>,
    /// To the file of spans.
    #[cfg(feature = "otel")]
    pub(super) spans: Option<Writer>,
    /// Who speaks, known once the session is.
    pub(super) who: OnceLock<Who>,
    /// Whether any writer writes for people.
    pub(super) human: bool,
}

/// Who speaks.
pub(super) struct Who {
    /// `,"plugin":…,"run_id":…`.
    json: String,
    #[cfg(feature = "otel")]
    pub(super) plugin: String,
    #[cfg(feature = "otel")]
    pub(super) run_id: String,
}

impl Who {
    pub(super) fn new(plugin: &str, run_id: &RunId) -> Self {
        let mut json = String::from(",\"plugin\":");
        json::string(plugin, &mut json);
        json.push_str(",\"run_id\":");
        json::string(run_id.as_str(), &mut json);
        Self {
            json,
            #[cfg(feature = "otel")]
            plugin: plugin.to_owned(),
            #[cfg(feature = "otel")]
            run_id: run_id.to_string(),
        }
    }
}

impl Shared {
    /// Whether a line of this place of the program may pass. Tells what was held back before it.
    pub(super) fn admits(&self, place: usize, describe: impl FnOnce() -> String) -> bool {
        match self.buckets.take(place) {
            Verdict::Pass => true,
            Verdict::Suppress => false,
            Verdict::PassAfter(count) => {
                let place = describe();
                self.say(
                    Level::Warn,
                    &format!("{count} log lines of {place} were left out: too many at a time"),
                );
                true
            }
        }
    }

    /// Tells what was held back and not told of yet.
    pub(super) fn tell_suppressed(&self) {
        let count = self.buckets.take_suppressed();
        if count > 0 {
            self.say(Level::Warn, &format!("{count} log lines were left out: too many at a time"));
        }
    }

    /// A line of the logging itself.
    fn say(&self, level: Level, text: &str) {
        scratch::with(|scratch| {
            scratch.message.json.push_str(text);
            scratch.message.human.push_str(text);
            self.write(scratch, level, notice::TARGET, "");
        });
    }

    /// Writes the line whose parts are in `scratch`.
    pub(super) fn write(&self, scratch: &mut Scratch, level: Level, target: &str, ids: &str) {
        let who = self.who.get().map(|who| who.json.as_str()).unwrap_or_default();
        compose::line(scratch, &Origin { level, target, who, ids }, self.human);
        if !compose::guard(&mut scratch.line, &self.redactor) {
            let text = "a line was left out: it would have shown a secret";
            scratch.clear();
            scratch.message.json.push_str(text);
            scratch.message.human.push_str(text);
            let origin = Origin { level: Level::Warn, target: notice::TARGET, who: "", ids: "" };
            compose::line(scratch, &origin, self.human);
        }
        let line = LogLine { level, json: &scratch.line.json, human: &scratch.line.human };
        self.writers.iter().for_each(|writer| writer.write(&line));
        if let Some(broker) = &self.broker {
            broker.push(line.json);
        }
        self.sinks.iter().for_each(|sink| sink.write(&line));
    }

    /// Writes the spans up to `span`, the outermost first. Returns the ids of its task.
    pub(super) fn write_spans<'a, S>(
        &self,
        scratch: &mut Scratch,
        span: Option<SpanRef<'a, S>>,
    ) -> String
    where
        S: for<'l> LookupSpan<'l>,
    {
        let mut ids = String::new();
        for span in span.into_iter().flat_map(|span| span.scope().from_root()) {
            let extensions = span.extensions();
            let Some(fields) = extensions.get::<SpanFields>() else { continue };
            if !fields.ids.is_empty() {
                ids.clone_from(&fields.ids);
            }
            let out = &mut scratch.spans;
            if out.json.len() > MAX_SPANS {
                break;
            }
            out.json.push_str(",{\"name\":");
            json::string(fields.name, &mut out.json);
            out.json.push_str(&fields.text.json);
            out.json.push('}');
            out.human.push_str(&fields.text.human);
        }
        ids
    }

    /// Waits until every line is written or lost, for at most `patience`.
    pub(super) fn flush(&self, patience: Duration) -> bool {
        let end = Instant::now() + patience;
        let left = || end.saturating_duration_since(Instant::now());
        // Each in turn, all of them by the same end.
        self.all_writers().filter(|writer| !writer.queue().flush(left())).count() == 0
    }

    /// Lines that some writer has lost so far.
    pub(super) fn lost(&self) -> u64 {
        let broker = self.broker.as_deref();
        self.all_writers().map(Writer::queue).chain(broker).map(Queue::lost).sum()
    }

    fn all_writers(&self) -> impl Iterator<Item = &Writer> {
        #[cfg(feature = "otel")]
        let spans = self.spans.as_ref();
        #[cfg(not(feature = "otel"))]
        let spans = None;
        self.writers.iter().chain(spans)
    }

    pub(super) fn wants(form: Form, writers: &[Writer]) -> bool {
        writers.iter().any(|writer| writer.form() == form)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.flush(LAST_LINES);
    }
}
