use flate2::{Decompress, FlushDecompress, Status};

use super::{Decoder, DecompressionError};

/// The largest window of deflate, as a power of two.
const WINDOW_BITS: u8 = 15;

/// gzip (RFC 1952): one member after the other.
pub(super) struct Gzip {
    member: Decompress,
    is_complete: bool,
}

impl Gzip {
    pub(super) fn new() -> Self {
        Self { member: Decompress::new_gzip(WINDOW_BITS), is_complete: false }
    }
}

impl Decoder for Gzip {
    fn decode(
        &mut self,
        input: &[u8],
        output: &mut [u8],
    ) -> Result<(usize, usize), DecompressionError> {
        if input.is_empty() && self.is_complete {
            return Ok((0, 0));
        }
        if self.is_complete {
            *self = Self::new();
        }
        let (taken, given) = (self.member.total_in(), self.member.total_out());
        let status = self
            .member
            .decompress(input, output, FlushDecompress::None)
            .map_err(|_| DecompressionError::Malformed)?;
        self.is_complete = matches!(status, Status::StreamEnd);
        let moved = |now: u64, before: u64| usize::try_from(now - before).unwrap_or(usize::MAX);
        Ok((moved(self.member.total_in(), taken), moved(self.member.total_out(), given)))
    }

    fn is_complete(&self) -> bool {
        self.is_complete
    }
}
