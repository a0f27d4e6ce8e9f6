//! Which name stands for which bytes, and the log that remembers it.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Seek as _, Write as _};
use std::ops::Bound;

use oxg_fs::Dir;
use oxg_protocol::artifact::{ArtifactInfo, ArtifactPage};
use oxg_protocol::{ArtifactName, Digest};
use serde::{Deserialize, Serialize};

use super::store::PAGE;
use crate::jsonl::cut_torn_line;

/// A log is rewritten when it has this many lines and more than half of them are history.
const COMPACT_FROM: usize = 4096;
const LOG: &str = "index.jsonl";
const NEXT_LOG: &str = "index.jsonl.next";

/// A line of the log.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Change {
    Put(ArtifactInfo),
    Delete(ArtifactName),
}

/// The names, and how often each digest is named.
#[derive(Debug, Default)]
pub(super) struct Index {
    names: BTreeMap<ArtifactName, ArtifactInfo>,
    references: HashMap<Digest, u64>,
    bytes: u64,
}

impl Index {
    pub(super) fn get(&self, name: &ArtifactName) -> Option<&ArtifactInfo> {
        self.names.get(name)
    }

    /// Bytes of all artifacts.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn is_named(&self, digest: &Digest) -> bool {
        self.references.contains_key(digest)
    }

    /// Bytes and number of the artifacts if `info` were one of them.
    pub(super) fn usage_with(&self, info: &ArtifactInfo) -> (u64, u64) {
        let old = self.get(&info.name);
        let bytes = self.bytes - old.map_or(0, |old| old.size) + info.size;
        (bytes, self.names.len() as u64 + u64::from(old.is_none()))
    }

    /// Applies a change, and says which bytes have no name any more.
    pub(super) fn apply(&mut self, change: Change) -> Option<Digest> {
        let removed = match change {
            Change::Put(info) => {
                *self.references.entry(info.digest).or_default() += 1;
                self.bytes += info.size;
                self.names.insert(info.name.clone(), info)
            }
            Change::Delete(name) => self.names.remove(&name),
        }?;
        self.bytes -= removed.size;
        let count = self.references.get_mut(&removed.digest)?;
        *count -= 1;
        if *count > 0 {
            return None;
        }
        self.references.remove(&removed.digest);
        Some(removed.digest)
    }

    pub(super) fn page(&self, prefix: &str, cursor: Option<&str>) -> ArtifactPage {
        let mut page = ArtifactPage::default();
        let start = prefix.max(cursor.unwrap_or_default());
        // A prefix need not be a name, so that it is compared as text.
        let from = self.names.range::<str, _>((Bound::Included(start), Bound::Unbounded));
        let behind = |name: &ArtifactName| cursor.is_none_or(|cursor| name.as_str() > cursor);
        for (name, info) in from.skip_while(|(name, _)| !behind(name)) {
            if !name.as_str().starts_with(prefix) {
                break;
            }
            if page.artifacts.len() == PAGE {
                page.cursor = page.artifacts.last().map(|info| info.name.to_string());
                break;
            }
            page.artifacts.push(info.clone());
        }
        page
    }

    fn infos(&self) -> impl Iterator<Item = &ArtifactInfo> {
        self.names.values()
    }
}

/// The changes in the order in which they happened, one line each.
#[derive(Debug)]
pub(super) struct IndexLog {
    file: File,
    lines: usize,
}

impl IndexLog {
    /// Reads the log in `directory`. A line that was torn by a loss of power is cut off; a broken
    /// one before it is an error, because what follows could not be trusted.
    pub(super) fn open(directory: &Dir) -> io::Result<(Self, Index)> {
        // An interrupted compaction: the log itself is still whole.
        match directory.remove_file(NEXT_LOG) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = directory.append(LOG)?;
        cut_torn_line(&mut file)?;
        file.rewind()?;
        let (mut index, mut lines) = (Index::default(), 0);
        for line in BufReader::new(&file).lines() {
            lines += 1;
            let change = serde_json::from_str(&line?).map_err(|error| {
                let message = format!("line {lines} of {LOG} is damaged: {error}");
                io::Error::new(io::ErrorKind::InvalidData, message)
            })?;
            index.apply(change);
        }
        Ok((Self { file, lines }, index))
    }

    /// Adds a change; it is durable when this returns.
    pub(super) fn append(&mut self, change: &Change) -> io::Result<()> {
        let whole = self.file.metadata()?.len();
        let written = self.file.write_all(&line(change)?).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // A change that was not confirmed must not come back at the next start.
            let _ = self.file.set_len(whole);
            return Err(error);
        }
        self.lines += 1;
        Ok(())
    }

    /// Rewrites the log without its history, once that is more than half of it. A crash at any
    /// point leaves the old log or the new one, and both say the same.
    pub(super) fn compact(&mut self, directory: &Dir, index: &Index) -> io::Result<()> {
        if self.lines < COMPACT_FROM || self.lines < 2 * index.names.len() {
            return Ok(());
        }
        let mut next = io::BufWriter::new(directory.append(NEXT_LOG)?);
        next.get_ref().set_len(0)?;
        for info in index.infos() {
            next.write_all(&line(&Change::Put(info.clone()))?)?;
        }
        let next = next.into_inner().map_err(io::IntoInnerError::into_error)?;
        next.sync_all()?;
        directory.rename(NEXT_LOG, LOG)?;
        // From here on appends must go to the new file, whatever fails.
        *self = Self { file: next, lines: index.names.len() };
        directory.sync()
    }
}

fn line(change: &Change) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(change)?;
    line.push(b'\n');
    Ok(line)
}
