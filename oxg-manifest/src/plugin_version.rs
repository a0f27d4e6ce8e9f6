//! The plugin's version.

use crate::text::text_newtype;

/// The longest version, in characters.
const MAX: usize = 128;

/// A plugin's version in the form of Semantic Versioning 2.0.0: `MAJOR.MINOR.PATCH`, then
/// optionally `-` and a pre-release, then optionally `+` and build data; at most 128 characters.
///
/// ```
/// use oxg_manifest::PluginVersion;
///
/// let version: PluginVersion = "1.4.0-rc.1+linux".parse()?;
/// assert_eq!(version.to_string(), "1.4.0-rc.1+linux");
/// assert!("1.4".parse::<PluginVersion>().is_err());
/// # Ok::<(), oxg_manifest::PluginVersionError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PluginVersion(String);

text_newtype!(PluginVersion, "a version", check => PluginVersionError);

/// Why text is not a [`PluginVersion`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PluginVersionError {
    /// More than 128 characters.
    #[error("it is longer than 128 characters; shorten it")]
    TooLong,
    /// Not three numbers with dots between them.
    #[error("write three numbers without leading zeros, such as \"1.0.0\"")]
    Numbers,
    /// The part after `-` is not a list of identifiers with dots between them.
    #[error(
        "after \"-\", write letters, digits and hyphens between dots, no number with a leading zero, such as \"1.0.0-rc.1\""
    )]
    PreRelease,
    /// The part after `+` is not a list of identifiers with dots between them.
    #[error(
        "after \"+\", write letters, digits and hyphens between dots, such as \"1.0.0+build.5\""
    )]
    Build,
}

fn check(text: &str) -> Result<(), PluginVersionError> {
    if text.len() > MAX {
        return Err(PluginVersionError::TooLong);
    }
    let (text, build) = match text.split_once('+') {
        Some((text, build)) => (text, Some(build)),
        None => (text, None),
    };
    let (numbers, pre_release) = match text.split_once('-') {
        Some((numbers, pre_release)) => (numbers, Some(pre_release)),
        None => (text, None),
    };
    if numbers.split('.').count() != 3 || !numbers.split('.').all(is_number) {
        return Err(PluginVersionError::Numbers);
    }
    let pre_release_part =
        |part: &str| is_identifier(part) && (!is_digits(part) || is_number(part));
    if pre_release.is_some_and(|list| !list.split('.').all(pre_release_part)) {
        return Err(PluginVersionError::PreRelease);
    }
    if build.is_some_and(|list| !list.split('.').all(is_identifier)) {
        return Err(PluginVersionError::Build);
    }
    Ok(())
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_number(text: &str) -> bool {
    is_digits(text) && (text == "0" || !text.starts_with('0'))
}

fn is_identifier(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_follows_semantic_versioning() {
        for good in ["0.0.0", "1.2.3", "1.0.0-alpha.1", "1.0.0-x-y.0", "1.0.0+001", "1.0.0--a+b-c"]
        {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["", "1", "1.2", "1.2.3.4", "01.2.3", "v1.2.3", "1.2.x", " 1.2.3", "-1.2.3"] {
            assert_eq!(check(bad), Err(PluginVersionError::Numbers), "{bad}");
        }
        for bad in ["1.0.0-", "1.0.0-a..b", "1.0.0-01", "1.0.0-ä", "1.0.0-a_b"] {
            assert_eq!(check(bad), Err(PluginVersionError::PreRelease), "{bad}");
        }
        for bad in ["1.0.0+", "1.0.0+a+b", "1.0.0+a..b"] {
            assert_eq!(check(bad), Err(PluginVersionError::Build), "{bad}");
        }
        let long = format!("1.0.0-{}", "a".repeat(200));
        assert_eq!(check(&long), Err(PluginVersionError::TooLong));
    }
}
