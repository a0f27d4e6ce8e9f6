//! Base64 as Go's `base64.StdEncoding` reads it: padding is required, line breaks are ignored, and
//! the bits that the last character has too many need not be zero.

use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use base64::{DecodeError, Engine as _};

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

pub(super) fn base64(text: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let packed: Vec<u8> =
        text.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    ENGINE.decode(packed)
}

pub(super) fn to_base64(data: &[u8]) -> String {
    ENGINE.encode(data)
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn line_breaks_and_spare_bits_are_ignored_and_padding_is_required() {
        assert_eq!(base64(b"aG\r\nk\n=").unwrap(), b"hi");
        assert_eq!(base64(b"aGl=").unwrap(), b"hi");
        assert_eq!(base64(b"").unwrap(), b"");
        for bad in ["aGk", "aGk==", "aG k=", "aGk=aGk=", "a-_=", "="] {
            assert!(base64(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
