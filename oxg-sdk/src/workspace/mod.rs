//! The one directory that a plugin may write, as a handle.

mod error;
mod files;
#[cfg(test)]
mod tests;

pub use error::WorkspaceError;
pub use files::{TempFile, Workspace};
