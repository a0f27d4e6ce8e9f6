use std::str::FromStr;

/// The name of an artifact, and of a file in the workspace: a relative path that means the same on
/// every system.
///
/// Parts are separated by `/` and never percent-decoded. Refused is what some system would read
/// otherwise: `..`, absolute paths, backslashes, drive letters and streams (`:`), `%` before two
/// hexadecimal digits, control and invisible characters, characters that normalise to `.`, `/` or
/// `\`, device names (`CON`), leading or trailing spaces, trailing dots, `~` at the start of a part.
/// At most 1,024 bytes in all and 255 a part.
///
/// ```
/// use oxg_protocol::ArtifactName;
///
/// assert!("pages/index.html".parse::<ArtifactName>().is_ok());
/// assert!("pages/../../etc/passwd".parse::<ArtifactName>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArtifactName(String);

/// Why a text is not an [`ArtifactName`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArtifactNameError {
    /// An empty name or part, `.` or `..`, or a leading or trailing `/`.
    #[error("an artifact name is a relative path without empty, '.' or '..' parts")]
    Path,
    /// Longer than 1,024 bytes, or a part longer than 255.
    #[error("an artifact name has at most 1024 bytes, and 255 between slashes")]
    TooLong,
    /// A character that means something else on some system, or cannot be seen.
    #[error("the artifact name has a control, invisible or look-alike character, or one of \\ :")]
    Character,
    /// `%` before two hexadecimal digits.
    #[error("artifact names are never percent-decoded; write the character itself")]
    Percent,
    /// A part that other systems read differently.
    #[error(
        "a part of the artifact name starts with '~' or a space, ends with a space or '.', or is a device name such as CON"
    )]
    Part,
}

impl ArtifactName {
    /// The longest name, in bytes.
    pub const MAX_BYTES: usize = 1024;

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The parts between the slashes; at least one.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }
}

text_traits!(ArtifactName);

/// Names compare and hash as their text does.
impl std::borrow::Borrow<str> for ArtifactName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl FromStr for ArtifactName {
    type Err = ArtifactNameError;

    fn from_str(text: &str) -> Result<Self, ArtifactNameError> {
        if text.len() > Self::MAX_BYTES {
            return Err(ArtifactNameError::TooLong);
        }
        if text.chars().any(is_unsafe) {
            return Err(ArtifactNameError::Character);
        }
        // `%u002e` is how some old decoders spell a dot.
        let encoded = text.as_bytes().windows(3).any(|w| {
            w[0] == b'%' && (w[1].is_ascii_hexdigit() || w[1] == b'u') && w[2].is_ascii_hexdigit()
        });
        if encoded {
            return Err(ArtifactNameError::Percent);
        }
        for part in text.split('/') {
            check_part(part)?;
        }
        Ok(Self(text.to_owned()))
    }
}

fn check_part(part: &str) -> Result<(), ArtifactNameError> {
    if matches!(part, "" | "." | "..") {
        return Err(ArtifactNameError::Path);
    }
    if part.len() > 255 {
        return Err(ArtifactNameError::TooLong);
    }
    if part.starts_with(['~', ' ']) || part.ends_with([' ', '.']) || is_device(part) {
        return Err(ArtifactNameError::Part);
    }
    Ok(())
}

/// Whether Windows takes the part for a device, whatever its extension.
fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or(part).trim_end().to_ascii_uppercase();
    let numbered = |name: &str| {
        stem.strip_prefix(name).is_some_and(|rest| {
            let mut digits = rest.chars();
            matches!(digits.next(), Some('0'..='9' | '\u{b9}' | '\u{b2}' | '\u{b3}'))
                && digits.next().is_none()
        })
    };
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" | "CLOCK$")
        || numbered("COM")
        || numbered("LPT")
}

fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\\' | ':')
        // Spaces other than U+0020, joiners, bidirectional marks and other things nobody sees.
        || matches!(c,
            '\u{00a0}' | '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}'
            | '\u{1680}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{2000}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{206f}'
            | '\u{3000}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{ffff}' | '\u{e0000}'..='\u{e0fff}')
        // What compatibility normalisation (NFKC) turns into a dot, slash, backslash, colon,
        // tilde or percent sign, and what looks like a slash.
        || matches!(c,
            '\u{2024}'..='\u{2026}' | '\u{2044}' | '\u{2100}' | '\u{2101}' | '\u{2105}' | '\u{2106}'
            | '\u{2215}' | '\u{2216}' | '\u{29f5}' | '\u{29f8}' | '\u{29f9}'
            | '\u{2a74}' | '\u{fe13}' | '\u{fe19}' | '\u{fe30}' | '\u{fe52}' | '\u{fe55}'
            | '\u{fe68}' | '\u{fe6a}' | '\u{ff05}' | '\u{ff0e}' | '\u{ff0f}' | '\u{ff1a}'
            | '\u{ff3c}' | '\u{ff5e}')
        // Digits with a full stop, such as U+2488, normalise to one as well.
        || matches!(c, '\u{2488}'..='\u{249b}' | '\u{1f100}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ordinary_names_are_taken_as_they_are() {
        for name in [
            "page.html",
            "a/b/c.txt",
            "a/.hidden",
            "50% done.txt",
            "r\u{e9}sum\u{e9}.pdf",
            "a~b",
            "com.txt",
            "com10",
        ] {
            assert_eq!(name.parse::<ArtifactName>().map(|n| n.to_string()), Ok(name.to_owned()));
        }
    }

    #[test]
    fn names_that_some_system_reads_otherwise_are_refused() {
        use ArtifactNameError::{Character, Part, Path, Percent, TooLong};
        for (name, error) in [
            ("", Path),
            ("/a", Path),
            ("a/", Path),
            ("a//b", Path),
            ("./a", Path),
            ("a/../b", Path),
            ("a\\b", Character),
            ("C:a", Character),
            ("a\0", Character),
            ("a\u{202e}b", Character),
            ("\u{ff0e}\u{ff0e}/a", Character),
            ("\u{2025}/a", Character),
            ("%2e%2e/a", Percent),
            ("%u002e", Percent),
            (" a", Part),
            ("a ", Part),
            ("a.", Part),
            ("~root/a", Part),
            ("nul", Part),
            ("x/Com1.txt", Part),
            ("LPT\u{b9}", Part),
        ] {
            assert_eq!(name.parse::<ArtifactName>(), Err(error), "{name:?}");
        }
        assert_eq!("a".repeat(256).parse::<ArtifactName>(), Err(TooLong));
        assert_eq!("a/".repeat(600).parse::<ArtifactName>(), Err(TooLong));
    }

    proptest! {
        #[test]
        fn a_name_stays_inside_its_directory(text in "[a-z./~ %\\\\:-]{0,20}") {
            if let Ok(name) = text.parse::<ArtifactName>() {
                prop_assert!(name.parts().all(|part| part != ".." && part != "." && !part.is_empty()));
                prop_assert!(std::path::Path::new(name.as_str()).is_relative());
            }
        }
    }
}
