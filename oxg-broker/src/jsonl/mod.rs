//! Files of JSON lines: appended whole, or kept in memory.

mod group_sync;
#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use group_sync::GroupSync;

/// An append-only list of records.
///
/// In a file each record is one `write` of one whole line, so that whatever kills the process
/// leaves no torn line behind. One that a full disk or a loss of power left is cut off.
#[derive(Debug)]
pub(crate) struct JsonLines {
    sink: Mutex<Sink>,
    path: Option<PathBuf>,
    /// `None`: the operating system writes the lines when it likes.
    sync: Option<GroupSync>,
}

/// What is to outlive what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// A line outlives the process.
    FromProcess,
    /// After [`JsonLines::on_disk`], it outlives a loss of power.
    FromPowerLoss,
}

#[derive(Debug)]
enum Sink {
    Memory(Vec<u8>),
    File {
        file: Arc<File>,
        /// The lines that were appended since the file was opened.
        lines: u64,
    },
}

impl JsonLines {
    pub(crate) fn in_memory() -> Self {
        Self { sink: Mutex::new(Sink::Memory(Vec::new())), path: None, sync: None }
    }

    pub(crate) fn in_file(path: &Path, keep: Keep) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.create(true).read(true).append(true);
        // Findings and audit are for the operator, not for everybody on the machine.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        cut_torn_line(&mut file)?;
        let file = Arc::new(file);
        // A device or a pipe has nothing that could be brought to disk.
        let synced = keep == Keep::FromPowerLoss && file.metadata()?.is_file();
        let sync = synced.then(|| GroupSync::new(file.clone()));
        if sync.is_some() {
            // What an earlier process wrote and did not confirm is confirmed when it comes again.
            match file.sync_all() {
                // A pipe or a device has nothing that could be on disk.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => {}
                synced => synced?,
            }
            if let Some(directory) = path.parent().filter(|path| !path.as_os_str().is_empty()) {
                File::open(directory)?.sync_all()?;
            }
        }
        let sink = Mutex::new(Sink::File { file, lines: 0 });
        Ok(Self { sink, path: Some(path.to_owned()), sync })
    }

    /// Adds a record, and begins to write it to disk where that was asked for. Once that has failed,
    /// nothing is added any more.
    pub(crate) fn append(&self, record: &impl Serialize) -> io::Result<()> {
        if let Some(failed) = self.sync.as_ref().and_then(GroupSync::failure) {
            return Err(failed.into());
        }
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        match &mut *self.lock() {
            Sink::Memory(bytes) => bytes.extend_from_slice(&line),
            Sink::File { file, lines } => {
                let whole = file.metadata()?.len();
                if let Err(error) = (&**file).write_all(&line) {
                    let _ = file.set_len(whole);
                    return Err(error);
                }
                *lines += 1;
                if let Some(sync) = &self.sync {
                    sync.want(*lines);
                }
            }
        }
        Ok(())
    }

    /// Waits until every record so far is on disk, where that was asked for.
    pub(crate) async fn on_disk(&self) -> io::Result<()> {
        let written = match &*self.lock() {
            Sink::File { lines, .. } => *lines,
            Sink::Memory(_) => 0,
        };
        match &self.sync {
            Some(sync) => sync.done(written).await,
            None => Ok(()),
        }
    }

    /// Every record so far, for the host's own use.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> io::Result<Vec<T>> {
        let bytes = match (&*self.lock(), &self.path) {
            (Sink::Memory(bytes), _) => bytes.clone(),
            (Sink::File { .. }, Some(path)) => std::fs::read(path)?,
            (Sink::File { .. }, None) => Vec::new(),
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
