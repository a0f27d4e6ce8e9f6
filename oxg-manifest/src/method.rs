//! The HTTP methods that a plugin may use.

use crate::text::text_newtype;

/// The longest method, in characters.
const MAX: usize = 32;

/// An HTTP method in a plugin's allow list, such as `GET`.
///
/// A method is a token (RFC 9110, section 9.1) of at most 32 characters and compares by case, so
/// lower-case letters are refused: `get` would never match. `CONNECT` is refused as well: the
/// broker opens no tunnels, because it could not audit what passes through them.
///
/// ```
/// use oxg_manifest::Method;
///
/// assert_eq!("GET".parse::<Method>()?.as_str(), "GET");
/// assert!("get".parse::<Method>().is_err());
/// # Ok::<(), oxg_manifest::MethodError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Method(String);

text_newtype!(Method, "an HTTP method", check => MethodError);

/// Why text is not a [`Method`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MethodError {
    /// There is no character at all.
    #[error("it is empty; write a method such as \"GET\"")]
    Empty,
    /// More than 32 characters.
    #[error("it is longer than 32 characters")]
    TooLong,
    /// A character that no method may hold.
    #[error("it contains {0:?}; write a method such as \"GET\"")]
    Character(char),
    /// Lower-case letters; the field is the method to write instead.
    #[error("methods compare by case; write \"{0}\"")]
    LowerCase(String),
    /// The `CONNECT` method.
    #[error("the broker opens no tunnels; remove it and request the target itself")]
    Connect,
}

fn check(text: &str) -> Result<(), MethodError> {
    if text.is_empty() {
        return Err(MethodError::Empty);
    }
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if let Some(c) = text.chars().find(|c| !token(*c)) {
        return Err(MethodError::Character(c));
    }
    if text.len() > MAX {
        return Err(MethodError::TooLong);
    }
    let upper = text.to_ascii_uppercase();
    match upper.as_str() {
        "CONNECT" => Err(MethodError::Connect),
        other if other != text => Err(MethodError::LowerCase(upper)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_an_upper_case_token_and_never_a_tunnel() {
        for good in ["GET", "POST", "PROPFIND", "M-SEARCH", "X_1"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        assert_eq!(check(""), Err(MethodError::Empty));
        assert_eq!(check("Get"), Err(MethodError::LowerCase("GET".into())));
        assert_eq!(check("connect"), Err(MethodError::Connect));
        assert_eq!(check("CONNECT"), Err(MethodError::Connect));
        assert_eq!(check("G ET"), Err(MethodError::Character(' ')));
        assert_eq!(check("GET\r\n"), Err(MethodError::Character('\r')));
        assert_eq!(check("\"GET\""), Err(MethodError::Character('"')));
        assert_eq!(check(&"A".repeat(33)), Err(MethodError::TooLong));
    }
}
