use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::{LogLine, LogSink};

/// The name of the log in the workspace.
pub(super) const NAME: &str = "run.log";
/// When the log moves to `run.log.1` and starts anew, in bytes.
const MAX_BYTES: u64 = 16 << 20;

/// Appends JSON lines to a file that never takes more than twice [`MAX_BYTES`].
pub(super) struct FileSink {
    path: PathBuf,
    state: Mutex<State>,
}

struct State {
    file: File,
    size: u64,
    /// Whether a line could not be written. It is said once: stderr and broker go on.
    failed: bool,
}

impl FileSink {
    pub(super) fn create(directory: &Path) -> io::Result<Self> {
        let path = directory.join(NAME);
        let state = Mutex::new(open(&path)?);
        Ok(Self { path, state })
    }
}

fn open(path: &Path) -> io::Result<State> {
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    let size = file.metadata()?.len();
    Ok(State { file, size, failed: false })
}

impl LogSink for FileSink {
    fn write(&self, line: &LogLine<'_>) {
        let mut text = Vec::with_capacity(line.json.len() + 1);
        text.extend_from_slice(line.json.as_bytes());
        text.push(b'\n');
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.size >= MAX_BYTES {
            if fs::rename(&self.path, self.path.with_extension("log.1")).is_err() {
                // The limit matters more than the old lines.
                let _ = state.file.set_len(0);
            }
            if let Ok(fresh) = open(&self.path) {
                *state = State { failed: state.failed, ..fresh };
            }
        }
        match state.file.write_all(&text) {
            Ok(()) => state.size += text.len() as u64,
            Err(error) if !state.failed => {
                state.failed = true;
                let path = self.path.display();
                let _ = writeln!(io::stderr(), "warning: cannot write to {path}: {error}");
            }
            Err(_) => {}
        }
    }
}
