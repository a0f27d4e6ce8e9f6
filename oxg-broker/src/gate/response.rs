//! The same for what targets send: a head that two parsers could read differently is no response.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::head::{self, Violation};

/// The most interim responses (1xx) before the final one.
const MAX_INTERIM: u32 = 16;

/// A stream from a target that lets one final response through, after interim ones.
#[derive(Debug)]
pub(crate) struct ResponseGated<S> {
    stream: S,
    head: Vec<u8>,
    /// Where in `head` the head begins that is not whole yet.
    start: usize,
    limit: usize,
    interim: u32,
    /// How much of `head` has been passed on; `None` while it is not whole.
    sent: Option<usize>,
    /// The final head has passed: what follows is its body.
    open: bool,
}

impl<S> ResponseGated<S> {
    /// `limit` is for all heads together, in bytes.
    pub(crate) fn new(stream: S, limit: usize) -> Self {
        Self { stream, head: Vec::new(), start: 0, limit, interim: 0, sent: None, open: false }
    }

    /// Takes in bytes. Once every head is there and well-formed they are ready to pass.
    fn feed(&mut self, bytes: &[u8]) -> Result<(), Violation> {
        // The end may straddle two reads: look from three bytes back.
        let mut from = self.head.len().saturating_sub(3).max(self.start);
        self.head.extend_from_slice(bytes);
        while let Some(at) = self.head.get(from..).and_then(|rest| super::find(rest, b"\r\n\r\n")) {
            let end = from + at + 4;
            if end > self.limit {
                return Err(Violation::HeadTooLarge(self.limit));
            }
            let whole = self.head.get(self.start..end).unwrap_or_default();
            let status = head::check_response(whole)?;
            if status >= 200 || status == 101 {
                self.sent = Some(0);
                return Ok(());
            }
            self.interim += 1;
            if self.interim > MAX_INTERIM {
                return Err(Violation::TooManyInterim);
            }
            self.start = end;
            from = end;
        }
        if self.head.len() > self.limit {
            return Err(Violation::HeadTooLarge(self.limit));
        }
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ResponseGated<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if this.open {
                return Pin::new(&mut this.stream).poll_read(cx, buf);
            }
            if let Some(sent) = this.sent {
                let waiting = this.head.get(sent..).unwrap_or_default();
                let (now, later) = waiting.split_at(waiting.len().min(buf.remaining()));
                buf.put_slice(now);
                this.sent = Some(sent + now.len());
                if later.is_empty() {
                    this.open = true;
                    this.head = Vec::new();
                }
                return Poll::Ready(Ok(()));
            }
            let mut space = [0; 8 << 10];
            let mut read = ReadBuf::new(&mut space);
            ready!(Pin::new(&mut this.stream).poll_read(cx, &mut read))?;
            if read.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            this.feed(read.filled())
                .map_err(|violation| io::Error::new(io::ErrorKind::InvalidData, violation))?;
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ResponseGated<S> {
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
    use tokio::io::AsyncReadExt as _;

    const GOOD: &str = "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\n\
                        content-length: 4\r\n\r\nb\n\r\nHTTP";

    async fn read(parts: Vec<Vec<u8>>, limit: usize) -> io::Result<Vec<u8>> {
        let (near, mut far) = tokio::io::duplex(1);
        let write = async move {
            use tokio::io::AsyncWriteExt as _;
            for part in parts {
                let _ = far.write_all(&part).await;
            }
        };
        let mut gated = ResponseGated::new(near, limit);
        let mut out = Vec::new();
        let (result, ()) = tokio::join!(
            async {
                let result = gated.read_to_end(&mut out).await;
                drop(gated);
                result
            },
            write
        );
        result.map(|_| out)
    }

    #[tokio::test]
    async fn interim_and_final_head_pass_and_the_body_whatever_it_is() {
        assert_eq!(read(vec![GOOD.into()], 1024).await.unwrap(), GOOD.as_bytes());
    }

    #[tokio::test]
    async fn the_heads_are_limited_together_and_so_are_interim_ones() {
        let heads = GOOD.find("b\n").unwrap();
        assert!(read(vec![GOOD.into()], heads).await.is_ok());
        assert!(read(vec![GOOD.into()], heads - 1).await.is_err());
        let flood = |count| "HTTP/1.1 103 x\r\n\r\n".repeat(count) + "HTTP/1.1 200 OK\r\n\r\n";
        assert!(read(vec![flood(16).into()], 1 << 20).await.is_ok());
        assert!(read(vec![flood(17).into()], 1 << 20).await.is_err());
        assert!(read(vec!["x".repeat(2000).into()], 1024).await.is_err(), "a head without an end");
    }

    proptest! {
        #[test]
        fn splitting_changes_nothing(at in 0..90_usize, byte in 0..90_usize, with: u8) {
            let mut bytes = GOOD.as_bytes().to_vec();
            let (at, byte) = (at.min(bytes.len()), byte.min(bytes.len() - 1));
            bytes[byte] = with;
            let whole = |parts| {
                let mut gate = ResponseGated::new((), 1024);
                for part in parts {
                    if gate.sent.is_none() {
                        gate.feed(part)?;
                    } else {
                        gate.head.extend_from_slice(part);
                    }
                }
                Ok::<_, Violation>((gate.head, gate.sent))
            };
            let (left, right) = bytes.split_at(at);
            prop_assert_eq!(whole(vec![&bytes[..]]), whole(vec![left, right]));
        }
    }
}
