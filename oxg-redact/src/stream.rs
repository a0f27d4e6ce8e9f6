//! Redaction of a byte stream that comes in pieces.

use std::fmt;

use crate::detect::{PemState, awaited_lines};
use crate::redactor::Redactor;
use crate::spans;

/// Longest record that is held back whole.
const RECORD_MAX: usize = 256 * 1024;
/// No finding is longer than this, nor looks further. A record that is cut is
/// cut so far before its end.
const OVERLAP: usize = 64 * 1024;

/// Redacts a stream, whatever the pieces it comes in.
///
/// The stream is cut into *records*, which are redacted one by one. A record is
/// a line, or several where a finding may span them: a private key, a key whose
/// value is on the next line, a registered value of several lines. Where a
/// record ends depends on the bytes and on the registered values, never on how
/// the bytes come in pieces, so any chunking gives the same output.
///
/// At most 256 KiB are held back. A longer record is cut at least 64 KiB before
/// that, never within a finding. For a stream without such a record the output
/// is that of [`Redactor::redact_bytes`] on the whole.
///
/// ```
/// let redactor = oxg_redact::Redactor::default();
/// let mut stream = redactor.stream();
/// let mut out = Vec::new();
/// stream.push(b"login of jo@exam", &mut out);
/// stream.push(b"ple.org\nnext li", &mut out);
/// assert_eq!(out, b"login of [REDACTED_EMAIL]\n");
/// stream.finish(&mut out);
/// assert_eq!(out, b"login of [REDACTED_EMAIL]\nnext li");
/// ```
#[must_use = "`finish` writes what is held back"]
pub struct StreamRedactor {
    redactor: Redactor,
    /// The record so far.
    held: Vec<u8>,
    /// Start of the unfinished line in `held`.
    line: usize,
    /// How far `held` was searched for a line end.
    searched: usize,
    pem: PemState,
    /// Lines to come that may hold the value of a key.
    awaited: usize,
}

impl StreamRedactor {
    pub(crate) fn new(redactor: Redactor) -> Self {
        Self {
            redactor,
            held: Vec::new(),
            line: 0,
            searched: 0,
            pem: PemState::default(),
            awaited: 0,
        }
    }

    /// Takes the next piece, and appends to `out` what is settled by it.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        while !bytes.is_empty() {
            let room = RECORD_MAX - self.held.len();
            let (now, later) = bytes.split_at(bytes.len().min(room));
            self.held.extend_from_slice(now);
            bytes = later;
            self.settle(out);
        }
    }

    /// Appends to `out` what is still held back. The end of the stream ends the
    /// last record.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        self.write(self.held.len(), out);
    }

    /// Writes all records that are complete.
    fn settle(&mut self, out: &mut Vec<u8>) {
        let mut start = 0;
        while let Some(at) = memchr::memchr(b'\n', &self.held[self.searched..]) {
            let end = self.searched + at + 1;
            let line = &self.held[self.line..end];
            self.pem.feed(line);
            self.awaited = awaited_lines(line).max(self.awaited.saturating_sub(1));
            let open = self.pem.is_open()
                || self.awaited > 0
                || self.redactor.snapshot().open_after(&self.held[start..end]);
            self.line = end;
            self.searched = end;
            if !open {
                let record = &self.held[start..end];
                spans::replace(record, &self.redactor.find(record), self.redactor.masks(), out);
                start = end;
            }
        }
        self.drop_front(start);
        self.searched = self.held.len();
        if self.held.len() >= RECORD_MAX {
            self.cut(out);
        }
    }

    /// Writes the front of a record that is too long to be held back.
    fn cut(&mut self, out: &mut Vec<u8>) {
        let spans = self.redactor.find(&self.held);
        let mut at = self.held.len() - OVERLAP;
        for span in spans.iter().rev() {
            let start = span.evidence.start.min(span.range.start);
            if start < at && at < span.evidence.end.max(span.range.end) {
                at = start;
            }
        }
        if at == 0 {
            // Findings side by side from the start on: they are written as one.
            at = spans.first().map_or(RECORD_MAX - OVERLAP, |span| span.range.end);
        }
        self.write(at, out);
        self.pem = PemState::default();
        self.awaited = 0;
    }

    /// Writes the first `len` bytes that are held back.
    fn write(&mut self, len: usize, out: &mut Vec<u8>) {
        let record = &self.held[..len];
        spans::replace(record, &self.redactor.find(record), self.redactor.masks(), out);
        self.drop_front(len);
    }

    fn drop_front(&mut self, len: usize) {
        self.held.drain(..len);
        self.line = self.line.saturating_sub(len);
        self.searched = self.searched.saturating_sub(len);
    }
}

impl fmt::Debug for StreamRedactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamRedactor")
            .field("held_back", &self.held.len())
            .finish_non_exhaustive()
    }
}
