use std::ops::Range;
use std::str::FromStr;

use oxg_protocol::{TaskId, TraceId};
use tracing::Metadata;

use super::scratch::{Scratch, Text};
use super::values::Part;

/// The target of the span that the run loop opens for a task. Only its ids are those of a line: an
/// author's field of such a name may hold anything.
pub(crate) const TASK_TARGET: &str = "oxg_sdk::task";

/// The fields of a span, redacted and written once, and kept with it.
#[derive(Debug)]
pub(super) struct SpanFields {
    pub(super) name: &'static str,
    /// `,"name":value` and ` name=value` for each.
    pub(super) text: Text,
    /// `,"task_id":…,"trace_id":…` where it is the span of a task.
    pub(super) ids: String,
    parts: Vec<Part>,
}

impl SpanFields {
    /// A new span, from what was written into `scratch`.
    pub(super) fn new(
        meta: &'static Metadata<'static>,
        scratch: &Scratch,
        parts: Vec<Part>,
    ) -> Self {
        let (name, text) = (meta.name(), scratch.fields.clone());
        let mut span = Self { name, text, ids: String::new(), parts };
        if meta.target() == TASK_TARGET {
            span.lift::<TaskId>(meta, "task_id");
            span.lift::<TraceId>(meta, "trace_id");
        }
        span
    }

    /// The trace of the task, where it is the span of one.
    #[cfg(feature = "otel")]
    pub(super) fn trace_id(&self) -> Option<TraceId> {
        self.ids.rsplit_once("\"trace_id\":\"")?.1.strip_suffix('"')?.parse().ok()
    }

    /// The fields, read back, without those that are ids of the line.
    #[cfg(feature = "otel")]
    pub(super) fn values(&self) -> serde_json::Map<String, serde_json::Value> {
        let fields = self.text.json.strip_prefix(',').unwrap_or_default();
        serde_json::from_str(&format!("{{{fields}}}")).unwrap_or_default()
    }

    /// Adds fields that were written into `scratch` later. One that is there already is replaced.
    pub(super) fn add(&mut self, scratch: &Scratch, parts: Vec<Part>) {
        for part in parts {
            if let Some(at) = self.position(part.field) {
                self.remove(at);
            }
            let json = append(&mut self.text.json, &scratch.fields.json, part.json);
            let human = append(&mut self.text.human, &scratch.fields.human, part.human);
            self.parts.push(Part { field: part.field, json, human });
        }
    }

    /// Makes an id of the span one of the line's.
    fn lift<T: FromStr>(&mut self, meta: &Metadata<'_>, name: &str) -> Option<()> {
        let at = self.position(meta.fields().field(name)?.index())?;
        let entry = self.text.json.get(self.parts.get(at)?.json.clone())?;
        // What was redacted is no id any more.
        entry.rsplit_once(":\"")?.1.strip_suffix('"')?.parse::<T>().ok()?;
        self.ids.push_str(entry);
        self.remove_json(at);
        Some(())
    }

    fn position(&self, field: usize) -> Option<usize> {
        self.parts.iter().position(|part| part.field == field)
    }

    fn remove(&mut self, at: usize) {
        self.remove_json(at);
        let gone = self.parts.remove(at).human;
        self.text.human.replace_range(gone.clone(), "");
        self.parts.iter_mut().for_each(|part| close_gap(&mut part.human, &gone));
    }

    /// People see the ids where they stand.
    fn remove_json(&mut self, at: usize) {
        let Some(part) = self.parts.get_mut(at) else { return };
        let gone = part.json.clone();
        part.json = gone.start..gone.start;
        self.text.json.replace_range(gone.clone(), "");
        self.parts.iter_mut().for_each(|part| close_gap(&mut part.json, &gone));
    }
}

fn append(to: &mut String, from: &str, range: Range<usize>) -> Range<usize> {
    let start = to.len();
    to.push_str(from.get(range).unwrap_or_default());
    start..to.len()
}

/// Moves `range` to where it is once `gone` is.
fn close_gap(range: &mut Range<usize>, gone: &Range<usize>) {
    if range.start >= gone.end {
        *range = range.start - gone.len()..range.end - gone.len();
    }
}
