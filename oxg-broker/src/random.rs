//! Tokens and ids that nobody can guess.

use crate::error::BrokerError;

/// `bytes` random bytes as lower-case hexadecimal digits.
pub(crate) fn hex<const BYTES: usize>() -> Result<String, BrokerError> {
    use std::fmt::Write as _;

    let bytes = bytes::<BYTES>()?;
    let mut text = String::with_capacity(2 * BYTES);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

/// Random bytes.
pub(crate) fn bytes<const BYTES: usize>() -> Result<[u8; BYTES], BrokerError> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|error| BrokerError::Random(error.to_string()))?;
    Ok(bytes)
}
