//! E-mail addresses as people write them: a dot-atom (RFC 5322) at a domain.

use super::Scan;
use crate::bytes::{ALNUM, ByteSet, before};
use crate::kind::Kind;

static LOCAL: ByteSet = ByteSet::new("0-9A-Za-z!#$%&'*+/=?^_{|}~.-");
/// The characters of a local part that are seldom anything else in a text.
static LOCAL_PLAIN: ByteSet = ByteSet::new("0-9A-Za-z_.%+-");
static DOMAIN: ByteSet = ByteSet::new("0-9A-Za-z.-");
/// RFC 5321, section 4.5.3.1.
const LOCAL_MAX: usize = 64;
const DOMAIN_MAX: usize = 253;
/// How far back the start of a URL is looked for.
const URL_BACK: usize = 256;

/// Last labels that are file extensions or unit types, not top-level domains.
const NOT_DOMAINS: &[&str] = &[
    "png", "jpg", "jpeg", "gif", "svg", "webp", "ico", "js", "mjs", "ts", "tsx", "jsx", "css",
    "scss", "html", "json", "yaml", "yml", "xml", "txt", "log", "conf", "lock", "service",
    "socket", "timer", "target", "mount", "slice", "scope", "device", "swap", "py", "rb", "go",
    "java", "dll", "exe",
];

/// Domains that name whoever defined an algorithm (RFC 4251, section 4.2).
const ALGORITHM_DOMAINS: &[&[u8]] = &[b"openssh.com", b"libssh.org"];

/// What earlier `@` of a text told. They come in order.
#[derive(Default)]
pub(crate) struct AtSigns {
    /// The last `://`, and how far it was looked for.
    url: Option<usize>,
    searched: usize,
    /// The authority of a URL judged last.
    pub(crate) authority: Option<usize>,
}

impl AtSigns {
    /// Where the last `://` before `at` stands.
    pub(crate) fn url_before(&mut self, text: &[u8], at: usize) -> Option<usize> {
        let from = self.searched.saturating_sub(2);
        for colon in memchr::memchr_iter(b':', text.get(from..at)?) {
            if text[from + colon..at].starts_with(b"://") {
                self.url = Some(from + colon);
            }
        }
        self.searched = self.searched.max(at);
        self.url.filter(|url| *url < at)
    }
}

/// `at` is where `@` stands.
pub(crate) fn at(scan: &mut Scan<'_>, state: &mut AtSigns, at: usize) {
    if !scan.wants(Kind::Email) {
        return;
    }
    let text = scan.text;
    let Some((mut start, mut evidence)) = local_start(text, at) else {
        return;
    };
    let Some((end, seen)) = domain_end(text, at + 1) else {
        return;
    };
    // `git@host:path` and `ssh://git@host` name a service account, not a person.
    if text[start..at].eq_ignore_ascii_case(b"git")
        || ALGORITHM_DOMAINS.contains(&&text[at + 1..end])
    {
        return;
    }
    if matches!(before(text, start), Some(b'/' | b':')) {
        let back =
            text[..start].iter().rev().take(URL_BACK).take_while(|b| b.is_ascii_graphic()).count();
        evidence = evidence.min(start - back);
        if state.url_before(text, start).is_some_and(|url| url >= start - back) {
            return;
        }
    }
    // An escaped line end (`\n`) before an address is not part of it.
    if matches!(before(text, start), Some(b'\\')) && matches!(text[start], b'n' | b't' | b'r') {
        evidence = evidence.min(start - 1);
        start += 1;
    }
    if start < at {
        scan.add(Kind::Email, "email", start..end, evidence..seen);
    }
}

/// Where the local part that ends at `at` begins, and where the evidence for that.
fn local_start(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let len = LOCAL_PLAIN.run_back(&text[..at], LOCAL_MAX + 1);
    if len == 0 || len > LOCAL_MAX {
        return None;
    }
    let mut start = at - len;
    let mut evidence = start;
    // A rarer character belongs to the address if a letter or digit stands before it.
    let wide = LOCAL.run_back(&text[..at], LOCAL_MAX + 1);
    if wide > len && matches!(text[start - 1], b'\'' | b'!' | b'#' | b'*' | b'~' | b'^') {
        evidence = at - wide;
        let more = LOCAL.run_back(&text[..start], LOCAL_MAX - len);
        let head = &text[start - more..start];
        if head.first().is_some_and(|b| ALNUM.has(*b))
            && !head.iter().any(|b| b"/=?&{|}$".contains(b))
        {
            start -= more;
        }
    }
    // A dot or dash at the front is punctuation of the text.
    while start < at && matches!(text[start], b'.' | b'-' | b'%' | b'+') {
        start += 1;
    }
    let local = &text[start..at];
    let dots = local.ends_with(b".") || local.windows(2).any(|w| w == b"..");
    (!local.is_empty() && !dots).then_some((start, evidence))
}

/// Where the domain that starts at `at` ends, and where the evidence for that.
fn domain_end(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let run = DOMAIN.run(&text[at..], DOMAIN_MAX + 1);
    let mut len = run;
    if len > DOMAIN_MAX {
        return None;
    }
    if text.get(at + len) == Some(&b'_') {
        return None;
    }
    while len > 0 && matches!(text[at + len - 1], b'.' | b'-') {
        len -= 1;
    }
    let domain = &text[at..at + len];
    let last = domain.rsplit(|b| *b == b'.').next()?;
    let labels_fit = domain
        .split(|b| *b == b'.')
        .all(|l| !l.is_empty() && l.len() <= 63 && l[0] != b'-' && l[l.len() - 1] != b'-');
    let is_top_level = (2..=24).contains(&last.len())
        && (last.iter().all(u8::is_ascii_alphabetic) || last.starts_with(b"xn--"))
        && !NOT_DOMAINS.iter().any(|n| n.as_bytes().eq_ignore_ascii_case(last));
    (labels_fit && is_top_level && last.len() < len).then_some((at + len, at + run))
}
