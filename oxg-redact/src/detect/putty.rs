//! Private keys in the format of PuTTY: a line tells how many lines of base64
//! follow (PuTTY manual, appendix C.2).

use super::Scan;
use crate::bytes::DIGIT;
use crate::kind::Kind;

pub(crate) const ANCHOR: &str = "Private-Lines: ";
/// Most lines of a key: eight times those of RSA with 4096 bits.
const LINES_MAX: usize = 256;
/// Longest line of base64, with its line end.
const LINE_MAX: usize = 66;

/// `at` is where the anchor stands.
pub(crate) fn at(scan: &mut Scan<'_>, at: usize) {
    let text = scan.text;
    let Some(lines) = announced(&text[at..]) else {
        return;
    };
    let Some(first) = memchr::memchr(b'\n', &text[at..]).map(|end| at + end + 1) else {
        return;
    };
    let mut end = first;
    for line in text[first..].split_inclusive(|b| *b == b'\n').take(lines) {
        let base64 = line.trim_ascii_end();
        if line.len() > LINE_MAX
            || base64.is_empty()
            || !base64.iter().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(b))
        {
            break;
        }
        end += line.len();
    }
    let end = end - text[first..end].iter().rev().take_while(|b| b.is_ascii_whitespace()).count();
    if first < end {
        scan.add(Kind::PrivateKey, "putty-private-key", first..end, at..end);
    }
}

/// How many lines of a key follow the line that holds the anchor, if one does.
pub(super) fn lines_after(line: &[u8]) -> Option<usize> {
    memchr::memmem::rfind(line, ANCHOR.as_bytes()).and_then(|at| announced(&line[at..]))
}

/// The number at the end of the line that begins with the anchor.
fn announced(text: &[u8]) -> Option<usize> {
    let rest = text.strip_prefix(ANCHOR.as_bytes())?;
    let digits = DIGIT.run(rest, 4);
    let lines = std::str::from_utf8(rest.get(..digits)?).ok()?.parse().ok()?;
    let ends = matches!(rest.get(digits..), Some([b'\n', ..] | [b'\r', b'\n', ..]));
    (ends && (1..=LINES_MAX).contains(&lines)).then_some(lines)
}

#[cfg(test)]
mod tests {
    use crate::Redactor;

    const KEY: &str = "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: deploy\n\
        Public-Lines: 2\nAAAAC3NzaC1lZDI1NTE5AAAAIGl0cyBub3QgYSByZWFsIGtleSBidXQgYSB0ZXN0\nLg==\n\
        Private-Lines: 1\nAAAAIQCmb3JAdGVzdHNvbmx5bm90aGluZ3RvdXNlaXRmb3I=\nPrivate-MAC: 5f\n";

    #[test]
    fn the_private_part_goes_and_the_public_part_stays() {
        let redacted = Redactor::default().redact(KEY).into_owned();
        assert!(
            redacted.contains("Private-Lines: 1\n[REDACTED_SECRET]\nPrivate-MAC"),
            "{redacted}"
        );
        assert!(redacted.contains("AAAAC3NzaC1lZDI1NTE5"), "{redacted}");
        assert_eq!(Redactor::default().redact(&redacted), redacted);
    }

    #[test]
    fn a_key_that_comes_in_pieces_goes_all_the_same() {
        let redactor = Redactor::default();
        let whole = redactor.redact_bytes(KEY.as_bytes()).into_owned();
        for at in 0..=KEY.len() {
            let mut stream = redactor.stream();
            let mut out = Vec::new();
            stream.push(&KEY.as_bytes()[..at], &mut out);
            stream.push(&KEY.as_bytes()[at..], &mut out);
            stream.finish(&mut out);
            assert!(out == whole, "split at {at}");
        }
    }
}
