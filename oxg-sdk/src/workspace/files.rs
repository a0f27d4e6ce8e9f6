use std::fs::File;
use std::io::{self, Read as _, Write};
use std::path::Path;
use std::sync::Arc;

use oxg_fs::{Dir, EntryKind};
use oxg_protocol::ArtifactName;

use super::WorkspaceError;
use crate::random;

/// How files that are not finished are called, before their random part.
const PART: &str = ".oxg-part-";

/// The one directory that the plugin may write.
///
/// Names follow the rules of [`ArtifactName`]; each part is looked up from the handle of the one
/// before, and no symbolic link is followed. Whatever is done to paths meanwhile, no call leaves the
/// directory. Calls block: in a hook, put large files into `spawn_blocking`.
///
/// ```
/// # let root = std::env::temp_dir().join(format!("oxg-workspace-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&root)?;
/// use oxg_sdk::workspace::Workspace;
///
/// let workspace = Workspace::open(&root)?;
/// workspace.write("pages/index.html", b"<html>")?;
/// assert_eq!(workspace.read("pages/index.html", 1024)?, b"<html>");
/// assert!(workspace.read("../etc/passwd", 1024).is_err());
/// # std::fs::remove_dir_all(&root)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Workspace(Arc<Dir>);

impl Workspace {
    /// The workspace at `path`, which is trusted.
    ///
    /// # Errors
    /// [`WorkspaceError::Directory`].
    pub fn open(path: &Path) -> Result<Self, WorkspaceError> {
        Dir::open(path).map(|dir| Self(Arc::new(dir))).map_err(WorkspaceError::Directory)
    }

    /// The file `name`, for reading.
    ///
    /// # Errors
    /// [`WorkspaceError`].
    pub fn open_file(&self, name: &str) -> Result<File, WorkspaceError> {
        let name: ArtifactName = name.parse()?;
        self.find(&name)
            .and_then(|place| place.dir.open_file(place.file))
            .map_err(|source| WorkspaceError::File { name, source })
    }

    /// The content of the file `name`, at most `limit` bytes.
    ///
    /// # Errors
    /// [`WorkspaceError::TooLarge`] past the limit.
    pub fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>, WorkspaceError> {
        let file = self.open_file(name)?;
        let name: ArtifactName = name.parse()?;
        let mut content = Vec::new();
        match file.take(limit.saturating_add(1)).read_to_end(&mut content) {
            Ok(read) if read as u64 > limit => Err(WorkspaceError::TooLarge { name, limit }),
            Ok(_) => Ok(content),
            Err(source) => Err(WorkspaceError::File { name, source }),
        }
    }

    /// Writes the file `name` as a whole: whoever reads it sees the old content or the new, also
    /// after a loss of power. Directories in its name are made.
    ///
    /// # Errors
    /// [`WorkspaceError`].
    pub fn write(&self, name: &str, content: &[u8]) -> Result<(), WorkspaceError> {
        let name: ArtifactName = name.parse()?;
        let write = || {
            let mut file = self.begin(&name)?;
            file.write_all(content)?;
            file.keep()
        };
        write().map_err(|source| WorkspaceError::File { name: name.clone(), source })
    }

    /// A file that gets `name` once it is [kept](TempFile::keep), and vanishes if it is not.
    ///
    /// # Errors
    /// [`WorkspaceError`].
    pub fn temp_file(&self, name: &str) -> Result<TempFile, WorkspaceError> {
        let name: ArtifactName = name.parse()?;
        self.begin(&name).map_err(|source| WorkspaceError::File { name, source })
    }

    /// Removes the file `name`. Of a link the link itself is removed.
    ///
    /// # Errors
    /// [`WorkspaceError`].
    pub fn remove(&self, name: &str) -> Result<(), WorkspaceError> {
        let name: ArtifactName = name.parse()?;
        self.find(&name)
            .and_then(|place| place.dir.remove_file(place.file))
            .map_err(|source| WorkspaceError::File { name, source })
    }

    /// The names of all regular files, in order. Links and what else is no file are left out, and
    /// so is what no name can have.
    ///
    /// # Errors
    /// [`WorkspaceError::Directory`].
    pub fn list(&self) -> Result<Vec<ArtifactName>, WorkspaceError> {
        let mut names = Vec::new();
        let mut left = vec![(String::new(), Arc::clone(&self.0))];
        while let Some((prefix, dir)) = left.pop() {
            for entry in dir.entries().map_err(WorkspaceError::Directory)? {
                let name = format!("{prefix}{}", entry.name);
                match entry.kind {
                    EntryKind::File if !entry.name.starts_with(PART) => {
                        names.extend(name.parse());
                    }
                    // One that is gone or too deep by now is not in the list.
                    EntryKind::Directory if name.len() < ArtifactName::MAX_BYTES => {
                        let inner = dir.directory(&entry.name);
                        left.extend(inner.map(|inner| (format!("{name}/"), Arc::new(inner))));
                    }
                    _ => {}
                }
            }
        }
        names.sort();
        Ok(names)
    }

    pub(crate) fn begin(&self, name: &ArtifactName) -> io::Result<TempFile> {
        let (dir, target) = self.walk(name, Dir::make_directory)?;
        let target = target.to_owned();
        // A link or a directory in the place of the file would be replaced, or half written.
        if dir.kind(&target)?.is_some_and(|kind| kind != EntryKind::File) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        let part = format!("{PART}{}", random::hex());
        let file = dir.create_new(&part)?;
        Ok(TempFile { file, place: Some((dir, part, target)) })
    }

    fn find<'a>(&self, name: &'a ArtifactName) -> io::Result<Place<'a>> {
        let (dir, file) = self.walk(name, Dir::directory)?;
        Ok(Place { dir, file })
    }

    /// The directory of `name`, one step at a time, and the last part of it.
    fn walk<'a>(
        &self,
        name: &'a ArtifactName,
        step: impl Fn(&Dir, &str) -> io::Result<Dir>,
    ) -> io::Result<(Arc<Dir>, &'a str)> {
        let mut dir = Arc::clone(&self.0);
        let mut parts = name.parts().peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                return Ok((dir, part));
            }
            dir = Arc::new(step(&dir, part)?);
        }
        Err(io::ErrorKind::InvalidInput.into())
    }
}

struct Place<'a> {
    dir: Arc<Dir>,
    file: &'a str,
}

/// A file of the workspace that is not finished.
#[derive(Debug)]
pub struct TempFile {
    file: File,
    /// Where it is, what it is called, and what it shall be called. `None` once it is.
    place: Option<(Arc<Dir>, String, String)>,
}

impl TempFile {
    /// Gives the file its name, in place of what had it, and makes that durable.
    ///
    /// # Errors
    /// Where the file system fails; the file is gone then, and what had its name stays.
    pub fn keep(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        if let Some((dir, part, target)) = &self.place {
            dir.rename(part, target)?;
            let dir = Arc::clone(dir);
            self.place = None;
            dir.sync()?;
        }
        Ok(())
    }
}

impl Write for TempFile {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        self.file.write(content)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        if let Some((dir, part, _)) = &self.place {
            let _ = dir.remove_file(part);
        }
    }
}
