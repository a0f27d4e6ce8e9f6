//! Values known to be secret.

mod encodings;
mod index;
mod refusal;
mod sampler;
mod secret_bytes;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use index::Index;
pub use refusal::{MAX_VALUE_LEN, MAX_VALUES, MIN_VALUE_LEN, RefusedValue};
use secret_bytes::SecretBytes;

/// Values added since the last full rebuild are kept in an index of their own,
/// so that one more value does not cost a rebuild of all.
const FRESH_MIN: usize = 256;

/// The registered values of a redactor. Readers take a snapshot and are never
/// stopped by a writer.
#[derive(Default)]
pub(crate) struct KnownValues {
    current: RwLock<Arc<Snapshot>>,
    /// Whether there was ever a value. Most redactors of a process have none.
    any: AtomicBool,
    writer: Mutex<Writer>,
}

/// What readers see.
#[derive(Default)]
pub(crate) struct Snapshot {
    settled: Arc<Index>,
    fresh: Arc<Index>,
}

#[derive(Default)]
struct Writer {
    settled: HashSet<SecretBytes>,
    fresh: HashSet<SecretBytes>,
}

impl KnownValues {
    /// The values, if there are any.
    pub(crate) fn if_any(&self) -> Option<Arc<Snapshot>> {
        self.any.load(Ordering::Acquire).then(|| self.snapshot())
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Registers one value.
    pub(crate) fn register(&self, value: &str) -> Result<(), RefusedValue> {
        let mut writer = self.lock();
        if writer.add(value)? {
            self.publish(&mut writer);
        }
        Ok(())
    }

    /// Registers many values with one rebuild. Returns what was refused, by position.
    pub(crate) fn register_all<'a>(
        &self,
        values: impl IntoIterator<Item = &'a str>,
    ) -> Vec<(usize, RefusedValue)> {
        let mut writer = self.lock();
        let mut refused = Vec::new();
        for (position, value) in values.into_iter().enumerate() {
            if let Err(reason) = writer.add(value) {
                refused.push((position, reason));
            }
        }
        self.publish(&mut writer);
        refused
    }

    /// Takes a value out. Returns whether it was registered.
    pub(crate) fn forget(&self, value: &str) -> bool {
        let mut writer = self.lock();
        let value = SecretBytes::new(value.as_bytes().to_vec());
        if writer.fresh.remove(&value) {
            self.publish(&mut writer);
            return true;
        }
        if writer.settled.remove(&value) {
            writer.settle();
            self.publish(&mut writer);
            return true;
        }
        false
    }

    pub(crate) fn len(&self) -> usize {
        let writer = self.lock();
        writer.settled.len() + writer.fresh.len()
    }

    fn lock(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, writer: &mut Writer) {
        if writer.fresh.len() > FRESH_MIN.max(writer.settled.len() / 4) {
            writer.settle();
        }
        let settled = if writer.fresh.is_empty() {
            Arc::new(Index::new(texts(&writer.settled)))
        } else {
            Arc::clone(&self.snapshot().settled)
        };
        let fresh = Arc::new(Index::new(texts(&writer.fresh)));
        let next = Arc::new(Snapshot { settled, fresh });
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = next;
        self.any.store(true, Ordering::Release);
    }
}

impl Writer {
    /// Adds a value. Returns whether it is new.
    fn add(&mut self, value: &str) -> Result<bool, RefusedValue> {
        refusal::check(value)?;
        let trimmed = index::trim(value.as_bytes()).len();
        if trimmed < MIN_VALUE_LEN {
            return Err(RefusedValue::TooShort { len: trimmed });
        }
        let value = SecretBytes::new(value.as_bytes().to_vec());
        if self.settled.contains(&value) || self.fresh.contains(&value) {
            return Ok(false);
        }
        if self.settled.len() + self.fresh.len() >= MAX_VALUES {
            return Err(RefusedValue::Full);
        }
        Ok(self.fresh.insert(value))
    }

    fn settle(&mut self) {
        self.settled.extend(self.fresh.drain());
    }
}

fn texts(values: &HashSet<SecretBytes>) -> impl Iterator<Item = &str> {
    values.iter().filter_map(|value| std::str::from_utf8(value.as_slice()).ok())
}

impl Snapshot {
    /// Calls `found` for every occurrence of every value in every form.
    pub(crate) fn search(&self, text: &[u8], mut found: impl FnMut(Range<usize>)) {
        for index in [&self.settled, &self.fresh] {
            index.search(text, |range| {
                found(range);
                true
            });
        }
    }

    /// Whether any value occurs in any form.
    pub(crate) fn occurs(&self, text: &[u8]) -> bool {
        let mut hit = false;
        for index in [&self.settled, &self.fresh] {
            index.search(text, |_| {
                hit = true;
                false
            });
        }
        hit
    }

    /// Whether `text`, which ends in a line feed, may end inside an occurrence.
    pub(crate) fn open_after(&self, text: &[u8]) -> bool {
        self.settled.open_after(text) || self.fresh.open_after(text)
    }
}
