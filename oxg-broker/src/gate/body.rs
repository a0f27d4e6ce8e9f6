//! The framing of a body (RFC 9112, 6 and 7), byte by byte: where it ends, and that its chunks can be
//! read in one way only. One parser for both directions.

use super::head::{Framing, Violation, is_token};

/// The most trailer bytes behind a chunked body, line ends included.
const MAX_TRAILERS: usize = 8 << 10;
/// The most digits of a chunk's size.
const MAX_DIGITS: u32 = 16;

/// The position in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// So many bytes are left.
    Length(u64),
    /// In a chunked body.
    Chunked(Chunked),
    /// Whatever comes until the connection ends.
    UntilClose,
}

/// The position in a chunked body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunked {
    /// In the digits of a chunk's size.
    Size {
        size: u64,
        digits: u32,
    },
    /// Between CR and LF of the size's line.
    SizeEnd {
        size: u64,
    },
    /// In a chunk, so many bytes before its end.
    Data {
        left: u64,
    },
    /// Before the CR, then the LF behind a chunk.
    DataCr,
    DataLf,
    /// At the start of a trailer line, so many bytes into the trailers.
    LineStart {
        seen: usize,
    },
    /// In the name of a trailer field, or behind its colon.
    Name {
        seen: usize,
    },
    Value {
        seen: usize,
    },
    /// Between CR and LF of a trailer line.
    LineEnd {
        seen: usize,
    },
    /// Between CR and LF of the empty line at the end.
    LastEnd,
    /// Behind it all.
    Whole,
}

const FIRST: Chunked = Chunked::Size { size: 0, digits: 0 };

impl Body {
    pub(super) fn new(framing: Framing) -> Self {
        match framing {
            Framing::Length(left) => Self::Length(left),
            Framing::Chunked => Self::Chunked(FIRST),
            Framing::UntilClose => Self::UntilClose,
        }
    }

    /// Whether nothing of the body is left.
    pub(super) fn is_whole(self) -> bool {
        matches!(self, Self::Length(0) | Self::Chunked(Chunked::Whole))
    }

    /// How many of `bytes` belong to the body. Those before a malformed one do: the next call, which
    /// begins with it, fails.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Result<usize, Violation> {
        let chunked = match self {
            Self::UntilClose => return Ok(bytes.len()),
            Self::Length(left) => return Ok(take(left, bytes.len())),
            Self::Chunked(chunked) => chunked,
        };
        let mut taken = 0;
        while let Some(&byte) = bytes.get(taken) {
            if let Chunked::Data { left } = chunked {
                taken += take(left, bytes.len() - taken);
                if *left == 0 {
                    *chunked = Chunked::DataCr;
                }
                continue;
            }
            if *chunked == Chunked::Whole {
                break;
            }
            match chunked.next(byte) {
                Ok(next) => *chunked = next,
                Err(violation) if taken == 0 => return Err(violation),
                Err(_) => break,
            }
            taken += 1;
        }
        Ok(taken)
    }
}

/// Takes at most `there` from what is `left`, and says how many.
fn take(left: &mut u64, there: usize) -> usize {
    let taken = usize::try_from(*left).map_or(there, |left| left.min(there));
    *left = left.saturating_sub(taken as u64);
    taken
}

impl Chunked {
    /// The position behind `byte`, which is not one of a chunk's data.
    fn next(self, byte: u8) -> Result<Self, Violation> {
        let next = match (self, byte) {
            // No extension and no white space: no peer of ours sends them.
            (Self::Size { size, digits: 1.. }, b'\r') => Self::SizeEnd { size },
            (Self::Size { size, digits }, _) if digits < MAX_DIGITS => {
                let digit = char::from(byte).to_digit(16).ok_or(Violation::Chunk)?;
                Self::Size { size: (size << 4) | u64::from(digit), digits: digits + 1 }
            }
            (Self::SizeEnd { size: 0 }, b'\n') => Self::LineStart { seen: 0 },
            (Self::SizeEnd { size }, b'\n') => Self::Data { left: size },
            (Self::DataCr, b'\r') => Self::DataLf,
            (Self::DataLf, b'\n') => FIRST,
            (Self::LineStart { .. }, b'\r') => Self::LastEnd,
            (Self::LastEnd, b'\n') => Self::Whole,
            (Self::LineStart { seen } | Self::Name { seen }, _) if is_token(byte) => {
                Self::Name { seen: more(seen)? }
            }
            (Self::Name { seen }, b':') => Self::Value { seen: more(seen)? },
            (Self::Value { seen }, b'\r') => Self::LineEnd { seen: more(seen)? },
            (Self::Value { seen }, b'\t' | 0x20..=0x7e | 0x80..) => {
                Self::Value { seen: more(seen)? }
            }
            (Self::LineEnd { seen }, b'\n') => Self::LineStart { seen: more(seen)? },
            _ => return Err(Violation::Chunk),
        };
        Ok(next)
    }
}

/// One more byte of trailers.
fn more(seen: usize) -> Result<usize, Violation> {
    if seen < MAX_TRAILERS { Ok(seen + 1) } else { Err(Violation::Chunk) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Advances through `bytes` up to the end of the body; how many belong to it.
    fn advance(body: &mut Body, bytes: &[u8]) -> Result<usize, Violation> {
        let mut taken = 0;
        while taken < bytes.len() && !body.is_whole() {
            taken += body.advance(&bytes[taken..])?;
        }
        Ok(taken)
    }

    /// How many bytes the body has, if it is whole in `bytes`.
    fn whole(bytes: &[u8]) -> Result<Option<usize>, Violation> {
        let mut body = Body::new(Framing::Chunked);
        let taken = advance(&mut body, bytes)?;
        Ok(body.is_whole().then_some(taken))
    }

    #[test]
    fn a_chunked_body_ends_where_its_last_line_does() {
        for text in [
            "0\r\n\r\n",
            "3\r\nabc\r\n0\r\n\r\n",
            "00a\r\n0123456789\r\n00\r\nx-a: b\r\ny:\tc\u{e9} \r\n\r\n",
            "A\r\n\r\n\r\n\r\n0\r\n\r\r\n0\r\n\r\n",
        ] {
            let bytes = format!("{text}HTTP");
            assert_eq!(whole(bytes.as_bytes()), Ok(Some(text.len())), "{text:?}");
        }
        assert_eq!(whole(b"3\r\nabc\r\n0\r\n"), Ok(None));
        assert_eq!(whole(b"ffffffffffffffff\r\nabc"), Ok(None));
    }

    #[test]
    fn a_chunk_that_two_parsers_could_read_differently_is_refused() {
        for text in [
            "\r\n",
            "5 \r\n",
            " 5\r\n",
            "5\t\r\n",
            "5;x=y\r\n",
            "5;\r\n",
            "0x5\r\n",
            "+5\r\n",
            "-5\r\n",
            "g\r\n",
            "5\n",
            "5\r5",
            "00000000000000005\r\n",
            "10000000000000000\r\n",
            "3\r\nabcd",
            "3\r\nabc\n",
            "3\r\nabc\r0",
            "0\r\n\n",
            "0\r\n x: y\r\n",
            "0\r\nx\r\n",
            "0\r\nx y: z\r\n",
            "0\r\nx: a\n",
            "0\r\nx: a\rb",
            "0\r\nx: \0",
            "0\r\n: x\r\n\r\n:",
        ] {
            assert_eq!(whole(text.as_bytes()), Err(Violation::Chunk), "{text:?}");
        }
    }

    #[test]
    fn trailers_at_the_limit_pass_and_one_byte_more_does_not() {
        let body = |size: usize| format!("0\r\nx:{}\r\n\r\n", "y".repeat(size - 4)).into_bytes();
        assert!(whole(&body(MAX_TRAILERS)).is_ok_and(|end| end.is_some()));
        assert_eq!(whole(&body(MAX_TRAILERS + 1)), Err(Violation::Chunk));
    }

    proptest! {
        #[test]
        fn splitting_changes_nothing(
            bytes in proptest::collection::vec(prop_oneof![Just(b'0'), Just(b'3'), Just(b'\r'), Just(b'\n'), Just(b':'), any::<u8>()], 0..40),
            at in 0..40_usize,
        ) {
            let (left, right) = bytes.split_at(at.min(bytes.len()));
            let mut one = Body::new(Framing::Chunked);
            let mut two = one;
            let whole = advance(&mut one, &bytes);
            let split = advance(&mut two, left).and_then(|taken| Ok(taken + advance(&mut two, right)?));
            prop_assert_eq!(whole, split);
            if whole.is_ok() {
                prop_assert_eq!(one, two);
            }
        }
    }
}
