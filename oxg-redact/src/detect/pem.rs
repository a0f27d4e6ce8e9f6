//! Private keys in PEM armour (RFC 7468) and OpenPGP armour (RFC 9580), over
//! many lines or with escaped line ends, also where the END line is missing.

use memchr::memmem;

use super::{Scan, putty};
use crate::bytes::ByteSet;
use crate::kind::Kind;

pub(crate) const ANCHOR: &str = "-----BEGIN ";
const DASHES: &[u8] = b"-----";
/// Longest text between `BEGIN` and the dashes.
const LABEL_MAX: usize = 64;
/// Longest body. An 8192-bit RSA key has about 6,400 bytes.
pub(crate) const BODY_MAX: usize = 32 * 1024;
/// A body shorter than this without an END line is a mention, not a key.
const BODY_MIN: usize = 16;

/// What a body may hold: base64, line ends, and what source code puts around lines.
static BODY: ByteSet = ByteSet::new("0-9A-Za-z+/= \t\r\n\\\"',");

pub(crate) fn at(scan: &mut Scan<'_>, at: usize) {
    if !scan.wants(Kind::PrivateKey) {
        return;
    }
    let text = scan.text;
    let Some(body) = private_key_header(&text[at..]).map(|len| at + len) else {
        return;
    };
    let limit = text.len().min(body + BODY_MAX);
    let window = &text[body..limit];
    let end = match footer(window) {
        Some(len) => body + len,
        None => {
            // Up to the next armour, so that no stretch is looked at twice.
            let own = memmem::find(window, DASHES).unwrap_or(window.len());
            let len = open_body_len(&window[..own]);
            let solid = window[..len].iter().filter(|b| b.is_ascii_alphanumeric()).count();
            if solid < BODY_MIN {
                return;
            }
            body + len
        }
    };
    // The BEGIN line is evidence enough: whatever a first pass replaces in a
    // body only makes it shorter, so a second pass finds no key that it did not.
    scan.add(Kind::PrivateKey, "pem-private-key", at..end, at..body);
}

/// Where the END line ends, if it follows with no other armour or marker before it.
fn footer(text: &[u8]) -> Option<usize> {
    let dashes = memmem::find(text, DASHES)?;
    let rest = text[dashes..].strip_prefix(b"-----END ")?;
    if memmem::find(&text[..dashes], b"[REDACTED_").is_some() {
        return None;
    }
    let label = &rest[..rest.len().min(LABEL_MAX)];
    // A line that is cut off ends with what is left of it.
    let len = memmem::find(label, DASHES).map_or(0, |len| len + DASHES.len());
    Some(dashes + text.len() - dashes - rest.len() + len)
}

/// Length of the BEGIN line at the start of `text`, if it names a private key.
fn private_key_header(text: &[u8]) -> Option<usize> {
    let label = text.strip_prefix(ANCHOR.as_bytes())?;
    let window = &label[..label.len().min(LABEL_MAX)];
    let len = memmem::find(window, DASHES)?;
    memmem::find(&window[..len], b"PRIVATE KEY")?;
    Some(ANCHOR.len() + len + DASHES.len())
}

/// Length of the body where no END line follows: as many lines as look like
/// one, without the white space at the end.
fn open_body_len(text: &[u8]) -> usize {
    let mut len = 0;
    for line in text.split_inclusive(|b| *b == b'\n') {
        if !is_body_line(line) {
            // A key in a single-line string: up to what closes the string.
            if len == 0 {
                len = BODY.run(line, BODY_MAX);
            }
            break;
        }
        len += line.len();
    }
    text[..len].trim_ascii_end().len()
}

fn is_body_line(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    // Prose has blanks between words; a line of base64 has none.
    let solid = !line.contains(&b' ') && line.iter().all(|b| BODY.has(*b));
    solid || is_armour_header(line)
}

/// The header lines of RFC 1421 and OpenPGP.
fn is_armour_header(line: &[u8]) -> bool {
    [&b"Proc-Type:"[..], b"DEK-Info:", b"Version:", b"Comment:", b"Hash:"]
        .iter()
        .any(|name| line.starts_with(name))
}

/// Follows, line by line, whether a text is inside a private key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PemState {
    open: bool,
    /// Lines of a PuTTY key to come.
    lines: usize,
}

impl PemState {
    pub(crate) fn is_open(self) -> bool {
        self.open || self.lines > 0
    }

    /// Takes the next line into account.
    pub(crate) fn feed(&mut self, line: &[u8]) {
        self.lines = putty::lines_after(line).unwrap_or(self.lines.saturating_sub(1));
        if let Some(begin) = memmem::rfind(line, ANCHOR.as_bytes()) {
            let tail = &line[begin..];
            self.open = private_key_header(tail)
                .is_some_and(|len| memmem::find(&tail[len..], b"-----END ").is_none());
        } else if self.open {
            // Lines of another format are tolerated until the END line could
            // no longer belong to the key: a diff or a log may prefix each line.
            self.open = memmem::find(line, b"-----END ").is_none();
        }
    }
}
