//! The gate for what a target sends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use super::body::Body;
use super::head::{self, Framing, HeadEnd, Violation};
use super::stream::{Gate, Refused};

/// The most interim responses (1xx) before the final one.
const MAX_INTERIM: u32 = 16;

/// Lets one final response through for each request, after interim ones, and not a byte more.
#[derive(Debug)]
pub(crate) struct ResponseGate {
    state: State,
    head: HeadEnd,
    limit: usize,
    turns: Arc<Turns>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// No response is due.
    Idle,
    /// After so many interim responses with so many bytes.
    Head {
        to_head: bool,
        interim: u32,
        bytes: usize,
    },
    Body(Body),
    /// The target has switched to another protocol.
    Open,
}

/// Whose turn it is on a connection: its user says when a request begins, its gate when the
/// response is whole. One at a time.
#[derive(Debug, Default)]
pub(crate) struct Turns(AtomicU8);

impl Turns {
    const OVER: u8 = 0;
    const BEGUN: u8 = 1;
    const BEGUN_HEAD: u8 = 2;
    const UNDER_WAY: u8 = 3;
    const ANSWERED: u8 = 4;

    /// What is written next is a request; a response to `HEAD` has no body.
    pub(crate) fn begin(&self, is_head: bool) {
        self.0.store(if is_head { Self::BEGUN_HEAD } else { Self::BEGUN }, Ordering::Release);
    }

    /// Whether nothing of the request that has begun was written.
    pub(crate) fn is_unwritten(&self) -> bool {
        matches!(self.0.load(Ordering::Acquire), Self::BEGUN | Self::BEGUN_HEAD)
    }

    /// Whether something of the response has come.
    pub(crate) fn is_answered(&self) -> bool {
        matches!(self.0.load(Ordering::Acquire), Self::ANSWERED | Self::OVER)
    }

    /// Whether every response so far has come whole, by the gate's reading.
    pub(crate) fn are_over(&self) -> bool {
        self.0.load(Ordering::Acquire) == Self::OVER
    }
}

impl ResponseGate {
    /// `limit` is for all heads of one response together, in bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { state: State::Idle, head: HeadEnd::new(limit), limit, turns: Arc::default() }
    }

    pub(crate) fn turns(&self) -> Arc<Turns> {
        self.turns.clone()
    }

    /// The state behind a whole head.
    fn after(&mut self, head: &[u8]) -> Result<State, Violation> {
        let State::Head { to_head, interim, bytes } = self.state else {
            return Ok(self.state);
        };
        let (status, framing) = head::check_response(head)?;
        Ok(match status {
            101 => State::Open,
            100..200 if interim == MAX_INTERIM => return Err(Violation::TooManyInterim),
            100..200 => {
                let bytes = bytes + head.len();
                self.head = HeadEnd::new(self.limit.saturating_sub(bytes));
                State::Head { to_head, interim: interim + 1, bytes }
            }
            // RFC 9112, 6.3.
            204 | 304 => State::Body(Body::Length(0)),
            _ if to_head => State::Body(Body::Length(0)),
            _ => State::Body(Body::new(framing.unwrap_or(Framing::UntilClose))),
        })
    }
}

impl Gate for ResponseGate {
    fn step(&mut self, bytes: &[u8]) -> Result<usize, Violation> {
        let passed = match &mut self.state {
            State::Idle => return Err(Violation::Unasked),
            State::Open => bytes.len(),
            State::Body(body) => body.advance(bytes)?,
            State::Head { .. } => {
                self.turns.0.store(Turns::ANSWERED, Ordering::Release);
                let Some(end) = self.head.find(bytes)? else {
                    return Ok(0);
                };
                self.state = self.after(bytes.get(..end).unwrap_or_default())?;
                end
            }
        };
        if matches!(self.state, State::Body(body) if body.is_whole()) {
            self.state = State::Idle;
            self.turns.0.store(Turns::OVER, Ordering::Release);
        }
        Ok(passed)
    }

    fn is_in_body(&self) -> bool {
        matches!(self.state, State::Body(_))
    }

    fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    fn refuse(&mut self, violation: Violation) -> Refused {
        Refused::Fail(violation)
    }

    fn is_beginning(&self) -> bool {
        self.turns.is_unwritten()
    }

    fn begin(&mut self) -> Result<(), Violation> {
        if !matches!(self.state, State::Idle) {
            return Err(Violation::Unasked);
        }
        let turn = self.turns.0.swap(Turns::UNDER_WAY, Ordering::AcqRel);
        self.head = HeadEnd::new(self.limit);
        let to_head = turn == Turns::BEGUN_HEAD;
        self.state = State::Head { to_head, interim: 0, bytes: 0 };
        Ok(())
    }
}
