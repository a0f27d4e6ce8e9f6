use std::time::Duration;

use tokio_tungstenite::tungstenite::Error as Tungstenite;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};

use crate::channel::BoxError;
use crate::clients::http::{HttpError, HttpResponse};

/// Why a WebSocket was not opened, or broke.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebSocketError {
    /// No answer of the target: denied, unreachable, malformed and so on.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The target answered, but does not want a WebSocket.
    #[error("{} answered {} instead of opening a WebSocket", .0.url().origin(), .0.status())]
    Rejected(Box<HttpResponse>),
    /// The answer opens no WebSocket although its status says so.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// A message is longer than the plugin wants.
    #[error("the message is longer than {limit} bytes; max_message sets the limit")]
    TooLarge {
        /// What the plugin wants, in bytes.
        limit: usize,
    },
    /// The peer broke the protocol.
    #[error("the peer broke the WebSocket protocol")]
    Protocol(#[source] BoxError),
    /// The connection broke off without a close.
    #[error("the connection broke off without a close")]
    Lost(#[source] BoxError),
    /// Nothing passed for too long, or the task's time is over.
    #[error("nothing passed within {0:?}")]
    Deadline(Duration),
    /// It is closed; nothing can be sent.
    #[error("the WebSocket is closed")]
    Closed,
}

/// What is wrong with an answer of status 101 (RFC 6455, 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// `Connection: Upgrade` or `Upgrade: websocket` is missing.
    #[error("the answer switches to another protocol than WebSocket")]
    Upgrade,
    /// `Sec-WebSocket-Accept` does not prove that the handshake was understood.
    #[error("the answer does not prove that the handshake was understood")]
    Accept,
    /// A subprotocol that was not offered.
    #[error("the answer picks a subprotocol that was not offered")]
    Subprotocol,
    /// An extension, although none was offered.
    #[error("the answer turns on an extension that was not offered")]
    Extension,
}

impl WebSocketError {
    pub(super) fn of(error: Tungstenite, limit: usize) -> Self {
        match error {
            Tungstenite::ConnectionClosed | Tungstenite::AlreadyClosed => Self::Closed,
            Tungstenite::Protocol(ProtocolError::SendAfterClosing) => Self::Closed,
            Tungstenite::Protocol(ProtocolError::ResetWithoutClosingHandshake)
            | Tungstenite::Io(_) => Self::Lost(error.into()),
            Tungstenite::Capacity(CapacityError::MessageTooLong { .. }) => Self::TooLarge { limit },
            other => Self::Protocol(other.into()),
        }
    }
}
