//! Content codings (RFC 9110, 8.4.1), decoded while the body is read.
//!
//! All three decoders are written in Rust: what a hostile target sends never meets C code, and no
//! plugin needs a C compiler. Each gives its output in small pieces, so that memory is bounded by
//! its window and not by what the target claims.

mod body;
mod brotli;
mod gzip;
mod limits;
mod zstd;

pub use limits::{Decompression, DecompressionError};

use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue, Method, Response};

use crate::channel::Body;
use body::Decoded;

/// What is asked for.
const ACCEPTED: HeaderValue = HeaderValue::from_static("gzip, br, zstd");
/// The most codings on top of each other.
const MAX_CODINGS: usize = 3;

/// Turns the bytes of a coding into those that were coded.
trait Decoder: Send {
    /// Takes from the front of `input` and writes to `output`; gives how many bytes of each. Neither
    /// means that more input is needed.
    fn decode(
        &mut self,
        input: &[u8],
        output: &mut [u8],
    ) -> Result<(usize, usize), DecompressionError>;

    /// Whether the input may end here.
    fn is_complete(&self) -> bool;
}

/// Asks for the codings, unless the author asked for some. Whether they are to be decoded.
pub(super) fn ask(headers: &mut HeaderMap) -> bool {
    let asks = !headers.contains_key(ACCEPT_ENCODING);
    if asks {
        headers.insert(ACCEPT_ENCODING, ACCEPTED);
    }
    asks
}

/// The answer with its body decoded. A coding that was not asked for stays.
pub(super) fn decode(
    answer: Response<Body>,
    method: &Method,
    limits: Decompression,
) -> Result<Response<Body>, DecompressionError> {
    let (mut head, mut body) = answer.into_parts();
    let has_body = method != Method::HEAD && !http_body::Body::is_end_stream(&body);
    let Some(codings) = codings(&head.headers).filter(|codings| has_body && !codings.is_empty())
    else {
        return Ok(Response::from_parts(head, body));
    };
    if codings.len() > MAX_CODINGS {
        return Err(DecompressionError::Codings { limit: MAX_CODINGS });
    }
    // The last coding was applied last.
    for coding in codings.into_iter().rev() {
        body = Body::wrap(Decoded::new(body, coding.decoder(), limits));
    }
    head.headers.remove(CONTENT_ENCODING);
    head.headers.remove(CONTENT_LENGTH);
    Ok(Response::from_parts(head, body))
}

#[derive(Debug, Clone, Copy)]
enum Coding {
    Gzip,
    Brotli,
    Zstd,
}

impl Coding {
    fn decoder(self) -> Box<dyn Decoder> {
        match self {
            Self::Gzip => Box::new(gzip::Gzip::new()),
            Self::Brotli => Box::new(brotli::Brotli::new()),
            Self::Zstd => Box::new(zstd::Zstd::new()),
        }
    }
}

/// The codings, in the order in which they were applied; `None` where one is unknown.
fn codings(headers: &HeaderMap) -> Option<Vec<Coding>> {
    let mut codings = Vec::new();
    for value in headers.get_all(CONTENT_ENCODING) {
        for name in value.to_str().ok()?.split(',').map(str::trim) {
            codings.push(match name.to_ascii_lowercase().as_str() {
                "gzip" | "x-gzip" => Coding::Gzip,
                "br" => Coding::Brotli,
                "zstd" => Coding::Zstd,
                "identity" | "" => continue,
                _ => return None,
            });
        }
    }
    Some(codings)
}
