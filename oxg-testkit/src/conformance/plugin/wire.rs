//! A stream whose answers can be replaced by any bytes.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What a connection's next answer is replaced by; its end follows.
#[derive(Debug, Clone, Default)]
pub(super) struct Replacement(Arc<Mutex<Option<Bytes>>>);

impl Replacement {
    /// From now on the connection writes these bytes and ends, whatever is answered.
    pub(super) fn set(&self, bytes: impl Into<Bytes>) {
        *self.lock() = Some(bytes.into());
    }

    fn lock(&self) -> MutexGuard<'_, Option<Bytes>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream that writes its [`Replacement`] once there is one, and fails then.
#[derive(Debug)]
pub(super) struct Wire<S> {
    stream: S,
    replacement: Replacement,
}

impl<S> Wire<S> {
    pub(super) fn new(stream: S, replacement: Replacement) -> Self {
        Self { stream, replacement }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Self { stream, replacement } = self.get_mut();
        let mut replacement = replacement.lock();
        let Some(bytes) = replacement.as_mut() else {
            return Pin::new(stream).poll_write(cx, buf);
        };
        while !bytes.is_empty() {
            let written = ready!(Pin::new(&mut *stream).poll_write(cx, bytes))?;
            bytes.advance(written.min(bytes.len()));
            if written == 0 {
                break;
            }
        }
        ready!(Pin::new(&mut *stream).poll_shutdown(cx))?;
        Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
