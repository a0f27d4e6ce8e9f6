use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::writer::Output;

/// The name of the log in the workspace.
pub(super) const NAME: &str = "run.log";
/// The most files that are ever looked for.
const MAX_KEPT: u32 = 99;

/// How much room the log in the workspace takes: `run.log`, and older ones as `run.log.1` (the
/// newest of them), `run.log.2` and so on. The oldest is removed.
///
/// Default: files of 16 MiB, one of them old: 32 MiB in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    max_bytes: u64,
    kept: u32,
}

impl Rotation {
    /// Files of `max_bytes` each, at least 64 KiB, and `kept` old ones beside `run.log`, at most 99.
    /// All together take `max_bytes * (kept + 1)` at most.
    #[must_use]
    pub fn new(max_bytes: u64, kept: u32) -> Self {
        Self { max_bytes: max_bytes.max(64 << 10), kept: kept.min(MAX_KEPT) }
    }
}

impl Default for Rotation {
    fn default() -> Self {
        Self::new(16 << 20, 1)
    }
}

/// Appends lines to a file that makes room when it is full.
pub(super) struct LogFile {
    path: PathBuf,
    rotation: Rotation,
    file: File,
    size: u64,
    /// Whether it was told that lines cannot be written.
    told: bool,
}

impl LogFile {
    pub(super) fn open(directory: &Path, name: &str, rotation: Rotation) -> io::Result<Self> {
        let path = directory.join(name);
        // Left by a run that kept more.
        for number in (rotation.kept + 1..=MAX_KEPT).map_while(|number| {
            let old = numbered(&path, number);
            fs::symlink_metadata(&old).is_ok().then_some(old)
        }) {
            fs::remove_file(number)?;
        }
        let (file, size) = open(&path)?;
        Ok(Self { path, rotation, file, size, told: false })
    }

    /// Makes room: each file gets the next number, the last one goes.
    fn rotate(&mut self) -> io::Result<()> {
        let Rotation { kept, .. } = self.rotation;
        let moved = match kept {
            0 => fs::remove_file(&self.path),
            _ => {
                for number in (1..kept).rev() {
                    // Missing ones leave gaps, which fill up.
                    let _ =
                        fs::rename(numbered(&self.path, number), numbered(&self.path, number + 1));
                }
                fs::rename(&self.path, numbered(&self.path, 1))
            }
        };
        if moved.is_err() {
            // The limit matters more than the old lines.
            self.file.set_len(0)?;
        }
        (self.file, self.size) = open(&self.path)?;
        Ok(())
    }

    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let length = lines.len() as u64;
        if self.size > 0 && self.size + length > self.rotation.max_bytes {
            self.rotate()?;
        }
        if let Err(error) = self.file.write_all(lines) {
            // No torn line stays behind. What is no file cannot be cut.
            let _ = self.file.set_len(self.size);
            return Err(error);
        }
        self.size += length;
        Ok(())
    }
}

impl Output for LogFile {
    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        let written = self.append(lines);
        if let Err(error) = &written
            && !self.told
        {
            self.told = true;
            let _ = writeln!(
                io::stderr(),
                "warning: cannot write to {}: {error}; log lines are lost until it works again",
                self.path.display()
            );
        }
        written
    }
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}

fn open(path: &Path) -> io::Result<(File, u64)> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    let size = file.metadata()?.len();
    Ok((file, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The log and its old ones, each as the letters that its lines are made of.
    fn files(directory: &Path) -> Vec<(String, String)> {
        let mut files: Vec<_> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let mut letters: Vec<_> =
                    fs::read_to_string(entry.path()).unwrap().chars().collect();
                letters.dedup();
                (entry.file_name().into_string().unwrap(), letters.into_iter().collect())
            })
            .collect();
        files.sort();
        files
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn old_lines_move_on_and_the_oldest_go() {
        let directory = tempfile::tempdir().unwrap();
        let rotation = Rotation::new(0, 2);
        let mut log = LogFile::open(directory.path(), NAME, rotation).unwrap();
        for letter in ["a", "b", "c", "d"] {
            log.write(letter.repeat(40 << 10).as_bytes()).unwrap();
        }
        assert_eq!(
            files(directory.path()),
            pairs(&[("run.log", "d"), ("run.log.1", "c"), ("run.log.2", "b")])
        );
        // A later run that keeps less makes room at once.
        LogFile::open(directory.path(), NAME, Rotation::new(0, 1)).unwrap();
        assert_eq!(files(directory.path()), pairs(&[("run.log", "d"), ("run.log.1", "c")]));
        let mut log = LogFile::open(directory.path(), NAME, Rotation::new(0, 0)).unwrap();
        log.write("e".repeat(40 << 10).as_bytes()).unwrap();
        assert_eq!(files(directory.path()), pairs(&[("run.log", "e")]));
    }

    #[cfg(unix)]
    #[test]
    fn the_log_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;

        let directory = tempfile::tempdir().unwrap();
        LogFile::open(directory.path(), NAME, Rotation::default()).unwrap();
        let mode = fs::metadata(directory.path().join(NAME)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
