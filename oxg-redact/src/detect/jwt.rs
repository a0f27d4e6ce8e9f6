//! JSON Web Tokens in compact form: JWS (RFC 7515) and JWE (RFC 7516).

use super::Scan;
use crate::bytes::{URL64, before, left_edge};
use crate::kind::Kind;

/// Base64 of `{"`, with which every header begins.
pub(crate) const ANCHOR: &str = "eyJ";
const HEADER_MIN: usize = 12;
const PAYLOAD_MIN: usize = 12;
/// Longest part. Header fields of HTTP are seldom allowed more than 8 KiB.
const PART_MAX: usize = 8 * 1024;

pub(crate) fn at(scan: &mut Scan<'_>, at: usize) {
    let text = scan.text;
    let Some(evidence) = left_edge(text, at) else {
        return;
    };
    if before(text, at) == Some(b'-') && before(text, at - 1).is_some_and(|b| URL64.has(b)) {
        return;
    }
    let header = scan.runs.at(text, at, &URL64, PART_MAX);
    if header < HEADER_MIN || text.get(at + header) != Some(&b'.') {
        return;
    }
    let payload = at + header + 1;
    let len = scan.runs.at(text, payload, &URL64, PART_MAX);
    if len < PAYLOAD_MIN {
        return;
    }
    let mut end = payload + len;
    // Signature; in a JWE also initialisation vector and tag.
    for _ in 0..3 {
        if text.get(end) != Some(&b'.') {
            break;
        }
        end += 1 + scan.runs.at(text, end + 1, &URL64, PART_MAX);
    }
    scan.add(Kind::Jwt, "jwt", at..end, evidence.min(at.saturating_sub(1))..end);
}
