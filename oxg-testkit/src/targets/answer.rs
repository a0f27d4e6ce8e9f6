//! What a scripted target answers, well or badly.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

use super::Gate;
use super::conversation::Conversation;
use super::wire::Step;

/// What a scripted target answers to one request.
#[derive(Debug, Clone)]
#[must_use]
pub struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    faults: Vec<Fault>,
    conversation: Option<Conversation>,
}

/// What goes wrong with an answer. Several hold together.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Fault {
    /// The answer begins this much later.
    Delay(Duration),
    /// The answer waits for the gate.
    Hold(Gate),
    /// Nothing comes, and the connection stays open.
    Stall,
    /// So many bytes of the body come, then nothing more, and the connection stays open.
    StallAfter(usize),
    /// The connection ends without an answer.
    Reset,
    /// The connection ends after so many bytes of the body.
    Truncate(usize),
    /// The head promises a body of this many bytes, whatever comes.
    Length(u64),
    /// These bytes come in place of an answer, and the connection ends.
    Garbage(Bytes),
    /// The body comes in pieces of `bytes`, one after each `every`.
    Trickle {
        /// How many bytes at a time.
        bytes: usize,
        /// How long between two pieces.
        every: Duration,
    },
}

impl Answer {
    /// An answer with an empty body.
    ///
    /// # Panics
    /// If `status` is not from 200 to 999.
    #[track_caller]
    #[allow(clippy::panic, reason = "in a test, a wrong script is a failed test")]
    pub fn new(status: u16) -> Self {
        match StatusCode::from_u16(status) {
            Ok(status) if !status.is_informational() => Self {
                status,
                headers: HeaderMap::new(),
                body: Bytes::new(),
                faults: Vec::new(),
                conversation: None,
            },
            _ => panic!("{status} is not the status of an answer"),
        }
    }

    /// Opens a WebSocket and holds this conversation. Of the faults, those hold that come before an
    /// answer: a delay, a gate, a stall, a reset.
    pub fn websocket(conversation: Conversation) -> Self {
        Self { conversation: Some(conversation), ..Self::new(200) }
    }

    /// With this body.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// With this value as JSON.
    #[track_caller]
    pub fn json(self, value: impl Into<Value>) -> Self {
        self.body(value.into().to_string()).header(CONTENT_TYPE.as_str(), "application/json")
    }

    /// With the contents of a file.
    ///
    /// # Panics
    /// If it cannot be read.
    #[track_caller]
    #[allow(clippy::panic, reason = "in a test, a wrong script is a failed test")]
    pub fn file(self, path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        match std::fs::read(path) {
            Ok(body) => self.body(body),
            Err(error) => panic!("{}: {error}", path.display()),
        }
    }

    /// With this header.
    ///
    /// # Panics
    /// If it is not a header.
    #[track_caller]
    #[allow(clippy::panic, reason = "in a test, a wrong script is a failed test")]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            (Ok(name), Ok(value)) => self.headers.append(name, value),
            _ => panic!("{name}: {value} is not a header"),
        };
        self
    }

    /// With these headers in place of those that it had.
    pub(crate) fn headers(mut self, headers: HeaderMap) -> Self {
        self.headers = headers;
        self
    }

    /// With this fault.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// The conversation that the answer is, and what comes before it.
    pub(super) fn conversation(&self) -> Option<(Conversation, &[Fault])> {
        Some((self.conversation.clone()?, &self.faults))
    }

    /// What happens on the wire, in order; the connection ends after the last step.
    pub(crate) fn steps(&self, to_head: bool) -> Vec<Step> {
        let mut steps = Vec::new();
        let (mut body, mut pieces, mut stalls) = (self.body.clone(), None, false);
        let mut length = u64::try_from(body.len()).unwrap_or(u64::MAX);
        for fault in &self.faults {
            match fault {
                Fault::Delay(time) => steps.push(Step::Wait(*time)),
                Fault::Hold(gate) => steps.push(Step::Hold(gate.clone())),
                Fault::Stall => {
                    steps.push(Step::Stall);
                    return steps;
                }
                Fault::Reset => return steps,
                Fault::Garbage(bytes) => {
                    steps.push(Step::Write(bytes.clone()));
                    return steps;
                }
                Fault::StallAfter(bytes) => {
                    body.truncate(*bytes);
                    stalls = true;
                }
                Fault::Truncate(bytes) => body.truncate(*bytes),
                Fault::Length(promised) => length = *promised,
                Fault::Trickle { bytes, every } => pieces = Some(((*bytes).max(1), *every)),
            }
        }
        steps.push(Step::Write(self.head(length)));
        if !to_head {
            match pieces {
                Some((bytes, every)) => {
                    while !body.is_empty() {
                        let piece = body.split_to(bytes.min(body.len()));
                        steps.extend([Step::Wait(every), Step::Write(piece)]);
                    }
                }
                None => steps.push(Step::Write(body)),
            }
        }
        if stalls {
            steps.push(Step::Stall);
        }
        steps
    }

    fn head(&self, length: u64) -> Bytes {
        let mut head = format!("HTTP/1.1 {}\r\n", self.status.as_u16()).into_bytes();
        let mut field = |name: &HeaderName, value: &[u8]| {
            head.extend_from_slice(name.as_str().as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value);
            head.extend_from_slice(b"\r\n");
        };
        for (name, value) in &self.headers {
            field(name, value.as_bytes());
        }
        let bodiless = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&self.status);
        if !bodiless && !self.headers.contains_key(CONTENT_LENGTH) {
            field(&CONTENT_LENGTH, length.to_string().as_bytes());
        }
        head.extend_from_slice(b"\r\n");
        head.into()
    }
}
