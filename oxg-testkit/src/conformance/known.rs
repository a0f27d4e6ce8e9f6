//! Cases that are known to fail.

use std::collections::BTreeSet;
use std::path::Path;

use super::{CaseError, CaseId};

/// Cases that are known to fail. The list is exact: one that holds is as wrong as one that fails
/// and is not listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownFailing(BTreeSet<CaseId>);

impl KnownFailing {
    /// Reads a list: an id a line; what follows a `#` is a comment.
    ///
    /// # Errors
    /// [`CaseError::File`] if there is no such file, [`CaseError::Malformed`] for a line that is no
    /// id or stands there twice.
    pub fn read(path: &Path) -> Result<Self, CaseError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| CaseError::File { path: path.to_owned(), source })?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// The list in `text`; `name` is for messages.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn parse(name: &str, text: &str) -> Result<Self, CaseError> {
        let mut known = BTreeSet::new();
        for (index, line) in text.lines().enumerate() {
            let id = line.split('#').next().unwrap_or_default().trim();
            if id.is_empty() {
                continue;
            }
            let malformed = |problem: String| CaseError::Malformed {
                name: name.to_owned(),
                problem: format!("line {}: {problem}", index + 1),
            };
            let id: CaseId = id.parse().map_err(|error| malformed(format!("{error}")))?;
            if !known.insert(id) {
                return Err(malformed("the case is listed twice".to_owned()));
            }
        }
        Ok(Self(known))
    }

    /// Whether the case is listed.
    #[must_use]
    pub fn contains(&self, id: &CaseId) -> bool {
        self.0.contains(id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &CaseId> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_comments_and_each_case_once() {
        let known = KnownFailing::parse("list", "# why\na/b # because\n\n a/c\n").unwrap();
        assert!(known.contains(&"a/b".parse().unwrap()) && known.contains(&"a/c".parse().unwrap()));
        for (text, line) in
            [("a/b\nab", "line 2"), ("a/b\na/b", "line 2: the case is listed twice")]
        {
            let error = KnownFailing::parse("list", text).unwrap_err().to_string();
            assert!(error.starts_with("list: ") && error.contains(line), "{error}");
        }
    }
}
