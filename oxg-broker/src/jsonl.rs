//! Files of JSON lines: appended whole, or kept in memory.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// An append-only list of records.
///
/// In a file each record is one `write` of one whole line, so that whatever kills the process
/// leaves no torn line behind. One that a full disk or a loss of power left is cut off.
#[derive(Debug)]
pub(crate) struct JsonLines {
    sink: Mutex<Sink>,
    path: Option<PathBuf>,
}

#[derive(Debug)]
enum Sink {
    Memory(Vec<u8>),
    File(File),
}

impl JsonLines {
    pub(crate) fn in_memory() -> Self {
        Self { sink: Mutex::new(Sink::Memory(Vec::new())), path: None }
    }

    pub(crate) fn in_file(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.create(true).read(true).append(true);
        // Findings and audit are for the operator, not for everybody on the machine.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        cut_torn_line(&mut file)?;
        Ok(Self { sink: Mutex::new(Sink::File(file)), path: Some(path.to_owned()) })
    }

    /// Adds a record.
    pub(crate) fn append(&self, record: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        match &mut *self.lock() {
            Sink::Memory(bytes) => bytes.extend_from_slice(&line),
            Sink::File(file) => {
                let whole = file.metadata()?.len();
                if let Err(error) = file.write_all(&line) {
                    let _ = file.set_len(whole);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Every record so far, for the host's own use.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> io::Result<Vec<T>> {
        let bytes = match (&*self.lock(), &self.path) {
            (Sink::Memory(bytes), _) => bytes.clone(),
            (Sink::File(_), Some(path)) => std::fs::read(path)?,
            (Sink::File(_), None) => Vec::new(),
        };
        let lines = bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| Ok(serde_json::from_slice(line)?)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Sink> {
        // A panic elsewhere leaves whole lines behind; there is nothing to mend.
        self.sink.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Cuts off what stands behind the last line end.
pub(crate) fn cut_torn_line(file: &mut File) -> io::Result<()> {
    const STEP: u64 = 8 << 10;
    let length = file.metadata()?.len();
    let (mut end, mut part) = (length, Vec::new());
    while end > 0 {
        let start = end.saturating_sub(STEP);
        file.seek(SeekFrom::Start(start))?;
        part.clear();
        (&mut *file).take(end - start).read_to_end(&mut part)?;
        if let Some(at) = part.iter().rposition(|b| *b == b'\n') {
            end = start + at as u64 + 1;
            break;
        }
        end = start;
    }
    if end < length {
        file.set_len(end)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_read_back_what_was_appended() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.jsonl");
        for lines in [JsonLines::in_memory(), JsonLines::in_file(&path).unwrap()] {
            lines.append(&"one").unwrap();
            lines.append(&"two").unwrap();
            assert_eq!(lines.read::<String>().unwrap(), ["one", "two"]);
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), "\"one\"\n\"two\"\n");
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;

        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.jsonl");
        JsonLines::in_file(&path).unwrap();
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_torn_line_at_the_end_is_cut_off_however_long_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.jsonl");
        for torn in ["\"two", &"x".repeat(8192), &"x".repeat(20_000)] {
            for whole in ["", "\"one\"\n"] {
                std::fs::write(&path, format!("{whole}{torn}")).unwrap();
                let lines = JsonLines::in_file(&path).unwrap();
                lines.append(&"three").unwrap();
                let text = std::fs::read_to_string(&path).unwrap();
                assert_eq!(text, format!("{whole}\"three\"\n"));
            }
        }
    }

    #[test]
    fn a_file_is_continued_not_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.jsonl");
        for _ in 0..2 {
            JsonLines::in_file(&path).unwrap().append(&1).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), "1\n1\n");
    }
}
