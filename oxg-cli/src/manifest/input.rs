//! Where manifests come from.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use oxg_manifest::MAX_MANIFEST_BYTES;

use super::Unreadable;

/// The bytes of a manifest, and how messages call it.
pub(super) struct Input {
    /// The file; nothing for standard input.
    pub(super) path: Option<PathBuf>,
    pub(super) name: String,
    pub(super) text: Vec<u8>,
}

impl Input {
    /// Reads a file, the `manifest.json` of a folder, or for `-` standard input. One byte more than
    /// a manifest may have is enough to refuse what is longer.
    pub(super) fn read(path: &Path) -> Result<Self, (String, Unreadable)> {
        if path == Path::new("-") {
            let name = "standard input".to_owned();
            return match read_bounded(io::stdin().lock()) {
                Ok(text) => Ok(Self { path: None, name, text }),
                Err(error) => Err((name, Unreadable(why(&error)))),
            };
        }
        let path = if path.is_dir() { path.join("manifest.json") } else { path.to_owned() };
        let name = path.display().to_string();
        match open(&path).and_then(read_bounded) {
            Ok(text) => Ok(Self { path: Some(path), name, text }),
            Err(error) => Err((name, Unreadable(why(&error)))),
        }
    }

    /// The same, with the name in the message.
    pub(super) fn read_one(path: &Path) -> Result<Self, Unreadable> {
        Self::read(path).map_err(|(name, Unreadable(why))| Unreadable(format!("{name}: {why}")))
    }
}

/// Opens a file that has an end. A device or pipe in its place could keep the command for ever.
fn open(path: &Path) -> io::Result<File> {
    let kind = std::fs::metadata(path)?.file_type();
    if kind.is_file() {
        return File::open(path);
    }
    Err(if kind.is_dir() {
        io::ErrorKind::IsADirectory.into()
    } else {
        io::Error::other("not a regular file")
    })
}

fn read_bounded(source: impl Read) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    source.take(MAX_MANIFEST_BYTES as u64 + 1).read_to_end(&mut text)?;
    Ok(text)
}

fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission to read it is denied".to_owned(),
        io::ErrorKind::IsADirectory => "this is a directory".to_owned(),
        _ => format!("it cannot be read: {error}"),
    }
}
