//! Files of JSON lines: appended whole, or kept in memory.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// An append-only list of records.
///
/// In a file each record is one `write` of one whole line, so that whatever kills the process
/// leaves no torn line behind.
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
        Self {
            sink: Mutex::new(Sink::Memory(Vec::new())),
            path: None,
        }
    }

    pub(crate) fn in_file(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self {
            sink: Mutex::new(Sink::File(file)),
            path: Some(path.to_owned()),
        })
    }

    /// Adds a record.
    pub(crate) fn append(&self, record: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        match &mut *self.lock() {
            Sink::Memory(bytes) => bytes.extend_from_slice(&line),
            Sink::File(file) => file.write_all(&line)?,
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
        lines
            .map(|line| Ok(serde_json::from_slice(line)?))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Sink> {
        // A panic elsewhere leaves whole lines behind; there is nothing to mend.
        self.sink.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
