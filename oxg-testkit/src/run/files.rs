//! What a plugin left in its workspace.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The most bytes that are read of one file.
const MOST: u64 = 16 << 20;

/// The regular files below `root`, by their paths in it; no link is followed.
pub(crate) fn read(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(path),
                Ok(kind) if kind.is_file() => {
                    if let Some((name, bytes)) = file(root, &path) {
                        files.insert(name, bytes);
                    }
                }
                _ => {}
            }
        }
    }
    files
}

fn file(root: &Path, path: &Path) -> Option<(PathBuf, Vec<u8>)> {
    use std::io::Read as _;

    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(MOST).read_to_end(&mut bytes).ok()?;
    Some((path.strip_prefix(root).ok()?.to_owned(), bytes))
}
