use std::sync::Arc;
use std::time::Duration;

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::level_of;
use super::scratch;
use super::shared::Shared;
use super::span::SpanFields;
use super::values::Values;

/// Writes each event once and hands it to all who take lines.
pub(super) struct LogLayer(pub(super) Arc<Shared>);

impl LogLayer {
    pub(super) fn flush(&self, patience: Duration) -> bool {
        self.0.flush(patience)
    }
}

impl<S> Layer<S> for LogLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        let Shared { redactor, human, .. } = &*self.0;
        let fields = scratch::with(|scratch| {
            let mut parts = Vec::new();
            attributes.record(&mut Values::of_span(redactor, *human, scratch, &mut parts));
            SpanFields::new(attributes.metadata(), scratch, parts)
        });
        if let Some(span) = ctx.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        let Shared { redactor, human, .. } = &*self.0;
        scratch::with(|scratch| {
            let mut parts = Vec::new();
            // Not into the span's own: a `Debug` that logs would wait for itself.
            values.record(&mut Values::of_span(redactor, *human, scratch, &mut parts));
            if let Some(span) = ctx.span(id)
                && let Some(fields) = span.extensions_mut().get_mut::<SpanFields>()
            {
                fields.add(scratch, parts);
            }
        });
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        let (shared, meta) = (&*self.0, event.metadata());
        // The metadata of an event is a static of the place that logs it.
        if !shared.admits(std::ptr::from_ref(meta).addr(), || place(meta)) {
            return;
        }
        scratch::with(|scratch| {
            event.record(&mut Values::of_event(&shared.redactor, shared.human, scratch));
            let ids = shared.write_spans(scratch, ctx.event_span(event));
            shared.write(scratch, level_of(*meta.level()), meta.target(), &ids);
        });
    }
}

/// Where an event comes from, in words.
fn place(meta: &Metadata<'_>) -> String {
    match (meta.file(), meta.line()) {
        (Some(file), Some(line)) => format!("{file}:{line}"),
        _ => meta.target().to_owned(),
    }
}
