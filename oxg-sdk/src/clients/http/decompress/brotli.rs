use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use super::{Decoder, DecompressionError};

/// Brotli (RFC 7932), without the large windows that the web does not have.
pub(super) struct Brotli {
    state: Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>,
    total: usize,
    is_complete: bool,
}

impl Brotli {
    pub(super) fn new() -> Self {
        let alloc = StandardAlloc::default;
        let state = BrotliState::new_strict(alloc(), alloc(), alloc());
        Self { state: Box::new(state), total: 0, is_complete: false }
    }
}

impl Decoder for Brotli {
    fn decode(
        &mut self,
        input: &[u8],
        output: &mut [u8],
    ) -> Result<(usize, usize), DecompressionError> {
        if self.is_complete {
            // Nothing may follow the stream.
            return if input.is_empty() { Ok((0, 0)) } else { Err(DecompressionError::Malformed) };
        }
        let (mut left, mut read) = (input.len(), 0);
        let (mut space, mut written) = (output.len(), 0);
        let result = BrotliDecompressStream(
            &mut left,
            &mut read,
            input,
            &mut space,
            &mut written,
            output,
            &mut self.total,
            &mut self.state,
        );
        match result {
            BrotliResult::ResultFailure => return Err(DecompressionError::Malformed),
            BrotliResult::ResultSuccess => self.is_complete = true,
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
        }
        Ok((read, written))
    }

    fn is_complete(&self) -> bool {
        self.is_complete
    }
}
