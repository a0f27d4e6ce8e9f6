//! The head of a message, checked byte by byte before any lenient parser sees it (RFC 9112).

use oxg_protocol::Url;
use oxg_protocol::url::UrlError;

/// How the body behind a head is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// So many bytes; 0 where there is no body.
    Length(u64),
    /// `Transfer-Encoding: chunked`.
    Chunked,
    /// All that comes until the connection ends; of responses only.
    UntilClose,
}

/// What is wrong with the bytes of a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Violation {
    #[error("the head is larger than {0} bytes")]
    HeadTooLarge(usize),
    #[error("a line of the head ends in a bare CR or LF; lines end in CRLF")]
    BareLineBreak,
    #[error("the request line is not METHOD SP TARGET SP HTTP/1.1")]
    RequestLine,
    #[error("the request target is not a valid absolute URL: {0}")]
    Target(UrlError),
    #[error("a header line starts with white space; folding is obsolete and refused")]
    Folding,
    #[error("a header name is empty or has a byte that no name has")]
    HeaderName,
    #[error("a header value has a control byte")]
    HeaderValue,
    #[error("the head has {0} header lines, which is too many")]
    TooManyLines(usize),
    #[error("HTTP/1.1 wants exactly one Host header")]
    Host,
    #[error("Content-Length is repeated or is not a number")]
    ContentLength,
    #[error("Transfer-Encoding must be exactly `chunked`, once")]
    TransferEncoding,
    #[error("there are both Content-Length and Transfer-Encoding")]
    TwoFramings,
    #[error("a chunk's size line or end is malformed")]
    Chunk,
    #[error("the status line is not HTTP/1.1 SP three digits SP reason")]
    StatusLine,
    #[error("there are too many interim responses")]
    TooManyInterim,
    #[error("bytes came that belong to no response")]
    Unasked,
}

/// The most header lines in a head.
pub(crate) const MAX_LINES: usize = 128;
/// The most header lines in the head of a response. hyper makes room for as many with every answer,
/// here and in the plugin.
pub(crate) const MAX_RESPONSE_LINES: usize = 256;

/// Looks for the end of a head that comes in parts.
#[derive(Debug)]
pub(super) struct HeadEnd {
    limit: usize,
    /// How many bytes have been looked at.
    seen: usize,
}

impl HeadEnd {
    /// `limit` is in bytes, the empty line at the end included.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, seen: 0 }
    }

    /// Where the head at the start of `bytes` ends, the empty line included; `None` if it is not
    /// whole: the next call has more behind the same bytes.
    pub(super) fn find(&mut self, bytes: &[u8]) -> Result<Option<usize>, Violation> {
        // The end may straddle two reads: look from three bytes back.
        let from = self.seen.saturating_sub(3);
        let rest = bytes.get(from..).unwrap_or_default();
        let end = rest.windows(4).position(|four| four == b"\r\n\r\n").map(|at| from + at + 4);
        if end.unwrap_or(bytes.len() + 1) > self.limit {
            return Err(Violation::HeadTooLarge(self.limit));
        }
        self.seen = if end.is_some() { 0 } else { bytes.len() };
        Ok(end)
    }
}

/// Checks a head, the empty line at its end included.
pub(crate) fn check(head: &[u8]) -> Result<Framing, Violation> {
    let text = head.strip_suffix(b"\r\n\r\n").ok_or(Violation::BareLineBreak)?;
    let mut lines = split_lines(text)?.into_iter();
    check_request_line(lines.next().unwrap_or_default())?;
    if lines.len() > MAX_LINES {
        return Err(Violation::TooManyLines(lines.len()));
    }
    let (hosts, framing) = check_fields(lines)?;
    if hosts != 1 {
        return Err(Violation::Host);
    }
    Ok(framing.unwrap_or(Framing::Length(0)))
}

/// Checks the head of a response, the empty line at its end included; its status, and how its body
/// is framed if it says so.
pub(crate) fn check_response(head: &[u8]) -> Result<(u16, Option<Framing>), Violation> {
    let text = head.strip_suffix(b"\r\n\r\n").ok_or(Violation::BareLineBreak)?;
    let mut lines = split_lines(text)?.into_iter();
    let (status, is_current) = check_status_line(lines.next().unwrap_or_default())?;
    if lines.len() > MAX_RESPONSE_LINES {
        return Err(Violation::TooManyLines(lines.len()));
    }
    match check_fields(lines)? {
        // RFC 9112, 6.1: chunked is unknown to HTTP/1.0.
        (_, Some(Framing::Chunked)) if !is_current => Err(Violation::TransferEncoding),
        (_, framing) => Ok((status, framing)),
    }
}

/// The status, and whether the version is 1.1 rather than 1.0.
fn check_status_line(line: &[u8]) -> Result<(u16, bool), Violation> {
    let text = line.strip_prefix(b"HTTP/1.").ok_or(Violation::StatusLine)?;
    let [minor @ (b'0' | b'1'), b' ', a @ b'1'..=b'9', b, c, reason @ ..] = text else {
        return Err(Violation::StatusLine);
    };
    let plain = |byte: &u8| *byte == b'\t' || (*byte >= 0x20 && *byte != 0x7f);
    let well_formed = b.is_ascii_digit()
        && c.is_ascii_digit()
        && reason.first().is_none_or(|byte| *byte == b' ')
        && reason.iter().all(plain);
    if !well_formed {
        return Err(Violation::StatusLine);
    }
    let digit = |byte: &u8| u16::from(byte - b'0');
    Ok((digit(a) * 100 + digit(b) * 10 + digit(c), *minor == b'1'))
}

/// Checks the field lines; the number of `Host` fields, and how the body is framed if they say so.
fn check_fields<'a>(
    lines: impl Iterator<Item = &'a [u8]>,
) -> Result<(usize, Option<Framing>), Violation> {
    let (mut hosts, mut length, mut chunked) = (0, None, false);
    for line in lines {
        let (name, value) = split_header(line)?;
        if name.eq_ignore_ascii_case(b"host") {
            hosts += 1;
        } else if name.eq_ignore_ascii_case(b"content-length") {
            let number = decimal(value).ok_or(Violation::ContentLength)?;
            if length.replace(number).is_some() {
                return Err(Violation::ContentLength);
            }
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if chunked || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(Violation::TransferEncoding);
            }
            chunked = true;
        }
    }
    match (length, chunked) {
        (Some(_), true) => Err(Violation::TwoFramings),
        (_, true) => Ok((hosts, Some(Framing::Chunked))),
        (length, false) => Ok((hosts, length.map(Framing::Length))),
    }
}

fn split_lines(text: &[u8]) -> Result<Vec<&[u8]>, Violation> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.iter().position(|b| matches!(b, b'\r' | b'\n')) {
        if rest.get(at..at + 2) != Some(b"\r\n") {
            return Err(Violation::BareLineBreak);
        }
        lines.push(&rest[..at]);
        rest = &rest[at + 2..];
    }
    lines.push(rest);
    Ok(lines)
}

/// HTTP/1.0 is refused: a body that ends with its connection may have been cut short.
fn check_request_line(line: &[u8]) -> Result<(), Violation> {
    let mut words = line.split(|b| *b == b' ');
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(Violation::RequestLine);
    };
    if method.is_empty() || !method.iter().copied().all(is_token) {
        return Err(Violation::RequestLine);
    }
    if version != b"HTTP/1.1" {
        return Err(Violation::RequestLine);
    }
    check_target(method, target)
}

fn check_target(method: &[u8], target: &[u8]) -> Result<(), Violation> {
    let text = std::str::from_utf8(target).map_err(|_| Violation::RequestLine)?;
    // CONNECT names an authority; a good one is refused later, with a reason.
    if method == b"CONNECT" {
        let url = format!("http://{text}").parse::<Url>();
        return match url {
            Ok(_) if !text.contains(['/', '?']) => Ok(()),
            Ok(_) => Err(Violation::RequestLine),
            Err(error) => Err(Violation::Target(error)),
        };
    }
    if text.starts_with('/') {
        let plain = |b: u8| matches!(b, 0x21..=0x7e) && !b"#\\<>\"`".contains(&b);
        return if text.bytes().all(plain) { Ok(()) } else { Err(Violation::RequestLine) };
    }
    text.parse::<Url>().map(drop).map_err(Violation::Target)
}

fn split_header(line: &[u8]) -> Result<(&[u8], &[u8]), Violation> {
    if line.first().is_some_and(|b| matches!(b, b' ' | b'\t')) {
        return Err(Violation::Folding);
    }
    let colon = line.iter().position(|b| *b == b':').ok_or(Violation::HeaderName)?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    if name.is_empty() || !name.iter().copied().all(is_token) {
        return Err(Violation::HeaderName);
    }
    if value.iter().any(|b| (*b < 0x20 && *b != b'\t') || *b == 0x7f) {
        return Err(Violation::HeaderValue);
    }
    Ok((name, value.trim_ascii()))
}

/// A length of at most 18 digits: what no parser behind this one takes for an overflow.
fn decimal(value: &[u8]) -> Option<u64> {
    let digits = (1..=18).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
    if digits { std::str::from_utf8(value).ok()?.parse().ok() } else { None }
}

/// `tchar` of RFC 9110, 5.6.2.
pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(lines: &[&str]) -> Result<Framing, Violation> {
        check(format!("{}\r\n\r\n", lines.join("\r\n")).as_bytes())
    }

    #[test]
    fn ordinary_heads_pass() {
        assert_eq!(head(&["GET /v1/session HTTP/1.1", "host: broker"]), Ok(Framing::Length(0)));
        assert_eq!(
            head(&["POST http://e.test/a HTTP/1.1", "Host: e.test", "Content-Length: 12"]),
            Ok(Framing::Length(12))
        );
        assert_eq!(
            head(&["PUT /a HTTP/1.1", "Host: b", "Transfer-Encoding: Chunked"]),
            Ok(Framing::Chunked)
        );
    }

    #[test]
    fn what_two_parsers_could_read_differently_is_refused() {
        let get = "GET / HTTP/1.1";
        for (lines, violation) in [
            (
                vec![get, "Host: a", "Content-Length: 1", "Transfer-Encoding: chunked"],
                Violation::TwoFramings,
            ),
            (
                vec![get, "Host: a", "Content-Length: 1", "Content-Length: 1"],
                Violation::ContentLength,
            ),
            (vec![get, "Host: a", "Content-Length: 1, 1"], Violation::ContentLength),
            (vec![get, "Host: a", "Content-Length: +1"], Violation::ContentLength),
            (vec![get, "Host: a", "Transfer-Encoding: gzip, chunked"], Violation::TransferEncoding),
            (
                vec![get, "Host: a", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
                Violation::TransferEncoding,
            ),
            (vec!["GET / HTTP/1.0", "Host: a"], Violation::RequestLine),
            (vec!["CONNECT a/ HTTP/1.1", "Host: a"], Violation::RequestLine),
            (vec![get, "Host: a", " folded"], Violation::Folding),
            (vec![get, "Host: a", "X : b"], Violation::HeaderName),
            (vec![get, "Host: a", "X\u{b}Y: b"], Violation::HeaderName),
            (vec![get, "Host: a", ": b"], Violation::HeaderName),
            (vec![get, "Host: a", "no colon"], Violation::HeaderName),
            (vec![get, "Host: a", "X: a\0b"], Violation::HeaderValue),
            (vec![get, "Host: a", "X: a\nY: b"], Violation::BareLineBreak),
            (vec![get, "Host: a", "X: a\rY: b"], Violation::BareLineBreak),
            (vec![get], Violation::Host),
            (vec![get, "Host: a", "Host: b"], Violation::Host),
            (vec!["GET  / HTTP/1.1", "Host: a"], Violation::RequestLine),
            (vec!["GET / HTTP/1.1 ", "Host: a"], Violation::RequestLine),
            (vec!["GET / HTTP/2.0", "Host: a"], Violation::RequestLine),
            (vec!["G@T / HTTP/1.1", "Host: a"], Violation::RequestLine),
            (vec!["GET /a#b HTTP/1.1", "Host: a"], Violation::RequestLine),
            (vec!["GET http://a@b/ HTTP/1.1", "Host: b"], Violation::Target(UrlError::UserInfo)),
            (vec!["GET http://b/#c HTTP/1.1", "Host: b"], Violation::Target(UrlError::Fragment)),
            (vec!["OPTIONS * HTTP/1.1", "Host: b"], Violation::Target(UrlError::Scheme)),
        ] {
            assert_eq!(head(&lines), Err(violation), "{lines:?}");
        }
    }

    #[test]
    fn a_response_that_two_parsers_could_read_differently_is_refused() {
        let status =
            |lines: &[&str]| check_response(format!("{}\r\n\r\n", lines.join("\r\n")).as_bytes());
        let ok = "HTTP/1.1 200 OK";
        assert_eq!(status(&[ok, "Content-Length: 5"]), Ok((200, Some(Framing::Length(5)))));
        assert_eq!(status(&["HTTP/1.0 404", "X: y"]), Ok((404, None)));
        assert_eq!(
            status(&["HTTP/1.1 200 ", "Transfer-Encoding: chunked"]),
            Ok((200, Some(Framing::Chunked)))
        );
        for (lines, violation) in [
            (vec!["HTTP/1.1 099 x"], Violation::StatusLine),
            (vec!["HTTP/1.1 2000 x"], Violation::StatusLine),
            (vec!["HTTP/1.1  200 x"], Violation::StatusLine),
            (vec!["HTTP/1.2 200 x"], Violation::StatusLine),
            (vec!["HTTP/2 200"], Violation::StatusLine),
            (vec!["http/1.1 200 OK"], Violation::StatusLine),
            (vec!["", ok], Violation::StatusLine),
            (vec!["HTTP/1.1 200 a\0b"], Violation::StatusLine),
            (vec!["HTTP/1.0 200 OK", "Transfer-Encoding: chunked"], Violation::TransferEncoding),
            (vec![ok, "Transfer-Encoding: gzip, chunked"], Violation::TransferEncoding),
            (vec![ok, "Content-Length: 3", "Transfer-Encoding: chunked"], Violation::TwoFramings),
            (vec![ok, "Content-Length: 5", "Content-Length: 5"], Violation::ContentLength),
            (vec![ok, "Content-Length: 5, 5"], Violation::ContentLength),
            (vec![ok, "X: a", " folded"], Violation::Folding),
            (vec![ok, "X : a"], Violation::HeaderName),
            (vec![ok, "X: a\nY: b"], Violation::BareLineBreak),
            (vec![ok, "X: a\rY: b"], Violation::BareLineBreak),
        ] {
            assert_eq!(status(&lines), Err(violation), "{lines:?}");
        }
        let mut lines = vec![ok];
        lines.resize(1 + MAX_RESPONSE_LINES, "X: y");
        assert_eq!(status(&lines), Ok((200, None)));
        lines.push("X: y");
        assert_eq!(status(&lines), Err(Violation::TooManyLines(MAX_RESPONSE_LINES + 1)));
    }

    #[test]
    fn the_number_of_lines_is_limited() {
        let mut lines = vec!["GET / HTTP/1.1", "Host: a"];
        lines.resize(MAX_LINES + 1, "X: y");
        assert!(head(&lines).is_ok());
        lines.push("X: y");
        assert_eq!(head(&lines), Err(Violation::TooManyLines(MAX_LINES + 1)));
    }
}
