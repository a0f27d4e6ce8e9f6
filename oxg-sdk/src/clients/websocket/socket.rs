use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use futures_sink::Sink;
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};

use super::{Close, CloseCode, Message, WebSocketError};
use crate::channel::Io;

/// How long a close waits for the peer's.
const CLOSE_DEADLINE: Duration = Duration::from_secs(5);

/// An open WebSocket: a [`Stream`] and a [`Sink`] of messages. Pings are answered while it is read.
///
/// Dropped, it breaks the connection; [`close`](Self::close) says why first.
pub struct WebSocket {
    stream: WebSocketStream<Box<dyn Io>>,
    subprotocol: Option<String>,
    max_message: usize,
    timer: Timer,
    closed: Option<Close>,
    ended: bool,
}

/// Ends what does not move.
struct Timer {
    sleep: Pin<Box<Sleep>>,
    idle: Duration,
    until: Option<Instant>,
}

impl WebSocket {
    pub(super) async fn over(
        stream: Box<dyn Io>,
        read: Bytes,
        max_message: usize,
        idle: Duration,
        until: Option<Instant>,
    ) -> Self {
        let config = WebSocketConfig::default()
            .max_message_size(Some(max_message))
            .max_frame_size(Some(max_message))
            .write_buffer_size(0)
            .max_write_buffer_size(max_message.saturating_mul(2).saturating_add(64 << 10));
        let stream =
            WebSocketStream::from_partially_read(stream, read.into(), Role::Client, Some(config));
        let timer = Timer { sleep: Box::pin(sleep_until(Instant::now())), idle, until };
        let mut socket = Self {
            stream: stream.await,
            subprotocol: None,
            max_message,
            timer,
            closed: None,
            ended: false,
        };
        socket.timer.reset();
        socket
    }

    pub(super) fn speaking(mut self, subprotocol: Option<String>) -> Self {
        self.subprotocol = subprotocol;
        self
    }

    /// The subprotocol that the target picked.
    #[must_use]
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    /// What the peer said when it closed; `None` while it has not.
    #[must_use]
    pub fn closed(&self) -> Option<&Close> {
        self.closed.as_ref()
    }

    /// The next message; `None` once the peer has closed.
    ///
    /// # Errors
    /// [`WebSocketError`]; nothing comes after one.
    pub async fn receive(&mut self) -> Option<Result<Message, WebSocketError>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Sends a message and waits until it is on its way.
    ///
    /// # Errors
    /// [`WebSocketError::TooLarge`] for one that is longer than the limit; nothing is sent then.
    pub async fn send(&mut self, message: Message) -> Result<(), WebSocketError> {
        poll_fn(|cx| Pin::new(&mut *self).poll_ready(cx)).await?;
        Pin::new(&mut *self).start_send(message)?;
        poll_fn(|cx| Pin::new(&mut *self).poll_flush(cx)).await
    }

    /// Closes the WebSocket and waits up to 5 s for the peer to do so too; messages that still come
    /// are dropped. Gives what the peer said. `reason` has at most 123 bytes.
    ///
    /// # Errors
    /// [`WebSocketError::Deadline`] where the peer does not close.
    pub async fn close(
        mut self,
        code: CloseCode,
        reason: &str,
    ) -> Result<Option<Close>, WebSocketError> {
        let frame = CloseFrame { code: code.get().into(), reason: reason.into() };
        let close = async {
            match self.stream.close(Some(frame)).await.map_err(|e| self.error(e)) {
                Ok(()) | Err(WebSocketError::Closed) => {}
                Err(error) => return Err(error),
            }
            while let Some(message) = self.receive().await {
                message?;
            }
            Ok(self.closed.take())
        };
        timeout(CLOSE_DEADLINE, close)
            .await
            .map_err(|_| WebSocketError::Deadline(CLOSE_DEADLINE))?
    }

    fn error(&self, error: tokio_tungstenite::tungstenite::Error) -> WebSocketError {
        WebSocketError::of(error, self.max_message)
    }

    /// What a step of the sink comes to: it waits no longer than the timer.
    fn step(
        &mut self,
        cx: &mut Context<'_>,
        step: Poll<Result<(), tokio_tungstenite::tungstenite::Error>>,
    ) -> Poll<Result<(), WebSocketError>> {
        match step {
            Poll::Ready(result) => Poll::Ready(result.map_err(|error| self.error(error))),
            Poll::Pending => self.timer.poll(cx).map(Err),
        }
    }
}

impl Timer {
    fn reset(&mut self) {
        let end = Instant::now() + self.idle;
        self.sleep.as_mut().reset(self.until.map_or(end, |until| until.min(end)));
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<WebSocketError> {
        self.sleep.as_mut().poll(cx).map(|()| WebSocketError::Deadline(self.idle))
    }
}

impl Stream for WebSocket {
    type Item = Result<Message, WebSocketError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while !self.ended {
            let frame = match Pin::new(&mut self.stream).poll_next(cx) {
                Poll::Ready(Some(Ok(frame))) => frame,
                Poll::Ready(Some(Err(error))) => {
                    self.ended = true;
                    return Poll::Ready(Some(Err(self.error(error))));
                }
                Poll::Ready(None) => break,
                Poll::Pending => {
                    return self.timer.poll(cx).map(|error| {
                        self.ended = true;
                        Some(Err(error))
                    });
                }
            };
            self.timer.reset();
            match frame {
                Frame::Text(text) => {
                    return Poll::Ready(Some(Ok(Message::Text(text.as_str().to_owned()))));
                }
                Frame::Binary(bytes) => return Poll::Ready(Some(Ok(Message::Binary(bytes)))),
                Frame::Close(frame) => {
                    let frame = frame.map(|frame| (u16::from(frame.code), frame.reason));
                    self.closed = Some(Close {
                        code: frame.as_ref().and_then(|(code, _)| CloseCode::new(*code)),
                        reason: frame.map(|(_, reason)| reason.to_string()).unwrap_or_default(),
                    });
                }
                _ => {}
            }
        }
        self.ended = true;
        Poll::Ready(None)
    }
}

impl Sink<Message> for WebSocket {
    type Error = WebSocketError;

    fn poll_ready(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), WebSocketError>> {
        let step = Pin::new(&mut self.stream).poll_ready(cx);
        self.step(cx, step)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), WebSocketError> {
        if message.len() > self.max_message {
            return Err(WebSocketError::TooLarge { limit: self.max_message });
        }
        let frame = match message {
            Message::Text(text) => Frame::text(text),
            Message::Binary(bytes) => Frame::binary(bytes),
        };
        self.timer.reset();
        Pin::new(&mut self.stream).start_send(frame).map_err(|error| self.error(error))
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), WebSocketError>> {
        let step = Pin::new(&mut self.stream).poll_flush(cx);
        self.step(cx, step)
    }

    fn poll_close(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), WebSocketError>> {
        let step = Pin::new(&mut self.stream).poll_close(cx);
        self.step(cx, step)
    }
}

impl fmt::Debug for WebSocket {
    /// Without what passes through it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket")
            .field("subprotocol", &self.subprotocol)
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}
