/// How much a compressed body may become.
///
/// ```
/// use oxg_sdk::clients::http::Decompression;
///
/// let limits = Decompression::new().max_bytes(1 << 20).max_ratio(50);
/// # let _ = limits;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decompression {
    pub(super) max_bytes: u64,
    pub(super) max_ratio: u64,
}

/// Why a body was not decoded to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecompressionError {
    /// It becomes longer than is allowed.
    #[error("the decoded body is longer than {limit} bytes")]
    TooLarge {
        /// The most bytes.
        limit: u64,
    },
    /// It becomes so many times longer that it can only be a bomb.
    #[error("the decoded body is more than {limit} times as long as the coded one")]
    Ratio {
        /// The most times.
        limit: u64,
    },
    /// The bytes are not of the coding that was announced.
    #[error("the body is not in the coding that its header names")]
    Malformed,
    /// The body ends in the middle of the coding.
    #[error("the coded body is cut short")]
    Truncated,
    /// It needs a larger window than the coding has on the web (8 MiB for zstd, RFC 9659).
    #[error("the coded body needs too much memory to decode")]
    Window,
    /// More codings on top of each other than are decoded.
    #[error("the body has more than {limit} codings on top of each other")]
    Codings {
        /// The most codings.
        limit: usize,
    },
}

impl Decompression {
    /// What may come out whatever the ratio, in bytes. Short bodies compress oddly well.
    pub(super) const FREE: u64 = 1 << 20;

    /// At most 256 MiB, and 200 times the coded length once more than 1 MiB has come out.
    #[must_use]
    pub const fn new() -> Self {
        Self { max_bytes: 256 << 20, max_ratio: 200 }
    }

    /// The most bytes of a decoded body.
    #[must_use]
    pub const fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// How many times the coded length the decoded one may be, past its first 1 MiB.
    #[must_use]
    pub const fn max_ratio(mut self, times: u64) -> Self {
        self.max_ratio = times;
        self
    }

    /// Whether `output` bytes may have come out of `input`.
    pub(super) fn check(self, input: u64, output: u64) -> Result<(), DecompressionError> {
        if output > self.max_bytes {
            return Err(DecompressionError::TooLarge { limit: self.max_bytes });
        }
        if output > Self::FREE && output > input.saturating_mul(self.max_ratio) {
            return Err(DecompressionError::Ratio { limit: self.max_ratio });
        }
        Ok(())
    }
}

impl Default for Decompression {
    fn default() -> Self {
        Self::new()
    }
}
