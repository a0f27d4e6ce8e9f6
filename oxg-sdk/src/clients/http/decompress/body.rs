use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http_body::Frame;

use super::{Decoder, Decompression, DecompressionError};
use crate::channel::{Body, BodyError};

/// How much comes out at a time, in bytes.
const PIECE: usize = 16 << 10;

/// A body that is decoded as it is read.
pub(super) struct Decoded {
    body: Body,
    decoder: Box<dyn Decoder>,
    limits: Decompression,
    input: Bytes,
    /// Bytes taken in and given out so far.
    taken: u64,
    given: u64,
    ended: bool,
}

impl Decoded {
    pub(super) fn new(body: Body, decoder: Box<dyn Decoder>, limits: Decompression) -> Self {
        Self { body, decoder, limits, input: Bytes::new(), taken: 0, given: 0, ended: false }
    }

    /// The next piece out of what came in; `None` where more must come.
    fn decode(&mut self) -> Result<Option<Bytes>, DecompressionError> {
        let mut output = vec![0; PIECE];
        loop {
            let (read, written) = self.decoder.decode(&self.input, &mut output)?;
            self.input.advance(read.min(self.input.len()));
            self.taken += read as u64;
            self.given += written as u64;
            self.limits.check(self.taken, self.given)?;
            if written > 0 {
                output.truncate(written);
                return Ok(Some(output.into()));
            }
            if read == 0 {
                return Ok(None);
            }
        }
    }
}

impl http_body::Body for Decoded {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let failed = |error: DecompressionError| BodyError::Source(error.into());
        while !self.ended {
            match self.decode() {
                Ok(Some(bytes)) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Ok(None) => {}
                Err(error) => {
                    // Drops the connection: nothing of it is of use any more.
                    self.body = Body::empty();
                    self.ended = true;
                    return Poll::Ready(Some(Err(failed(error))));
                }
            }
            let frame = ready!(http_body::Body::poll_frame(Pin::new(&mut self.body), cx));
            match frame.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(bytes))) => self.input = bytes,
                Some(Ok(Err(_trailers))) => {}
                Some(Err(error)) => {
                    self.ended = true;
                    return Poll::Ready(Some(Err(error)));
                }
                None => {
                    self.ended = true;
                    let whole = self.taken == 0 || self.decoder.is_complete();
                    if !whole {
                        return Poll::Ready(Some(Err(failed(DecompressionError::Truncated))));
                    }
                }
            }
        }
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }
}
