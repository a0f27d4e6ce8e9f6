//! Secrets in a file.

mod items;
mod private;

use std::io;
use std::path::{Path, PathBuf};

use oxg_protocol::SecretName;

use super::{Fetching, SecretSource, SourceError};
use items::Items;
pub(super) use private::read_private;

/// Secrets in a file, JSON or, where its name ends in `.toml`, TOML: names and values, for every
/// plugin or below the name of one.
///
/// ```toml
/// api-token = "for every plugin"
///
/// [header-audit]
/// api-token = "for this one, which goes first"
/// ```
///
/// The file is read anew each time, so that an edit is a rotation. One that belongs to another user
/// or that others may read is refused, and so is a link.
#[derive(Debug)]
pub struct FileSource(PathBuf);

impl FileSource {
    /// The secrets in the file at `path`.
    ///
    /// # Errors
    /// [`SourceError`] where the file cannot be used now.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, SourceError> {
        let path = path.into();
        parse(&path)?;
        Ok(Self(path))
    }
}

impl SecretSource for FileSource {
    fn fetch<'a>(&'a self, plugin: &'a str, name: &'a SecretName) -> Fetching<'a> {
        Box::pin(async move {
            let path = self.0.clone();
            let parsed = tokio::task::spawn_blocking(move || parse(&path)).await;
            let items = parsed.unwrap_or_else(|error| {
                Err(SourceError::Read { path: self.0.clone(), source: io::Error::other(error) })
            })?;
            Ok(items.take(plugin, name).map(Into::into))
        })
    }
}

/// Errors have only the place: the parsers' messages may quote a value.
fn parse(path: &Path) -> Result<Items, SourceError> {
    let text = read_private(path)?;
    let malformed = |format, line| SourceError::Format { path: path.to_owned(), format, line };
    if path.extension().is_some_and(|extension| extension == "toml") {
        let text = std::str::from_utf8(&text).map_err(|_| malformed("TOML", 0))?;
        return toml::from_str(text).map_err(|error| malformed("TOML", line_of(text, &error)));
    }
    serde_json::from_slice(&text).map_err(|error| malformed("JSON", error.line()))
}

fn line_of(text: &str, error: &toml::de::Error) -> usize {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    before.matches('\n').count() + 1
}
