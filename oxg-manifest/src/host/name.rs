//! The names of hosts.

use super::HostPatternError;

const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;

/// Reads a name: ASCII letters, digits, hyphens and underscores in labels with dots between them,
/// folded to lower case, one trailing dot (the DNS root) dropped.
pub(super) fn parse(text: &str) -> Result<String, HostPatternError> {
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    check(&name)?;
    Ok(name)
}

/// Whether `text` is a name exactly as [`parse`] returns it.
pub(super) fn is_canonical(text: &str) -> bool {
    !text.bytes().any(|b| b.is_ascii_uppercase()) && check(text).is_ok()
}

fn check(name: &str) -> Result<(), HostPatternError> {
    if name.is_empty() {
        return Err(HostPatternError::EmptyLabel);
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match name.chars().find(|c| !allowed(*c)) {
        Some('*') => return Err(HostPatternError::Wildcard),
        Some(c) => return Err(HostPatternError::Character(c)),
        None => {}
    }
    let mut last = "";
    for label in name.split('.') {
        match label.len() {
            0 => return Err(HostPatternError::EmptyLabel),
            1..=MAX_LABEL => {}
            _ => return Err(HostPatternError::LabelTooLong),
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err(HostPatternError::LabelHyphen(label.to_owned()));
        }
        last = label;
    }
    if name.len() > MAX_NAME {
        return Err(HostPatternError::NameTooLong);
    }
    if is_numeric(last) {
        return Err(HostPatternError::NumericName);
    }
    Ok(())
}

/// Whether a last label makes URL parsers read the whole name as an IPv4 address: all digits, or
/// `0x` and hexadecimal digits.
fn is_numeric(label: &str) -> bool {
    let hex = label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"));
    hex.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
        || label.bytes().all(|b| b.is_ascii_digit())
}
