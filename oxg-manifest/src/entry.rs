//! The file that starts a plugin.

use std::path::Path;

use crate::text::text_newtype;

/// The longest entry, in bytes.
const MAX: usize = 4096;

/// The path of the file that starts a plugin, such as `./cmd/start.sh`, relative to the folder of
/// `manifest.json`.
///
/// It is not blank, holds no control character and is at most 4096 bytes long. Whether the file
/// is there, and whether it lies inside the plugin's folder, is for whoever starts it to check.
///
/// ```
/// use oxg_manifest::Entry;
///
/// let entry: Entry = "./cmd/start.sh".parse()?;
/// assert_eq!(entry.as_path(), std::path::Path::new("./cmd/start.sh"));
/// # Ok::<(), oxg_manifest::EntryError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Entry(String);

text_newtype!(Entry, "an entry", check => EntryError);

impl Entry {
    /// The entry as a path.
    #[must_use]
    pub fn as_path(&self) -> &Path {
        Path::new(&self.0)
    }
}

/// Why text is not an [`Entry`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// Nothing, or only white space.
    #[error("it is blank; write the path of the file that starts the plugin")]
    Blank,
    /// More than 4096 bytes.
    #[error("it is longer than 4096 bytes; shorten it")]
    TooLong,
    /// A control character, such as NUL or a line break.
    #[error("it contains the control character {0:?}; remove it")]
    Control(char),
}

fn check(text: &str) -> Result<(), EntryError> {
    if text.trim().is_empty() {
        return Err(EntryError::Blank);
    }
    if text.len() > MAX {
        return Err(EntryError::TooLong);
    }
    match text.chars().find(|c| c.is_control()) {
        Some(c) => Err(EntryError::Control(c)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_a_path_that_a_person_can_see() {
        assert_eq!(check("./cmd/start.sh"), Ok(()));
        assert_eq!(check(""), Err(EntryError::Blank));
        assert_eq!(check(" \t"), Err(EntryError::Blank));
        assert_eq!(check("a\0b"), Err(EntryError::Control('\0')));
        assert_eq!(check(&"a".repeat(4097)), Err(EntryError::TooLong));
    }
}
