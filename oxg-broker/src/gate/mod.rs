//! A stream that lets only well-formed requests through.
//!
//! hyper parses leniently: it takes bare line feeds, drops a `Content-Length` beside
//! `Transfer-Encoding`, and forgets what stood in the request target. The gate reads the same bytes
//! first. A bad head never reaches hyper: in its place goes one request for [`REFUSED_PATH`], so
//! that the answer leaves in order, and nothing after it. Once a connection has switched to another
//! protocol, the gate is open.

mod head;
mod response;

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use head::Framing;
pub(crate) use head::{MAX_LINES, MAX_RESPONSE_LINES, Violation};
pub(crate) use response::ResponseGated;

/// What a refused request asks for, whatever it asked for.
pub(crate) const REFUSED_PATH: &str = "/refused";
const REFUSED_HEAD: &[u8] = b"GET /refused HTTP/1.1\r\nhost: broker\r\nconnection: close\r\n\r\n";
/// The longest chunk-size or trailer line, in bytes.
const MAX_CHUNK_LINE: usize = 1024;
/// The most trailer bytes behind a chunked body.
const MAX_TRAILERS: usize = 8 << 10;

/// Where the violation of a connection, if there was one, is found.
pub(crate) type Refusal = Arc<OnceLock<Violation>>;

/// The position in the stream of requests.
#[derive(Debug)]
enum State {
    Head,
    Body { left: u64 },
    ChunkSize,
    ChunkData { left: u64 },
    ChunkEnd,
    Trailers { seen: usize },
    Refused,
}

/// The gate without the stream: bytes in, bytes out.
#[derive(Debug)]
struct Gate {
    state: State,
    line: Vec<u8>,
    head_limit: usize,
}

impl Gate {
    fn new(head_limit: usize) -> Self {
        Self { state: State::Head, line: Vec::new(), head_limit }
    }

    /// Passes on of `input` what is well-formed.
    fn feed(&mut self, mut input: &[u8], out: &mut Vec<u8>) -> Result<(), Violation> {
        while !input.is_empty() {
            let taken = match self.state {
                State::Head => self.feed_head(input, out)?,
                State::Body { left } => {
                    let taken = pass(input, left, out);
                    self.state = match left - taken as u64 {
                        0 => State::Head,
                        left => State::Body { left },
                    };
                    taken
                }
                State::ChunkData { left } => {
                    let taken = pass(input, left, out);
                    self.state = match left - taken as u64 {
                        0 => State::ChunkEnd,
                        left => State::ChunkData { left },
                    };
                    taken
                }
                State::ChunkSize | State::ChunkEnd | State::Trailers { .. } => {
                    self.feed_line(input, out)?
                }
                State::Refused => return Ok(()),
            };
            input = &input[taken..];
        }
        Ok(())
    }

    fn feed_head(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<usize, Violation> {
        // The end may straddle two reads: look from three bytes back.
        let from = self.line.len().saturating_sub(3);
        let old = self.line.len();
        let room = self.head_limit.saturating_sub(old);
        self.line.extend_from_slice(&input[..input.len().min(room)]);
        let Some(at) = find(&self.line[from..], b"\r\n\r\n") else {
            if self.line.len() >= self.head_limit {
                return Err(Violation::HeadTooLarge(self.head_limit));
            }
            return Ok(self.line.len() - old);
        };
        let end = from + at + 4;
        let framing = head::check(&self.line[..end])?;
        out.extend_from_slice(&self.line[..end]);
        self.line.clear();
        self.state = match framing {
            Framing::Length(0) => State::Head,
            Framing::Length(left) => State::Body { left },
            Framing::Chunked => State::ChunkSize,
        };
        Ok(end - old)
    }

    fn feed_line(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<usize, Violation> {
        let taken = input.iter().position(|b| *b == b'\n').map_or(input.len(), |at| at + 1);
        self.line.extend_from_slice(&input[..taken]);
        if self.line.len() > MAX_CHUNK_LINE {
            return Err(Violation::Chunk);
        }
        if !self.line.ends_with(b"\n") {
            return Ok(taken);
        }
        let line = self.line.strip_suffix(b"\r\n").ok_or(Violation::BareLineBreak)?;
        if line.contains(&b'\r') {
            return Err(Violation::BareLineBreak);
        }
        self.state = match self.state {
            State::ChunkSize => match chunk_size(line).ok_or(Violation::Chunk)? {
                0 => State::Trailers { seen: 0 },
                left => State::ChunkData { left },
            },
            State::ChunkEnd if line.is_empty() => State::ChunkSize,
            State::Trailers { .. } if line.is_empty() => State::Head,
            State::Trailers { seen } if seen + line.len() <= MAX_TRAILERS => {
                State::Trailers { seen: seen + line.len() }
            }
            _ => return Err(Violation::Chunk),
        };
        out.append(&mut self.line);
        Ok(taken)
    }
}

/// Copies at most `left` bytes and says how many.
fn pass(input: &[u8], left: u64, out: &mut Vec<u8>) -> usize {
    let taken = usize::try_from(left).map_or(input.len(), |left| left.min(input.len()));
    out.extend_from_slice(&input[..taken]);
    taken
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// The size of a chunk; extensions are refused, since no peer of ours sends them.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(line).ok()?;
    let hexadecimal = (1..=16).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    if hexadecimal { u64::from_str_radix(text, 16).ok() } else { None }
}

/// A connection behind a gate.
#[derive(Debug)]
pub(crate) struct Gated<S> {
    stream: S,
    gate: Gate,
    refusal: Refusal,
    /// Set once the connection has switched to another protocol: all bytes pass.
    open: Arc<AtomicBool>,
    ready: Vec<u8>,
    sent: usize,
}

impl<S> Gated<S> {
    /// The stream; where a violation is found; and what opens the gate for good.
    pub(crate) fn new(stream: S, head_limit: usize) -> (Self, Refusal, Arc<AtomicBool>) {
        let (refusal, open) = (Refusal::default(), Arc::<AtomicBool>::default());
        let gated = Self {
            stream,
            gate: Gate::new(head_limit),
            refusal: refusal.clone(),
            open: open.clone(),
            ready: Vec::new(),
            sent: 0,
        };
        (gated, refusal, open)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Gated<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if this.sent < this.ready.len() {
                let waiting = &this.ready[this.sent..];
                let count = waiting.len().min(buf.remaining());
                buf.put_slice(&waiting[..count]);
                this.sent += count;
                return Poll::Ready(Ok(()));
            }
            if matches!(this.gate.state, State::Refused) {
                // An end of the stream before the refusal has been answered would look like a peer
                // that left, and hyper would not answer. It closes by itself when it has: the
                // request in its place says so.
                return match this.refusal.get() {
                    Some(_) => Poll::Pending,
                    None => Poll::Ready(Ok(())),
                };
            }
            this.ready.clear();
            this.sent = 0;
            if this.open.load(Ordering::Acquire) {
                // What came too early, and looked like the beginning of a head.
                this.ready.append(&mut this.gate.line);
                if this.ready.is_empty() {
                    return Pin::new(&mut this.stream).poll_read(cx, buf);
                }
                continue;
            }
            let mut space = [0; 8 << 10];
            let mut read = ReadBuf::new(&mut space);
            ready!(Pin::new(&mut this.stream).poll_read(cx, &mut read))?;
            if read.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            let in_head = |gate: &Gate| matches!(gate.state, State::Head);
            if let Err(violation) = this.gate.feed(read.filled(), &mut this.ready) {
                // Inside a body the broken request is known to hyper already: the early end of the
                // stream fails it.
                if in_head(&this.gate) && this.refusal.set(violation).is_ok() {
                    this.ready.extend_from_slice(REFUSED_HEAD);
                }
                this.gate.state = State::Refused;
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Gated<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TWO: &[u8] = b"POST /a HTTP/1.1\r\nhost: b\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n\
                         PUT /b HTTP/1.1\r\nhost: b\r\ncontent-length: 2\r\n\r\n\r\nGET /c HTTP/1.1\r\nhost: b\r\n\r\n";

    fn feed_all(chunks: &[&[u8]]) -> (Vec<u8>, Result<(), Violation>) {
        let (mut gate, mut out) = (Gate::new(1024), Vec::new());
        for chunk in chunks {
            if let Err(violation) = gate.feed(chunk, &mut out) {
                return (out, Err(violation));
            }
        }
        (out, Ok(()))
    }

    #[test]
    fn good_requests_pass_unchanged_at_every_split() {
        for at in 0..=TWO.len() {
            let (left, right) = TWO.split_at(at);
            assert_eq!(feed_all(&[left, right]), (TWO.to_vec(), Ok(())), "split at {at}");
        }
    }

    #[test]
    fn a_head_at_the_limit_passes_and_one_byte_more_does_not() {
        let head = |size: usize| {
            let start = "GET / HTTP/1.1\r\nhost: b\r\nx: ";
            format!("{start}{}\r\n\r\n", "y".repeat(size - start.len() - 4)).into_bytes()
        };
        assert_eq!(feed_all(&[&head(1024)]).1, Ok(()));
        assert_eq!(feed_all(&[&head(1025)]).1, Err(Violation::HeadTooLarge(1024)));
    }

    #[test]
    fn a_malformed_chunk_ends_the_stream() {
        let head = "POST /a HTTP/1.1\r\nhost: b\r\ntransfer-encoding: chunked\r\n\r\n";
        for body in [
            "3 \r\nabc\r\n",
            "0x3\r\nabc\r\n",
            "3\nabc\r\n",
            "3\r\nabcd\r\n",
            "3;x=y\r\nabc\r\n",
            "\r\n",
        ] {
            let (_, result) = feed_all(&[head.as_bytes(), body.as_bytes()]);
            assert!(result.is_err(), "{body:?}");
        }
    }

    proptest! {
        #[test]
        fn splitting_changes_nothing(mut bytes in proptest::collection::vec(any::<u8>(), 0..64), at in 0..300_usize) {
            let mut input = TWO.to_vec();
            input.append(&mut bytes);
            let (left, right) = input.split_at(at.min(input.len()));
            let (whole, split) = (feed_all(&[&input]), feed_all(&[left, right]));
            prop_assert_eq!(whole.1, split.1);
            prop_assert_eq!(whole.0, split.0);
        }
    }
}
