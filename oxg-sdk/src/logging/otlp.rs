//! Spans for OpenTelemetry: a file of OTLP/JSON lines, one `TracesData` a line, as the file exporter
//! of OpenTelemetry writes it and its collector reads it.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use oxg_protocol::{SpanId, TraceId};
use serde_json::{Map, Value, json};
use tracing::Subscriber;
use tracing::span::{Attributes, Id};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::shared::Shared;
use super::span::SpanFields;
use crate::random;

/// The name of the file in the workspace.
pub(super) const NAME: &str = "traces.jsonl";

/// Writes each span when it ends. Its fields are those of the log: redacted when they were recorded.
pub(super) struct SpanExport {
    pub(super) shared: Arc<Shared>,
    /// The trace of spans that belong to no task.
    pub(super) trace: TraceId,
}

/// What a span has beside its fields.
struct Step {
    trace_id: TraceId,
    span_id: SpanId,
    start: SystemTime,
}

impl<S> Layer<S> for SpanExport
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, _attributes: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        let Some(span) = ctx.span(id) else { return };
        let own = span.extensions().get::<SpanFields>().and_then(SpanFields::trace_id);
        let inherited = || {
            let parent = span.parent()?;
            let extensions = parent.extensions();
            extensions.get::<Step>().map(|step| step.trace_id)
        };
        let step = Step {
            trace_id: own.or_else(inherited).unwrap_or(self.trace),
            span_id: random::span_id(),
            start: SystemTime::now(),
        };
        span.extensions_mut().insert(step);
    }

    fn on_close(&self, id: Id, ctx: Context<'_, S>) {
        let Some(mut line) = ctx.span(&id).and_then(|span| self.line(&span)) else { return };
        let redactor = &self.shared.redactor;
        let mut text = line.to_string();
        if redactor.contains_known(text.as_bytes()) {
            redactor.redact_json(&mut line);
            text = line.to_string();
        }
        // One that cannot be cleaned is left out.
        if let Some(writer) = &self.shared.spans
            && !redactor.contains_known(text.as_bytes())
        {
            writer.queue().push(&text);
        }
    }
}

impl SpanExport {
    fn line<'a, S: LookupSpan<'a>>(&self, span: &SpanRef<'a, S>) -> Option<Value> {
        let extensions = span.extensions();
        let (step, fields) = (extensions.get::<Step>()?, extensions.get::<SpanFields>()?);
        let mut attributes = fields.values();
        // Of a task that was enqueued as a step of somebody's trace.
        let caller = attributes.remove("parent_span_id").filter(|_| fields.trace_id().is_some());
        let parent = span.parent().and_then(|parent| {
            parent.extensions().get::<Step>().map(|step| step.span_id.to_string().into())
        });
        let mut record = json!({
            "traceId": step.trace_id,
            "spanId": step.span_id,
            "name": fields.name,
            "kind": 1, // SPAN_KIND_INTERNAL
            "startTimeUnixNano": nanos(step.start),
            "endTimeUnixNano": nanos(SystemTime::now()),
            "attributes": attributes_of(attributes),
        });
        if let (Some(parent), Value::Object(record)) = (caller.or(parent), &mut record) {
            record.insert("parentSpanId".to_owned(), parent);
        }
        let who = self.shared.who.get();
        let resource: Map<String, Value> = who
            .into_iter()
            .flat_map(|who| [("service.name", &who.plugin), ("service.instance.id", &who.run_id)])
            .map(|(key, value)| (key.to_owned(), Value::from(value.as_str())))
            .collect();
        Some(json!({ "resourceSpans": [{
            "resource": { "attributes": attributes_of(resource) },
            "scopeSpans": [{
                "scope": { "name": "oxg-sdk", "version": env!("CARGO_PKG_VERSION") },
                "spans": [record],
            }],
        }]}))
    }
}

/// 64-bit numbers are strings in OTLP/JSON.
fn nanos(time: SystemTime) -> String {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos().to_string()
}

fn attributes_of(values: Map<String, Value>) -> Value {
    let attribute = |(key, value): (String, Value)| {
        let value = match value {
            Value::Bool(value) => json!({ "boolValue": value }),
            Value::Number(number) if number.is_f64() => json!({ "doubleValue": number }),
            Value::Number(number) => json!({ "intValue": number.to_string() }),
            Value::String(text) => json!({ "stringValue": text }),
            other => json!({ "stringValue": other.to_string() }),
        };
        json!({ "key": key, "value": value })
    };
    values.into_iter().map(attribute).collect()
}
