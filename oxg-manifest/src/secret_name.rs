//! The name of a secret.

use crate::text::text_newtype;

/// The longest secret name, in characters.
const MAX: usize = 128;

/// A secret's name: 1 to 128 of `a-z`, `0-9`, `.`, `_` and `-`, beginning with a letter or digit.
///
/// The 0xGen host trims secret names and folds them to lower case before it looks them up; a name
/// of this form is the same before and after, so that two names never mean one secret.
///
/// ```
/// use oxg_manifest::SecretName;
///
/// let name: SecretName = "api-token".parse()?;
/// assert_eq!(name.as_str(), "api-token");
/// assert!("API_TOKEN".parse::<SecretName>().is_err());
/// # Ok::<(), oxg_manifest::SecretNameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretName(String);

text_newtype!(SecretName, "a secret name", check => SecretNameError);

/// Why text is not a [`SecretName`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretNameError {
    /// There is no character at all.
    #[error("it is empty; write 1 to 128 characters")]
    Empty,
    /// More than 128 characters.
    #[error("it is longer than 128 characters; shorten it")]
    TooLong,
    /// It does not begin with a letter or digit.
    #[error("it begins with {0:?}; begin it with a to z or 0 to 9")]
    Start(char),
    /// A character that is not allowed.
    #[error("it contains {0:?}; use only a to z, 0 to 9, \".\", \"_\" and \"-\"")]
    Character(char),
}

fn check(text: &str) -> Result<(), SecretNameError> {
    let first = text.chars().next().ok_or(SecretNameError::Empty)?;
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if let Some(c) = text.chars().find(|c| !alphanumeric(*c) && !"._-".contains(*c)) {
        return Err(SecretNameError::Character(c));
    }
    if !alphanumeric(first) {
        return Err(SecretNameError::Start(first));
    }
    if text.len() > MAX {
        return Err(SecretNameError::TooLong);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_name_is_lower_case_and_begins_with_a_letter_or_digit() {
        for good in ["a", "0", "api-token", "shop.example_key", &"a".repeat(128)] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        assert_eq!(check(""), Err(SecretNameError::Empty));
        assert_eq!(check(&"a".repeat(129)), Err(SecretNameError::TooLong));
        assert_eq!(check(".a"), Err(SecretNameError::Start('.')));
        assert_eq!(check("API"), Err(SecretNameError::Character('A')));
        assert_eq!(check("a b"), Err(SecretNameError::Character(' ')));
        assert_eq!(check("a/../b"), Err(SecretNameError::Character('/')));
    }
}
