//! Directories as handles.
//!
//! A path that was checked may lead elsewhere a moment later; a handle does not. A [`Dir`] looks up
//! one component at a time, relative to the handle that it holds (`openat`), and follows no symbolic
//! link (`O_NOFOLLOW`). Whoever swaps a directory for a link in between gets an error, not a way
//! out. Only regular files and directories are opened: a FIFO would block, a device is no file.
//!
//! This is what `openat2` does with `RESOLVE_BENEATH` and `RESOLVE_NO_SYMLINKS`, and it works where
//! a kernel, a sandbox or another Unix lacks that call.
#![cfg(unix)]

mod dir;
#[cfg(test)]
mod tests;

pub use dir::{Dir, Entry, EntryKind};
