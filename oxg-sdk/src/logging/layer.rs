use std::cell::RefCell;
use std::sync::Arc;

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::builder::Shared;
use super::record;
use super::sink::LogLine;
use super::visit::Fields;

thread_local! {
    /// The line that is being written. One a thread, so that nothing is locked or allocated anew.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Writes each event once and hands it to the sinks.
pub(super) struct LogLayer(pub(super) Arc<Shared>);

impl<S> Layer<S> for LogLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = ctx.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        // Not into the span's own: a `Debug` that logs would wait for itself.
        let mut fields = Fields::default();
        values.record(&mut fields);
        if let Some(span) = ctx.span(id)
            && let Some(known) = span.extensions_mut().get_mut::<Fields>()
        {
            known.0.extend(fields.0);
        }
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        let mut fields = Fields::default();
        for span in ctx.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(more) = span.extensions().get::<Fields>() {
                let more = more.0.iter().filter(|(name, _)| *name != "message");
                fields.0.extend(more.map(|(name, value)| (name.clone(), value.clone())));
            }
        }
        event.record(&mut fields);
        let meta = event.metadata();
        let record = record::build(
            *meta.level(),
            meta.target(),
            fields.0,
            self.0.speaker.get(),
            &self.0.redactor,
        );
        BUFFER.with(|buffer| match buffer.try_borrow_mut() {
            Ok(mut buffer) => self.write(&record, &mut buffer),
            // A sink logged: write its event into a buffer of its own.
            Err(_) => self.write(&record, &mut Vec::new()),
        });
    }
}

impl LogLayer {
    fn write(&self, record: &oxg_protocol::log::LogRecord, buffer: &mut Vec<u8>) {
        buffer.clear();
        if serde_json::to_writer(&mut *buffer, record).is_err() {
            return;
        }
        if let Ok(json) = std::str::from_utf8(buffer) {
            let line = LogLine { record, json };
            self.0.sinks.iter().for_each(|sink| sink.write(&line));
        }
    }
}
