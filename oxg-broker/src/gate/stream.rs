//! A stream behind a gate.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::head::Violation;

/// How much is read at a time where it cannot pass at once.
const READ_SIZE: usize = 8 << 10;

/// What decides on the bytes of a stream.
pub(crate) trait Gate: Unpin {
    /// How many bytes at the start of `bytes` may pass; 0 if what they begin is not whole yet: then
    /// the same bytes come again with more behind them. `bytes` are never empty.
    fn step(&mut self, bytes: &[u8]) -> Result<usize, Violation>;

    /// Whether the next byte is one of a body, of which any part may pass.
    fn is_in_body(&self) -> bool;

    /// Whether everything passes from here on.
    fn is_open(&self) -> bool;

    /// What to do about a violation.
    fn refuse(&mut self, violation: Violation) -> Refused;

    /// Whether what is written next begins an exchange, before which nothing may have come.
    fn is_beginning(&self) -> bool {
        false
    }

    /// Begins it: nothing has come.
    fn begin(&mut self) -> Result<(), Violation> {
        Ok(())
    }
}

/// What the reader gets in place of the bytes that may not pass.
#[derive(Debug)]
pub(crate) enum Refused {
    /// These, and nothing after them.
    Instead(&'static [u8]),
    /// The end of the stream.
    End,
    /// An error.
    Fail(Violation),
}

/// A stream of which only that is read which its gate lets through.
#[derive(Debug)]
pub(crate) struct Gated<S, G> {
    stream: S,
    gate: G,
    /// What has been read from the stream and not from here; the first `passed` bytes may pass.
    held: Vec<u8>,
    passed: usize,
    /// What stopped the stream, once what passed before it has been read.
    violation: Option<Violation>,
    refused: Option<Refused>,
}

impl<S, G: Gate> Gated<S, G> {
    pub(crate) fn new(stream: S, gate: G) -> Self {
        Self { stream, gate, held: Vec::new(), passed: 0, violation: None, refused: None }
    }

    /// How many of `bytes` may pass.
    fn feed(&mut self, bytes: &[u8]) -> usize {
        let mut passed = 0;
        while let Some(rest) = bytes.get(passed..).filter(|rest| !rest.is_empty()) {
            match self.gate.step(rest) {
                Ok(0) => break,
                Ok(more) => passed += more,
                Err(violation) => {
                    self.violation = Some(violation);
                    break;
                }
            }
        }
        passed
    }

    /// Gives of what is held as much as there is room for.
    fn give(&mut self, buf: &mut ReadBuf<'_>) {
        let count = self.passed.min(buf.remaining());
        buf.put_slice(self.held.get(..count).unwrap_or_default());
        self.held.drain(..count);
        self.passed -= count;
    }
}

impl<S: AsyncRead + Unpin, G: Gate> Gated<S, G> {
    /// Reads what belongs to a body straight to where it is wanted; true if something came of it.
    fn poll_body(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<bool>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        let filled = buf.filled().get(before..).unwrap_or_default();
        if filled.is_empty() {
            return Poll::Ready(Ok(true));
        }
        let passed = self.feed(filled);
        self.held.extend_from_slice(filled.get(passed..).unwrap_or_default());
        buf.set_filled(before + passed);
        Poll::Ready(Ok(passed > 0))
    }
}

impl<S: AsyncRead + Unpin, G: Gate> AsyncRead for Gated<S, G> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if this.passed > 0 || buf.remaining() == 0 {
                this.give(buf);
                return Poll::Ready(Ok(()));
            }
            if let Some(violation) = this.violation.take() {
                let refused = this.gate.refuse(violation);
                this.held.clear();
                if let Refused::Instead(bytes) = refused {
                    this.held.extend_from_slice(bytes);
                    this.passed = bytes.len();
                }
                this.refused = Some(refused);
                continue;
            }
            match this.refused {
                None => {}
                // An end before the answer to what was put in its place would look like a peer that
                // left, and nobody would answer. The connection is closed with the answer.
                Some(Refused::Instead(_)) => return Poll::Pending,
                Some(Refused::End) => return Poll::Ready(Ok(())),
                Some(Refused::Fail(violation)) => return Poll::Ready(Err(invalid(violation))),
            }
            if this.gate.is_open() {
                // What came before the gate was open, and looked like the beginning of a head.
                this.passed = this.held.len();
                if this.passed == 0 {
                    return Pin::new(&mut this.stream).poll_read(cx, buf);
                }
                continue;
            }
            if this.held.is_empty() && this.gate.is_in_body() {
                if ready!(this.poll_body(cx, buf))? {
                    return Poll::Ready(Ok(()));
                }
                continue;
            }
            let mut space = [0; READ_SIZE];
            let mut read = ReadBuf::new(&mut space);
            ready!(Pin::new(&mut this.stream).poll_read(cx, &mut read))?;
            if read.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            let mut held = std::mem::take(&mut this.held);
            held.extend_from_slice(read.filled());
            this.passed = this.feed(&held);
            this.held = held;
        }
    }
}

impl<S: AsyncRead + Unpin, G: Gate> Gated<S, G> {
    /// Before an exchange begins nothing may have come: what is there already is not its response.
    fn poll_begin(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if !self.gate.is_beginning() {
            return Ok(());
        }
        let mut space = [0; 1];
        let mut read = ReadBuf::new(&mut space);
        match Pin::new(&mut self.stream).poll_read(cx, &mut read) {
            Poll::Pending if self.held.is_empty() => self.gate.begin().map_err(invalid),
            Poll::Ready(Err(error)) => Err(error),
            Poll::Ready(Ok(())) if read.filled().is_empty() => {
                Err(io::ErrorKind::ConnectionAborted.into())
            }
            _ => Err(invalid(Violation::Unasked)),
        }
    }
}

fn invalid(violation: Violation) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, violation)
}

impl<S: AsyncRead + AsyncWrite + Unpin, G: Gate> AsyncWrite for Gated<S, G> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_begin(cx)?;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_begin(cx)?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
