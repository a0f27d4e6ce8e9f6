use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{self, AtFlags, CWD, FileType, Mode, OFlags};

/// Files and directories are for their owner alone.
const FILE_MODE: Mode = Mode::from_raw_mode(0o600);
const DIRECTORY_MODE: Mode = Mode::from_raw_mode(0o700);

/// An open directory. Names are single components: no `/`, not `.` or `..`, not empty.
///
/// ```
/// # let root = std::env::temp_dir().join(format!("oxg-fs-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&root)?;
/// use std::io::Write as _;
///
/// let dir = oxg_fs::Dir::open(&root)?;
/// dir.create_new("new")?.write_all(b"whole")?;
/// dir.rename("new", "report.txt")?;
/// assert!(dir.open_file("../report.txt").is_err());
/// # std::fs::remove_dir_all(&root)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Dir(OwnedFd);

/// What is in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Its name. What is not UTF-8 is left out of a listing.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
}

/// What a name in a directory stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A link, a FIFO, a socket or a device: nothing that a [`Dir`] opens.
    Other,
}

impl Dir {
    /// Opens the directory at `path`, which is trusted: links in it are followed.
    ///
    /// # Errors
    /// Where there is none, or it may not be read.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(fs::openat(CWD, path, flags, Mode::empty())?))
    }

    /// Opens a directory in this one.
    ///
    /// # Errors
    /// Where it is not there, or is a link or anything else.
    pub fn directory(&self, name: &str) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(Self(fs::openat(&self.0, component(name)?, flags, Mode::empty())?))
    }

    /// Opens a directory in this one, and makes it first if it is not there.
    ///
    /// # Errors
    /// As [`Dir::directory`], and where it cannot be made.
    pub fn make_directory(&self, name: &str) -> io::Result<Self> {
        match fs::mkdirat(&self.0, component(name)?, DIRECTORY_MODE) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => self.directory(name),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a regular file for reading.
    ///
    /// # Errors
    /// Where it is not there, or is anything but a regular file.
    pub fn open_file(&self, name: &str) -> io::Result<File> {
        self.file(name, OFlags::RDONLY)
    }

    /// Makes a file that was not there, open for reading and writing.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] whatever the name stands for.
    pub fn create_new(&self, name: &str) -> io::Result<File> {
        self.file(name, OFlags::RDWR | OFlags::CREATE | OFlags::EXCL)
    }

    /// Opens a regular file for reading and for writing at its end, and makes it if it is not there.
    ///
    /// # Errors
    /// Where it is anything but a regular file.
    pub fn append(&self, name: &str) -> io::Result<File> {
        self.file(name, OFlags::RDWR | OFlags::CREATE | OFlags::APPEND)
    }

    fn file(&self, name: &str, flags: OFlags) -> io::Result<File> {
        // NONBLOCK: opening a FIFO returns at once, and the check below refuses it.
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = fs::openat(&self.0, component(name)?, flags, FILE_MODE)?;
        if FileType::from_raw_mode(fs::fstat(&file)?.st_mode) != FileType::RegularFile {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        Ok(File::from(file))
    }

    /// Gives a file of this directory another name in it, in place of what had that name.
    ///
    /// # Errors
    /// Where there is no such file, or the new name is a directory's.
    pub fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(fs::renameat(&self.0, component(from)?, &self.0, component(to)?)?)
    }

    /// Removes a file or link; never what a link leads to.
    ///
    /// # Errors
    /// Where it is not there or is a directory.
    pub fn remove_file(&self, name: &str) -> io::Result<()> {
        Ok(fs::unlinkat(&self.0, component(name)?, AtFlags::empty())?)
    }

    /// What the name stands for, the link itself where it is one; `None` where there is nothing.
    ///
    /// # Errors
    /// Where the directory may not be searched.
    pub fn kind(&self, name: &str) -> io::Result<Option<EntryKind>> {
        match fs::statat(&self.0, component(name)?, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) => Ok(Some(kind_of(FileType::from_raw_mode(found.st_mode)))),
            Err(rustix::io::Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// What is in the directory, in no order.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn entries(&self) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in fs::Dir::read_from(&self.0)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str() else {
                continue;
            };
            if matches!(name, "." | "..") {
                continue;
            }
            // Gone again by now: then it is not in the directory.
            if let Some(kind) = self.kind(name)? {
                entries.push(Entry { name: name.to_owned(), kind });
            }
        }
        Ok(entries)
    }

    /// Makes the directory's names durable.
    ///
    /// # Errors
    /// Where the disk fails.
    pub fn sync(&self) -> io::Result<()> {
        Ok(fs::fsync(&self.0)?)
    }
}

fn kind_of(kind: FileType) -> EntryKind {
    match kind {
        FileType::RegularFile => EntryKind::File,
        FileType::Directory => EntryKind::Directory,
        _ => EntryKind::Other,
    }
}

fn component(name: &str) -> io::Result<&str> {
    if matches!(name, "" | "." | "..") || name.contains(['/', '\0']) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not the name of a file"));
    }
    Ok(name)
}
