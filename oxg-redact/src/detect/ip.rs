//! IP addresses. Off unless the policy is strict: they are what a security
//! tool's log is about.

use std::net::Ipv6Addr;

use super::Scan;
use crate::bytes::{ByteSet, DIGIT, WORD, before};
use crate::kind::Kind;

static V6: ByteSet = ByteSet::new("0-9A-Fa-f:.");
/// Longest text form of an IPv6 address, with an IPv4 address at its end.
const V6_MAX: usize = 45;

/// `at` is the first digit of a number.
pub(crate) fn v4(scan: &mut Scan<'_>, at: usize) {
    let text = scan.text;
    if before(text, at) == Some(b'-') {
        return;
    }
    let mut end = at;
    for octet in 0..4 {
        if octet > 0 {
            if text.get(end) != Some(&b'.') {
                return;
            }
            end += 1;
        }
        let len = DIGIT.run(&text[end..], 4);
        let value = text[end..end + len].iter().fold(0, |n, d| n * 10 + u32::from(d - b'0'));
        if len == 0 || len > 3 || value > 255 {
            return;
        }
        end += len;
    }
    let goes_on = match &text[end..] {
        [b'.' | b'-', b, ..] => b.is_ascii_alphanumeric(),
        [b, ..] => WORD.has(*b),
        [] => false,
    };
    if !goes_on {
        scan.add(Kind::IpAddress, "ipv4", at..end, at..end + 1);
    }
}

/// All IPv6 addresses of the text.
pub(crate) fn v6(scan: &mut Scan<'_>) {
    let text = scan.text;
    let mut at = 0;
    while let Some(colon) = memchr::memchr(b':', &text[at..]) {
        let colon = at + colon;
        let back = V6.run_back(&text[..colon], V6_MAX + 1);
        let start = colon - back;
        let len = V6.run(&text[start..], V6_MAX + 1);
        at = (start + len).max(colon + 1);
        if back > V6_MAX || len > V6_MAX {
            continue;
        }
        let outside = before(text, start).is_none_or(|b| !WORD.has(b))
            && text.get(at).is_none_or(|b| !WORD.has(*b));
        let run = &text[start..at];
        let trimmed = run.len()
            - usize::from(run.ends_with(b".") || run.ends_with(b":") && !run.ends_with(b"::"));
        let fits = std::str::from_utf8(&run[..trimmed])
            .ok()
            .and_then(|address| address.parse::<Ipv6Addr>().ok())
            .is_some_and(|address| !address.is_unspecified());
        if outside && fits {
            scan.add(Kind::IpAddress, "ipv6", start..start + trimmed, start..at);
        }
    }
}
