//! Credentials in the userinfo part of a URL (RFC 3986, section 3.2.1).

use super::Scan;
use super::email::AtSigns;
use super::named_value::is_reference;
use super::tokens::letters_and_digits;
use super::user_name::is_user_name;
use crate::bytes::ByteSet;
use crate::kind::Kind;

static SCHEME: ByteSet = ByteSet::new("0-9A-Za-z+.-");
/// What ends an authority, in a URL or in the text around one.
static AUTHORITY_END: ByteSet = ByteSet::new("/?# \t\r\n\"'<>`\\");
const SCHEME_MAX: usize = 32;
const AUTHORITY_MAX: usize = 1024;
/// A user name of this length with letters and digits is a token.
const LONE_TOKEN_MIN: usize = 16;

/// `sign` is where `@` stands.
pub(crate) fn at(scan: &mut Scan<'_>, state: &mut AtSigns, sign: usize) {
    if !scan.wants(Kind::UrlCredential) {
        return;
    }
    let text = scan.text;
    let Some(at) = state.url_before(text, sign).filter(|at| sign - at <= AUTHORITY_MAX) else {
        return;
    };
    if state.authority.replace(at) == Some(at) {
        return;
    }
    let scheme = SCHEME.run_back(&text[..at], SCHEME_MAX);
    if scheme == 0 {
        return;
    }
    let from = at + 3;
    let window = &text[from..text.len().min(from + AUTHORITY_MAX)];
    let len = window.iter().take_while(|b| !AUTHORITY_END.has(**b)).count();
    let authority = &window[..len];
    let Some(userinfo) = memchr::memrchr(b'@', authority) else {
        return;
    };
    let evidence = at - scheme..from + len;
    match memchr::memchr(b':', &authority[..userinfo]) {
        Some(colon) => {
            let password = &authority[colon + 1..userinfo];
            // In `user:pass@` a placeholder stays readable.
            if password.iter().any(|b| *b != b'*') && !is_reference(password) {
                let range = from + colon + 1..from + userinfo;
                scan.add(Kind::UrlCredential, "url-password", range, evidence.clone());
            }
            if is_user_name(&authority[..colon]) {
                scan.add(Kind::UserName, "url-user", from..from + colon, evidence.clone());
            }
            // `https://TOKEN:x-oauth-basic@host`: the user name is the secret.
            let user = &authority[..colon];
            if user.len() >= 20
                && letters_and_digits(user)
                && user.iter().all(u8::is_ascii_alphanumeric)
            {
                scan.add(Kind::UrlCredential, "url-user-token", from..from + colon, evidence);
            }
        }
        None => {
            let user = &authority[..userinfo];
            let opaque = user.iter().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(b));
            if user.len() >= LONE_TOKEN_MIN && opaque && letters_and_digits(user) {
                scan.add(Kind::UrlCredential, "url-user-token", from..from + userinfo, evidence);
            }
        }
    }
}
