//! Credentials after the name of an authentication scheme (RFC 9110, section 11.4).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::Scan;
use crate::bytes::{ByteSet, left_edge};
use crate::kind::Kind;

/// Schemes whose credentials are one token.
pub(crate) const SCHEMES: &[&str] = &["bearer ", "basic ", "token ", "apikey ", "ssws ", "bot "];

/// `token68` of RFC 9110, section 11.2, and `:` and `,` of common practice.
static TOKEN68: ByteSet = ByteSet::new("0-9A-Za-z._~+/:=-");
const MAX: usize = 4096;
const MIN: usize = 16;

pub(crate) fn at(scan: &mut Scan<'_>, at: usize, scheme: &str) {
    let text = scan.text;
    let Some(evidence) = left_edge(text, at) else {
        return;
    };
    let mut from = at + scheme.len();
    from += text[from..].iter().take(8).take_while(|b| **b == b' ').count();
    let len = scan.runs.at(text, from, &TOKEN68, MAX + 1);
    let token = &text[from..from + len];
    let fits = match scheme {
        "basic " => is_user_and_password(token),
        "token " | "apikey " | "bot " => len >= 20 && is_opaque(token),
        _ => len >= MIN && is_opaque(token),
    };
    if !fits || len > MAX {
        return;
    }
    let token = token.trim_ascii_end();
    let len = token.len() - token.iter().rev().take_while(|b| matches!(b, b'.' | b':')).count();
    scan.add(Kind::Authorization, "authorization", from..from + len, evidence..from + token.len());
}

/// Digits among letters: an opaque string, not a word of prose, a path or a URL.
fn is_opaque(token: &[u8]) -> bool {
    let digits = token.iter().filter(|b| b.is_ascii_digit()).count();
    let letters = token.iter().filter(|b| b.is_ascii_alphabetic()).count();
    digits >= 2 && letters >= 2 && !token.windows(3).any(|w| w == b"://")
}

/// RFC 7617: base64 of a user name, a colon and a password.
fn is_user_and_password(token: &[u8]) -> bool {
    let core = token.len() - token.iter().rev().take_while(|b| **b == b'=').count();
    let core = &token[..core];
    if core.len() < 6 {
        return false;
    }
    // A few characters are enough to tell; what a lax writer left over at the
    // end need not decode.
    let whole = core.len() - core.len() % 4;
    STANDARD_NO_PAD
        .decode(&core[..whole])
        .is_ok_and(|bytes| bytes.iter().all(|b| *b >= 0x20 && *b != 0x7f) && bytes.contains(&b':'))
        || core.len() >= MIN && is_opaque(core) && core.iter().any(u8::is_ascii_uppercase)
}
