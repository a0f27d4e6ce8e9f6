//! The gate for what a plugin sends.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use super::body::Body;
use super::head::{self, HeadEnd, Violation};
use super::stream::{Gate, Refused};

/// What a refused request asks for, whatever it asked for.
pub(crate) const REFUSED_PATH: &str = "/refused";
const REFUSED_HEAD: &[u8] = b"GET /refused HTTP/1.1\r\nhost: broker\r\nconnection: close\r\n\r\n";

/// Lets well-formed requests through. A bad head never passes: in its place goes one request for
/// [`REFUSED_PATH`], so that the answer leaves in order, and nothing after it.
#[derive(Debug)]
pub(crate) struct RequestGate {
    head: HeadEnd,
    /// The body behind the last head.
    body: Body,
    violation: Arc<OnceLock<Violation>>,
    open: Arc<AtomicBool>,
}

impl RequestGate {
    /// `head_limit` is for each head, in bytes.
    pub(crate) fn new(head_limit: usize) -> Self {
        Self {
            head: HeadEnd::new(head_limit),
            body: Body::Length(0),
            violation: Arc::default(),
            open: Arc::default(),
        }
    }

    /// Where the violation of the connection, if there was one, is found.
    pub(crate) fn violation(&self) -> Arc<OnceLock<Violation>> {
        self.violation.clone()
    }

    /// Opens the gate for good, once the connection has switched to another protocol.
    pub(crate) fn opener(&self) -> Arc<AtomicBool> {
        self.open.clone()
    }
}

impl Gate for RequestGate {
    fn step(&mut self, bytes: &[u8]) -> Result<usize, Violation> {
        if !self.body.is_whole() {
            return self.body.advance(bytes);
        }
        let Some(end) = self.head.find(bytes)? else {
            return Ok(0);
        };
        self.body = Body::new(head::check(bytes.get(..end).unwrap_or_default())?);
        Ok(end)
    }

    fn is_in_body(&self) -> bool {
        !self.body.is_whole()
    }

    fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    fn refuse(&mut self, violation: Violation) -> Refused {
        // Inside a body the broken request is known behind the gate already: the early end of the
        // stream fails it.
        if self.body.is_whole() && self.violation.set(violation).is_ok() {
            return Refused::Instead(REFUSED_HEAD);
        }
        Refused::End
    }
}
