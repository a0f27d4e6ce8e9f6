//! What a scripted target says over a WebSocket, and what it expects to hear.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use super::Gate;
use super::json::{Exactness, differences};

/// A conversation over a WebSocket, turn by turn, from the target's side. Pings are answered and
/// pongs are ignored in between.
///
/// ```
/// use oxg_testkit::{Answer, Conversation, Targets, get};
///
/// # fn example(targets: &Targets) {
/// let talk = Conversation::new()
///     .expect_json(serde_json::json!({ "subscribe": "prices" }))
///     .send_text("42")
///     .expect_close(1000);
/// targets.on(get("wss://feed.test/")).answer(Answer::websocket(talk));
/// # }
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a conversation begins once `Answer::websocket` has it"]
pub struct Conversation {
    pub(super) subprotocol: Option<String>,
    pub(super) wrong_accept: bool,
    pub(super) turns: Vec<Turn>,
}

#[derive(Debug, Clone)]
pub(super) enum Turn {
    Expect(Expect),
    Send(Heard),
    Ping(Bytes),
    Wait(Duration),
    Hold(Gate),
    /// For ever, with the connection open.
    Stall,
    /// As they are, whatever the protocol says.
    Raw(Bytes),
    /// The connection ends without a close.
    HangUp,
}

type Holds = Arc<dyn Fn(&[u8]) -> bool + Send + Sync>;

#[derive(Clone)]
pub(super) enum Expect {
    Text(String),
    Json(Value),
    Binary(Bytes),
    Close(u16),
    Holds { what: String, holds: Holds },
}

/// What one side tells the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Heard {
    Text(String),
    Binary(Bytes),
    Close { code: u16, reason: String },
}

impl Conversation {
    /// One without a turn: the target opens the WebSocket and hangs up.
    pub fn new() -> Self {
        Self::default()
    }

    /// Picks a subprotocol, offered or not.
    pub fn subprotocol(mut self, name: impl Into<String>) -> Self {
        self.subprotocol = Some(name.into());
        self
    }

    /// Answers the handshake wrongly: `Sec-WebSocket-Accept` does not fit the key.
    pub fn wrong_accept(mut self) -> Self {
        self.wrong_accept = true;
        self
    }

    /// The next message is this text.
    pub fn expect_text(self, text: impl Into<String>) -> Self {
        self.expect(Expect::Text(text.into()))
    }

    /// The next message is a text that is this value as JSON.
    pub fn expect_json(self, value: impl Into<Value>) -> Self {
        self.expect(Expect::Json(value.into()))
    }

    /// The next message is binary, with these bytes.
    pub fn expect_binary(self, bytes: impl Into<Bytes>) -> Self {
        self.expect(Expect::Binary(bytes.into()))
    }

    /// The next message is one that `holds` accepts. `what` tells a reader of the failure what was
    /// asked: "an order below 10".
    pub fn expect_matching(
        self,
        what: impl Into<String>,
        holds: impl Fn(&[u8]) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.expect(Expect::Holds { what: what.into(), holds: Arc::new(holds) })
    }

    /// The plugin closes, with this code. 1005 stands for none (RFC 6455, 7.1.5).
    pub fn expect_close(self, code: u16) -> Self {
        self.expect(Expect::Close(code))
    }

    /// Says a text.
    pub fn send_text(self, text: impl Into<String>) -> Self {
        self.turn(Turn::Send(Heard::Text(text.into())))
    }

    /// Says bytes; as many as no plugin wants, for one.
    pub fn send_binary(self, bytes: impl Into<Bytes>) -> Self {
        self.turn(Turn::Send(Heard::Binary(bytes.into())))
    }

    /// Sends a ping.
    pub fn ping(self, bytes: impl Into<Bytes>) -> Self {
        self.turn(Turn::Ping(bytes.into()))
    }

    /// Closes, with a code and a reason.
    pub fn close(self, code: u16, reason: impl Into<String>) -> Self {
        self.turn(Turn::Send(Heard::Close { code, reason: reason.into() }))
    }

    /// Waits before the next turn.
    pub fn delay(self, time: Duration) -> Self {
        self.turn(Turn::Wait(time))
    }

    /// Waits for the gate before the next turn.
    pub fn hold(self, gate: &Gate) -> Self {
        self.turn(Turn::Hold(gate.clone()))
    }

    /// Says nothing more, and keeps the connection open.
    pub fn stall(self) -> Self {
        self.turn(Turn::Stall)
    }

    /// Sends bytes that are no frame, or whatever they are.
    pub fn garbage(self, bytes: impl Into<Bytes>) -> Self {
        self.turn(Turn::Raw(bytes.into()))
    }

    /// Hangs up in the middle of a frame.
    pub fn break_off(self) -> Self {
        // A final text frame of 100 bytes (RFC 6455, 5.2), of which five come.
        self.turn(Turn::Raw(Bytes::from_static(b"\x81\x64hello"))).turn(Turn::HangUp)
    }

    /// Hangs up without a close.
    pub fn hang_up(self) -> Self {
        self.turn(Turn::HangUp)
    }

    fn expect(self, expected: Expect) -> Self {
        self.turn(Turn::Expect(expected))
    }

    fn turn(mut self, turn: Turn) -> Self {
        self.turns.push(turn);
        self
    }
}

impl Expect {
    /// What of `heard` differs; empty if nothing does.
    pub(super) fn differences(&self, heard: &Heard) -> Vec<String> {
        let unlike = || vec![format!("expected {self}, came {heard}")];
        match (self, heard) {
            (Self::Text(expected), Heard::Text(text)) if expected == text => Vec::new(),
            (Self::Binary(expected), Heard::Binary(bytes)) if expected == bytes => Vec::new(),
            (Self::Close(expected), Heard::Close { code, .. }) if expected == code => Vec::new(),
            (Self::Json(expected), Heard::Text(text)) => match serde_json::from_str(text) {
                Ok(value) => differences(expected, &value, Exactness::Whole),
                Err(error) => vec![format!("expected JSON, came {heard}: {error}")],
            },
            (Self::Holds { holds, .. }, Heard::Text(text)) if holds(text.as_bytes()) => Vec::new(),
            (Self::Holds { holds, .. }, Heard::Binary(bytes)) if holds(bytes) => Vec::new(),
            _ => unlike(),
        }
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "the text {:?}", super::shortened(text)),
            Self::Json(value) => write!(f, "the JSON {}", super::shortened(&value.to_string())),
            Self::Binary(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::Close(code) => write!(f, "a close with the code {code}"),
            Self::Holds { what, .. } => f.write_str(what),
        }
    }
}

impl fmt::Debug for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "the text {:?}", super::shortened(text)),
            Self::Binary(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::Close { code, reason } => write!(f, "a close with the code {code} {reason:?}"),
        }
    }
}
