use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use oxg_protocol::SecretName;
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use super::{Fetching, SecretSource, SourceError};

/// The largest secrets file, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// Secrets in a JSON file: `{"NAME": "VALUE"}`, or by plugin, `{"PLUGIN": {"NAME": "VALUE"}}`.
///
/// The file is read anew each time, so that an edit is a rotation. One that belongs to another user
/// or that others may read is refused, and so is a link.
#[derive(Debug)]
pub struct FileSource(PathBuf);

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Item {
    Value(SecretString),
    Plugin(HashMap<SecretName, SecretString>),
}

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
            let mut items = parsed.unwrap_or_else(|error| {
                Err(SourceError::Read { path: self.0.clone(), source: io::Error::other(error) })
            })?;
            // A plugin's own value goes before one for all.
            if let Some(Item::Plugin(mut own)) = items.remove(plugin)
                && let Some(value) = own.remove(name)
            {
                return Ok(Some(value));
            }
            Ok(match items.remove(name.as_str()) {
                Some(Item::Value(value)) => Some(value),
                _ => None,
            })
        })
    }
}

fn parse(path: &Path) -> Result<HashMap<String, Item>, SourceError> {
    let text = read(path)?;
    serde_json::from_slice(&text)
        // Only the place: the message may quote a value.
        .map_err(|error| SourceError::Format { path: path.to_owned(), line: error.line() })
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, SourceError> {
    let failed = |source| SourceError::Read { path: path.to_owned(), source };
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let mut options = OpenOptions::new();
    let file = options.read(true).custom_flags(flags.bits().cast_signed()).open(path);
    let file = file.map_err(failed)?;
    // Of the open file, so that nothing can be swapped in between.
    let found = file.metadata().map_err(failed)?;
    if !found.is_file() {
        return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")));
    }
    if found.mode() & 0o077 != 0 {
        return Err(SourceError::Readable { path: path.to_owned(), mode: found.mode() & 0o777 });
    }
    let user = rustix::process::geteuid().as_raw();
    if found.uid() != user && found.uid() != 0 {
        return Err(SourceError::Owner(path.to_owned()));
    }
    if found.len() > MAX_BYTES {
        let message = format!("it is larger than {MAX_BYTES} bytes");
        return Err(failed(io::Error::new(io::ErrorKind::FileTooLarge, message)));
    }
    // Room for all of it at once: a vector that grows would leave copies behind.
    let room = usize::try_from(found.len()).unwrap_or_default() + 1;
    let mut text = Zeroizing::new(Vec::with_capacity(room));
    file.take(found.len()).read_to_end(&mut text).map_err(failed)?;
    Ok(text)
}
