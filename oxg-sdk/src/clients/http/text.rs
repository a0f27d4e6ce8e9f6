/// The text that `bytes` are, or the name of a charset that is not read.
pub(super) fn decode(bytes: &[u8], content_type: Option<&str>) -> Result<String, String> {
    // A byte order mark is more authoritative than anything else (WHATWG Encoding, 6.1).
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return Ok(String::from_utf8_lossy(rest).into_owned());
    }
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        return Ok(utf16(rest, u16::from_le_bytes));
    }
    if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        return Ok(utf16(rest, u16::from_be_bytes));
    }
    let charset = content_type.and_then(charset).unwrap_or_else(|| "utf-8".to_owned());
    match charset.as_str() {
        "utf-8" | "utf8" => Ok(String::from_utf8_lossy(bytes).into_owned()),
        "utf-16" | "utf-16le" => Ok(utf16(bytes, u16::from_le_bytes)),
        "utf-16be" => Ok(utf16(bytes, u16::from_be_bytes)),
        "us-ascii" | "ascii" | "iso-8859-1" | "iso8859-1" | "latin1" | "windows-1252" => {
            Ok(bytes.iter().map(|&byte| windows_1252(byte)).collect())
        }
        _ => Err(charset),
    }
}

/// The parameter `charset` of a media type, in lower case.
fn charset(content_type: &str) -> Option<String> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let is_charset = name.trim().eq_ignore_ascii_case("charset");
        let value = value.trim().trim_matches('"');
        (is_charset && !value.is_empty()).then(|| value.to_ascii_lowercase())
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|&pair| unit(pair));
    let text = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER));
    text.chain((!odd.is_empty()).then_some(char::REPLACEMENT_CHARACTER)).collect()
}

/// ISO-8859-1, but for the block in which windows-1252 has printable characters.
fn windows_1252(byte: u8) -> char {
    const BLOCK: [char; 32] = [
        '\u{20ac}', '\u{81}', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}',
        '\u{2021}', '\u{2c6}', '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{8d}', '\u{17d}',
        '\u{8f}', '\u{90}', '\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}',
        '\u{2014}', '\u{2dc}', '\u{2122}', '\u{161}', '\u{203a}', '\u{153}', '\u{9d}', '\u{17e}',
        '\u{178}',
    ];
    let at = usize::from(byte.wrapping_sub(0x80));
    BLOCK.get(at).copied().unwrap_or(char::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_counts_more_than_the_header_and_the_header_more_than_the_default() {
        for (bytes, content_type, text) in [
            (&b"caf\xc3\xa9"[..], None, "caf\u{e9}"),
            (b"caf\xc3\xa9", Some("text/html"), "caf\u{e9}"),
            (b"caf\xe9 \x80", Some("text/html; charset=ISO-8859-1"), "caf\u{e9} \u{20ac}"),
            (b"\xef\xbb\xbfx", Some("text/plain;charset=latin1"), "x"),
            (b"\xff\xfeh\0i\0", None, "hi"),
            (b"\0h\0i", Some("text/plain; a=b; Charset=\"utf-16be\""), "hi"),
            (b"h\0i", Some("text/plain; charset=utf-16le"), "h\u{fffd}"),
            (b"\xff", None, "\u{fffd}"),
            (b"", None, ""),
        ] {
            assert_eq!(
                decode(bytes, content_type).as_deref(),
                Ok(text),
                "{bytes:?} {content_type:?}"
            );
        }
    }

    #[test]
    fn another_charset_is_named_not_guessed() {
        assert_eq!(decode(b"x", Some("text/html; charset=Shift_JIS")), Err("shift_jis".to_owned()));
    }
}
