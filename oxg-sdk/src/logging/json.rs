/// What cannot stand in a JSON string as it is (RFC 8259, section 7), and what would steer a
/// terminal on which a log is shown: DEL, and the first byte of U+0080 to U+009F.
static SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        special[byte] = true;
        byte += 1;
    }
    special[b'"' as usize] = true;
    special[b'\\' as usize] = true;
    special[0x7f] = true;
    special[0xc2] = true;
    special
};

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Appends `text` as it stands between the quotes of a JSON string.
pub(super) fn escape(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| SPECIAL[usize::from(byte)]) {
        let (clean, special) = rest.split_at(at);
        out.push_str(clean);
        let mut chars = special.chars();
        if let Some(c) = chars.next() {
            escape_char(c, out);
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
}

/// Appends `text` as a JSON string.
pub(super) fn string(text: &str, out: &mut String) {
    out.push('"');
    escape(text, out);
    out.push('"');
}

fn escape_char(c: char, out: &mut String) {
    let short = match c {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => {
            out.push_str("\\u00");
            let code = u32::from(c);
            for shift in [4, 0] {
                out.push(char::from(DIGITS[(code >> shift & 15) as usize]));
            }
            return;
        }
        other => return out.push(other),
    };
    out.push_str(short);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_reads_back_and_steers_no_terminal(text in "\\PC{0,40}|[\\x00-\\x{a0}\"\\\\é✓]{0,40}") {
            let mut json = String::new();
            string(&text, &mut json);
            prop_assert!(!json.contains(char::is_control));
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
