//! The paths of files.

use std::path::Path;

use crate::text::text_newtype;

/// The longest path, in characters: at most 4096 bytes, however it is encoded.
pub(crate) const MAX: usize = 1024;

/// The path of a file, such as `./cmd/start.sh`, relative to the folder of `manifest.json`.
///
/// It is not blank, holds no control character and is at most 1024 characters long. Whether the
/// file is there, and whether it lies inside the plugin's folder, is for whoever opens it to check.
///
/// ```
/// use oxg_manifest::FilePath;
///
/// let entry: FilePath = "./cmd/start.sh".parse()?;
/// assert_eq!(entry.as_path(), std::path::Path::new("./cmd/start.sh"));
/// # Ok::<(), oxg_manifest::FilePathError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FilePath(String);

text_newtype!(FilePath, "a file path", check => FilePathError);

impl FilePath {
    /// The text as a path.
    #[must_use]
    pub fn as_path(&self) -> &Path {
        Path::new(&self.0)
    }
}

/// Why text is not a [`FilePath`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilePathError {
    /// Nothing, or only white space.
    #[error("it is blank; write the path of a file")]
    Blank,
    /// More than 1024 characters.
    #[error("it is longer than 1024 characters; shorten it")]
    TooLong,
    /// A control character, such as NUL or a line break.
    #[error("it contains the control character {0:?}; remove it")]
    Control(char),
}

fn check(text: &str) -> Result<(), FilePathError> {
    if text.trim().is_empty() {
        return Err(FilePathError::Blank);
    }
    if text.chars().nth(MAX).is_some() {
        return Err(FilePathError::TooLong);
    }
    match text.chars().find(|c| c.is_control()) {
        Some(c) => Err(FilePathError::Control(c)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_that_a_person_can_see() {
        assert_eq!(check("./cmd/start.sh"), Ok(()));
        assert_eq!(check(""), Err(FilePathError::Blank));
        assert_eq!(check(" \t\u{3000}"), Err(FilePathError::Blank));
        assert_eq!(check("a\0b"), Err(FilePathError::Control('\0')));
        assert_eq!(check("a\u{85}"), Err(FilePathError::Control('\u{85}')));
        assert_eq!(check(&"ä".repeat(1024)), Ok(()));
        assert_eq!(check(&"ä".repeat(1025)), Err(FilePathError::TooLong));
    }
}
