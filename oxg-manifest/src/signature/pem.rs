//! PEM as Go's `encoding/pem` reads it, so that we take the key that the host takes.
//!
//! More lenient than RFC 7468: text around a block, headers, lines of any length, spaces at line
//! ends. A block that cannot be read is passed over.

use super::encoding;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// A block: its label and what it holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) label: Vec<u8>,
    pub(super) data: Vec<u8>,
}

/// The blocks of a text, in order.
pub(super) fn blocks(text: &[u8]) -> impl Iterator<Item = Block> + '_ {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let begin = find_line(rest, BEGIN, true)?;
            rest = rest.get(begin + BEGIN.len()..)?;
            let (title, after_title) = line(rest);
            rest = after_title;
            let Some(label) = title.strip_suffix(DASHES) else {
                continue;
            };
            let (body, has_headers) = skip_headers(rest)?;
            rest = body;
            // Only a block without headers may end at once.
            let Some(end) = find_line(body, END, !has_headers) else {
                continue;
            };
            let Some((inside, trailer)) = split(body, end) else {
                continue;
            };
            let closes = trailer
                .strip_prefix(label)
                .and_then(|left| left.strip_prefix(DASHES))
                .is_some_and(|left| line(left).0.is_empty());
            let Some(data) = closes.then(|| decode(inside)).flatten() else {
                continue;
            };
            rest = line(trailer).1;
            return Some(Block { label: label.to_vec(), data });
        }
    })
}

/// Where a line begins with `start`; `at_once`: the first line counts.
fn find_line(text: &[u8], start: &[u8], at_once: bool) -> Option<usize> {
    if at_once && text.starts_with(start) {
        return Some(0);
    }
    let mut from = 0;
    loop {
        let newline = text.get(from..)?.iter().position(|byte| *byte == b'\n')?;
        from += newline + 1;
        if text.get(from..)?.starts_with(start) {
            return Some(from);
        }
    }
}

/// What stands before an `END` line, and what follows its `-----END `.
fn split(body: &[u8], end: usize) -> Option<(&[u8], &[u8])> {
    Some((body.get(..end)?, body.get(end + END.len()..)?))
}

/// The first line without its end and spaces before it, and what follows.
fn line(text: &[u8]) -> (&[u8], &[u8]) {
    let (mut line, rest) = match text.iter().position(|byte| *byte == b'\n') {
        Some(newline) => {
            let line = text.get(..newline).unwrap_or_default();
            (line.strip_suffix(b"\r").unwrap_or(line), text.get(newline + 1..).unwrap_or_default())
        }
        None => (text, &[][..]),
    };
    while let Some(shorter) = line.strip_suffix(b" ").or_else(|| line.strip_suffix(b"\t")) {
        line = shorter;
    }
    (line, rest)
}

/// What follows the lines that hold a colon, and whether there are any. `None` at the text's end.
fn skip_headers(mut text: &[u8]) -> Option<(&[u8], bool)> {
    let mut has_headers = false;
    loop {
        if text.is_empty() {
            return None;
        }
        let (header, rest) = line(text);
        if !header.contains(&b':') {
            return Some((text, has_headers));
        }
        has_headers = true;
        text = rest;
    }
}

fn decode(inside: &[u8]) -> Option<Vec<u8>> {
    let packed: Vec<u8> =
        inside.iter().copied().filter(|byte| !matches!(byte, b' ' | b'\t')).collect();
    encoding::base64(&packed).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Vec<(String, Vec<u8>)> {
        let blocks = blocks(text.as_bytes());
        blocks.map(|block| (String::from_utf8(block.label).unwrap(), block.data)).collect()
    }

    #[test]
    fn blocks_are_read_in_order_whatever_stands_between() {
        let text = "subject=x\n-----BEGIN A-----\naGk=\n-----END A-----\nnoise\r\n\
                    -----BEGIN B B-----  \r\n a G\tk = \r\n-----END B B-----";
        assert_eq!(labels(text), [("A".into(), b"hi".to_vec()), ("B B".into(), b"hi".to_vec())]);
    }

    #[test]
    fn headers_are_skipped_and_an_empty_block_is_a_block() {
        let text = "-----BEGIN A-----\nProc-Type: 4\nDEK: x\n\naGk=\n-----END A-----\n";
        assert_eq!(labels(text), [("A".into(), b"hi".to_vec())]);
        assert_eq!(labels("-----BEGIN A-----\n-----END A-----"), [("A".into(), vec![])]);
    }

    #[test]
    fn a_block_that_cannot_be_read_is_passed_over() {
        let good = "-----BEGIN B-----\naGk=\n-----END B-----\n";
        for bad in [
            "-----BEGIN A----\naGk=\n-----END A-----\n",
            "-----BEGIN A-----\naG*=\n-----END A-----\n",
            "-----BEGIN A-----\naGk\n-----END A-----\n",
            "-----BEGIN A-----\naGk=\n-----END C-----\n",
            "-----BEGIN A-----\naGk=\n-----END A----- x\n",
            "x-----BEGIN A-----\naGk=\n-----END A-----\n",
            "-----BEGIN A----\n",
        ] {
            assert_eq!(labels(&format!("{bad}{good}")), [("B".into(), b"hi".to_vec())], "{bad}");
        }
        assert!(labels("-----BEGIN A-----\naGk=\n").is_empty());
        assert!(labels("-----BEGIN A-----").is_empty());
        assert!(labels("").is_empty());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(
            parts in proptest::collection::vec(
                proptest::sample::select(vec![
                    "-----BEGIN A-----", "-----END A-----", "\n", "\r", " ", "aGk=", "a:", "-----",
                ]),
                0..24,
            ),
        ) {
            blocks(parts.concat().as_bytes()).for_each(drop);
        }
    }
}
