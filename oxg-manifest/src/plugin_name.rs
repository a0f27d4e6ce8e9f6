//! The plugin's name.

use crate::text::text_newtype;

/// The longest plugin name, in characters.
const MAX: usize = 64;

/// A plugin's name: 1 to 64 of `a-z`, `0-9` and `-`, beginning with a letter.
///
/// The 0xGen host takes any name that is not blank. This type is stricter on purpose: the host
/// derives ids (`<name>-<pid>`) and environment variables (`0XGEN_SECRET_<PLUGIN>__<SECRET>`, with
/// `_` read as `-`) from the name, and only such a name survives all of them unchanged.
///
/// ```
/// use oxg_manifest::PluginName;
///
/// let name: PluginName = "header-audit".parse()?;
/// assert_eq!(name.as_str(), "header-audit");
/// assert!("Header Audit".parse::<PluginName>().is_err());
/// # Ok::<(), oxg_manifest::PluginNameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PluginName(String);

text_newtype!(PluginName, "a plugin name", check => PluginNameError);

/// Why text is not a [`PluginName`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PluginNameError {
    /// There is no character at all.
    #[error("it is empty; write 1 to 64 characters")]
    Empty,
    /// More than 64 characters.
    #[error("it is longer than 64 characters; shorten it")]
    TooLong,
    /// It does not begin with a letter.
    #[error("it begins with {0:?}; begin it with a letter from a to z")]
    Start(char),
    /// A character that is not allowed.
    #[error("it contains {0:?}; use only a to z, 0 to 9 and \"-\"")]
    Character(char),
}

fn check(text: &str) -> Result<(), PluginNameError> {
    let first = text.chars().next().ok_or(PluginNameError::Empty)?;
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if let Some(c) = text.chars().find(|c| !allowed(*c)) {
        return Err(PluginNameError::Character(c));
    }
    if !first.is_ascii_lowercase() {
        return Err(PluginNameError::Start(first));
    }
    if text.len() > MAX {
        return Err(PluginNameError::TooLong);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_lower_case_and_begins_with_a_letter() {
        for good in ["a", "oxg-example-plugin", "p2", "a-", &"a".repeat(64)] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        assert_eq!(check(""), Err(PluginNameError::Empty));
        assert_eq!(check(&"a".repeat(65)), Err(PluginNameError::TooLong));
        assert_eq!(check("2p"), Err(PluginNameError::Start('2')));
        assert_eq!(check("-p"), Err(PluginNameError::Start('-')));
        assert_eq!(check("a_b"), Err(PluginNameError::Character('_')));
        assert_eq!(check("A"), Err(PluginNameError::Character('A')));
        assert_eq!(check("a\n"), Err(PluginNameError::Character('\n')));
        assert_eq!(check("ä"), Err(PluginNameError::Character('ä')));
    }
}
