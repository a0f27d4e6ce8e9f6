use std::io::Read;

use ruzstd::decoding::FrameDecoder;

use super::{Decoder, DecompressionError};

/// The largest window on the web (RFC 9659).
const MAX_WINDOW: u64 = 8 << 20;
/// The largest block (RFC 8878, 3.1.1.2.4).
const MAX_BLOCK: usize = 128 << 10;
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const BLOCK_HEADER: usize = 3;
const CHECKSUM: usize = 4;

/// Zstandard (RFC 8878): one frame after the other, without dictionaries and skippable frames.
///
/// The decoder is given one block at a time: four bytes can stand for 128 KiB, and it would decode all
/// the blocks that it is given into memory.
pub(super) struct Zstd {
    decoder: FrameDecoder,
    part: Part,
    /// Whether a frame has ended whose checksum is still to be compared.
    is_unchecked: bool,
    /// The part that is being gathered.
    gathered: Vec<u8>,
}

/// What comes next in the stream.
enum Part {
    FrameHeader,
    Block,
    Checksum,
}

impl Zstd {
    pub(super) fn new() -> Self {
        Self {
            decoder: FrameDecoder::new(),
            part: Part::FrameHeader,
            is_unchecked: false,
            gathered: Vec::new(),
        }
    }

    /// The length of the next part, as far as its beginning tells.
    fn length(&self) -> Result<usize, DecompressionError> {
        let begin = &self.gathered;
        match self.part {
            Part::FrameHeader => match begin.get(MAGIC.len()) {
                None => Ok(MAGIC.len() + 1),
                Some(descriptor) => Ok(MAGIC.len() + header_length(*descriptor)),
            },
            Part::Block => match *begin.as_slice() {
                [a, b, c, ..] => Ok(BLOCK_HEADER + block_length([a, b, c])?),
                _ => Ok(BLOCK_HEADER),
            },
            Part::Checksum => Ok(CHECKSUM),
        }
    }

    /// Takes the part that is whole now.
    fn take(&mut self) -> Result<(), DecompressionError> {
        let malformed = |_| DecompressionError::Malformed;
        match self.part {
            Part::FrameHeader => {
                if window(&self.gathered).ok_or(DecompressionError::Malformed)? > MAX_WINDOW {
                    return Err(DecompressionError::Window);
                }
                self.decoder.init(self.gathered.as_slice()).map_err(malformed)?;
                self.part = Part::Block;
            }
            Part::Block => {
                let is_last = self.gathered.first().is_some_and(|byte| byte & 1 == 1);
                self.decoder.decode_from_to(&self.gathered, &mut []).map_err(malformed)?;
                if is_last {
                    let finished = self.decoder.is_finished();
                    self.part = if finished { Part::FrameHeader } else { Part::Checksum };
                }
            }
            Part::Checksum => {
                self.decoder.decode_from_to(&self.gathered, &mut []).map_err(malformed)?;
                self.part = Part::FrameHeader;
                self.is_unchecked = true;
            }
        }
        self.gathered.clear();
        Ok(())
    }

    /// Compares the checksum, which is known once all of the frame has been read out.
    fn check(&mut self) -> Result<(), DecompressionError> {
        let said = self.decoder.get_checksum_from_data();
        if std::mem::take(&mut self.is_unchecked) && said != self.decoder.get_calculated_checksum()
        {
            return Err(DecompressionError::Malformed);
        }
        Ok(())
    }
}

impl Decoder for Zstd {
    fn decode(
        &mut self,
        input: &[u8],
        output: &mut [u8],
    ) -> Result<(usize, usize), DecompressionError> {
        let written = self.decoder.read(output).map_err(|_| DecompressionError::Malformed)?;
        if written > 0 {
            return Ok((0, written));
        }
        self.check()?;
        let wanted = self.length()? - self.gathered.len();
        let taken = wanted.min(input.len());
        self.gathered.extend(input.iter().take(taken));
        // Its beginning may tell that the part is longer.
        if self.gathered.len() == self.length()? {
            self.take()?;
        }
        Ok((taken, 0))
    }

    fn is_complete(&self) -> bool {
        matches!(self.part, Part::FrameHeader) && self.gathered.is_empty()
    }
}

/// The length of a frame's header from its descriptor on (RFC 8878, 3.1.1.1).
fn header_length(descriptor: u8) -> usize {
    let is_single = usize::from((descriptor >> 5) & 1);
    let dictionary = [0, 1, 2, 4];
    let content = [is_single, 2, 4, 8];
    let pick = |lengths: [usize; 4], flag: u8| lengths.get(usize::from(flag & 3)).copied();
    1 + (1 - is_single)
        + pick(dictionary, descriptor).unwrap_or_default()
        + pick(content, descriptor >> 6).unwrap_or_default()
}

/// The window that a frame with this header needs, in bytes.
fn window(header: &[u8]) -> Option<u64> {
    let (&descriptor, rest) = header.strip_prefix(&MAGIC)?.split_first()?;
    if (descriptor >> 5) & 1 == 0 {
        let byte = *rest.first()?;
        let base = 1_u64 << (10 + (byte >> 3));
        return Some(base + base / 8 * u64::from(byte & 7));
    }
    let dictionary = [0, 1, 2, 4].get(usize::from(descriptor & 3))?;
    let content = rest.get(*dictionary..)?;
    let size = content.iter().rev().fold(0, |size, byte| (size << 8) | u64::from(*byte));
    Some(if content.len() == 2 { size + 256 } else { size })
}

/// The length of a block without its header (RFC 8878, 3.1.1.2).
fn block_length([a, b, c]: [u8; 3]) -> Result<usize, DecompressionError> {
    let header = u32::from_le_bytes([a, b, c, 0]);
    let size = usize::try_from(header >> 3).unwrap_or(usize::MAX);
    if size > MAX_BLOCK {
        return Err(DecompressionError::Malformed);
    }
    // One byte, repeated.
    Ok(if (header >> 1) & 3 == 1 { 1 } else { size })
}
