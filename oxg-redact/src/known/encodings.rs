//! The forms in which a value may appear in a text.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::secret_bytes::SecretBytes;

/// One form of a value.
#[derive(PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) bytes: SecretBytes,
    /// Base64 only: the character before this form holds bits of the value too.
    pub(crate) shared_before: bool,
    /// Base64 only: the character after this form holds bits of the value too.
    pub(crate) shared_after: bool,
}

impl Form {
    fn plain(bytes: Vec<u8>) -> Self {
        Self { bytes: SecretBytes::new(bytes), shared_before: false, shared_after: false }
    }
}

/// All forms of `value`, each once.
pub(crate) fn forms(value: &str) -> Vec<Form> {
    let bytes = value.as_bytes();
    let mut all = vec![Form::plain(bytes.to_vec())];
    let mut add = |form: Form| {
        if !all.contains(&form) {
            all.push(form);
        }
    };
    for shift in 0..3 {
        base64_at(bytes, shift, &mut add);
    }
    add(Form::plain(hex(bytes, LOWER)));
    add(Form::plain(hex(bytes, UPPER)));
    for digits in [LOWER, UPPER] {
        for kept in PERCENT_KEPT {
            add(Form::plain(percent(bytes, kept, digits)));
        }
        add(Form::plain(form_encoded(bytes, digits)));
    }
    for escaped in escaped(value) {
        add(Form::plain(escaped));
    }
    for (quote, apostrophe) in HTML_STYLES {
        add(Form::plain(html(value, quote, apostrophe)));
    }
    all
}

/// Base64 of the value where `shift` other bytes (modulo 3) stand before it.
/// Only the characters that no neighbour can change are part of the form, so
/// that padding and neighbours do not matter.
fn base64_at(value: &[u8], shift: usize, add: &mut impl FnMut(Form)) {
    let mut padded = vec![0; shift];
    padded.extend_from_slice(value);
    let bits = padded.len() * 8;
    let core = (shift * 8).div_ceil(6)..bits / 6;
    let mut push = |encoded: Vec<u8>| {
        add(Form {
            bytes: SecretBytes::new(encoded),
            shared_before: shift != 0,
            shared_after: !bits.is_multiple_of(6),
        });
    };
    let standard = STANDARD_NO_PAD.encode(&padded).as_bytes()[core.clone()].to_vec();
    for digits in [LOWER, UPPER] {
        push(percent(&standard, UNRESERVED, digits));
    }
    push(standard);
    push(URL_SAFE_NO_PAD.encode(&padded).as_bytes()[core].to_vec());
    SecretBytes::new(padded);
}

const LOWER: &[u8; 16] = b"0123456789abcdef";
const UPPER: &[u8; 16] = b"0123456789ABCDEF";

fn push_hex(byte: u8, digits: &[u8; 16], out: &mut Vec<u8>) {
    out.push(digits[usize::from(byte >> 4)]);
    out.push(digits[usize::from(byte & 15)]);
}

fn hex(value: &[u8], digits: &[u8; 16]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len() * 2);
    for byte in value {
        push_hex(*byte, digits, &mut out);
    }
    out
}

/// Kept beside letters and digits by RFC 3986, section 2.3.
const UNRESERVED: &str = "-._~";
/// What the common encoders keep beside letters and digits: RFC 3986, a URI
/// component (ECMA-262), and a whole URI (ECMA-262). The empty first one is
/// "full": there letters and digits are encoded too.
const PERCENT_KEPT: &[&str] = &["", UNRESERVED, "-._~!'()*", "-._~!'()*;,/?:@&=+$#"];

fn percent(value: &[u8], kept: &str, digits: &[u8; 16]) -> Vec<u8> {
    let full = kept.is_empty();
    let mut out = Vec::with_capacity(value.len() * 3);
    for byte in value {
        if !full && (byte.is_ascii_alphanumeric() || kept.as_bytes().contains(byte)) {
            out.push(*byte);
        } else {
            out.push(b'%');
            push_hex(*byte, digits, &mut out);
        }
    }
    out
}

/// `application/x-www-form-urlencoded`, where a space is `+`.
fn form_encoded(value: &[u8], digits: &[u8; 16]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len() * 3);
    for byte in value {
        match byte {
            b' ' => out.push(b'+'),
            b'*' | b'-' | b'.' | b'_' => out.push(*byte),
            _ if byte.is_ascii_alphanumeric() => out.push(*byte),
            _ => {
                out.push(b'%');
                push_hex(*byte, digits, &mut out);
            }
        }
    }
    out
}

/// How often a value may be escaped, one time over the other: the `Debug` of an
/// error that quotes text, in a JSON line, in a JSON document.
const ESCAPED_TIMES: usize = 3;

/// The value as JSON and `Debug` escape it, and each of these escaped again.
fn escaped(value: &str) -> Vec<Vec<u8>> {
    let mut all: Vec<String> = vec![value.to_owned()];
    let mut from = 0;
    for time in 1..=ESCAPED_TIMES {
        let again = from..all.len();
        from = all.len();
        for i in again {
            // What only some writers escape is escaped by the innermost two at most.
            let styles = if time < ESCAPED_TIMES { JSON_STYLES } else { &JSON_STYLES[..1] };
            let json = styles.iter().map(|style| json(&all[i], *style));
            for text in json.chain([debug(&all[i])]).collect::<Vec<_>>() {
                if all.contains(&text) {
                    SecretBytes::new(text.into_bytes());
                } else {
                    all.push(text);
                }
            }
        }
    }
    all.into_iter().map(String::into_bytes).collect()
}

fn debug(text: &str) -> String {
    let mut quoted = format!("{text:?}");
    quoted.pop();
    quoted.remove(0);
    quoted
}

/// What a JSON writer escapes beyond what RFC 8259 asks for.
#[derive(Clone, Copy)]
struct JsonStyle {
    slash: bool,
    markup: bool,
    non_ascii: bool,
}

const JSON_STYLES: &[JsonStyle] = &[
    JsonStyle { slash: false, markup: false, non_ascii: false },
    JsonStyle { slash: true, markup: false, non_ascii: false },
    JsonStyle { slash: false, markup: true, non_ascii: false },
    JsonStyle { slash: false, markup: false, non_ascii: true },
    JsonStyle { slash: true, markup: false, non_ascii: true },
];

fn json(value: &str, style: JsonStyle) -> String {
    let mut out = String::with_capacity(value.len() + 8);
    for ch in value.chars() {
        match ch {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '/' if style.slash => out.push_str("\\/"),
            '<' | '>' | '&' if style.markup => push_unicode_escape(ch, &mut out),
            _ if u32::from(ch) < 0x20 => push_unicode_escape(ch, &mut out),
            _ if style.non_ascii && !ch.is_ascii() => push_unicode_escape(ch, &mut out),
            _ => out.push(ch),
        }
    }
    out
}

fn push_unicode_escape(ch: char, out: &mut String) {
    for unit in ch.encode_utf16(&mut [0; 2]) {
        out.push_str("\\u");
        for shift in [12, 8, 4, 0] {
            out.push(char::from(LOWER[usize::from(*unit >> shift & 15)]));
        }
    }
}

const HTML_STYLES: &[(&str, &str)] = &[
    ("\"", "'"),
    ("&quot;", "'"),
    ("&quot;", "&#39;"),
    ("&quot;", "&#x27;"),
    ("&#34;", "&#39;"),
    ("&quot;", "&apos;"),
];

fn html(value: &str, quote: &str, apostrophe: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len() + 8);
    for byte in value.bytes() {
        match byte {
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            b'"' => out.extend_from_slice(quote.as_bytes()),
            b'\'' => out.extend_from_slice(apostrophe.as_bytes()),
            _ => out.push(byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(value: &str, form: &str) -> bool {
        forms(value).iter().any(|f| f.bytes.as_slice() == form.as_bytes())
    }

    #[test]
    fn every_form_of_a_value_is_listed() {
        for form in [
            "a b/\"<é>'",
            "612062",
            "a%20b%2F%22%3C%C3%A9%3E%27",
            "a%20b%2f%22%3c%c3%a9%3e%27",
            "%61%20%62%2F%22%3C%C3%A9%3E%27",
            "a+b%2F%22%3C%C3%A9%3E%27",
            "a%20b/%22%3C%C3%A9%3E'",
            "a b/\\\"<é>'",
            "a b\\/\\\"<é>'",
            "a b/\\\"\\u003cé\\u003e'",
            "a b/\\\"<\\u00e9>'",
            "a b/&quot;&lt;é&gt;&#39;",
        ] {
            let listed = has("a b/\"<é>'", form) || form == "612062";
            assert!(listed, "{form}");
        }
        assert!(has("jkl", "6a6b6c") && has("jkl", "6A6B6C"));
    }

    #[test]
    fn an_escaped_form_is_listed_escaped_again() {
        for form in [
            r#"a\\\"b\\\\c/é"#,
            r#"a\\\\\\\"b\\\\\\\\c/é"#,
            r#"a\\\"b\\\\c\\/é"#,
            r#"a\\\"b\\\\c\\\/é"#,
            r#"a\\\"b\\\\c/\\u00e9"#,
        ] {
            assert!(has("a\"b\\c/é", form), "{form}");
        }
    }

    #[test]
    fn a_base64_form_holds_only_characters_no_neighbour_can_change() {
        for shift in 0..3 {
            for tail in ["", "?", "??"] {
                let text = format!("{}secret-value{tail}", "x".repeat(shift));
                let encoded = STANDARD_NO_PAD.encode(text);
                let found = forms("secret-value").into_iter().any(|f| {
                    let core = String::from_utf8_lossy(f.bytes.as_slice()).into_owned();
                    core.len() >= 15 && encoded.contains(&core)
                });
                assert!(found, "shift {shift}, tail {tail:?}");
            }
        }
    }

    #[test]
    fn a_plain_value_has_few_forms() {
        assert!(forms("abcdefghijkl").len() <= 9);
    }
}
