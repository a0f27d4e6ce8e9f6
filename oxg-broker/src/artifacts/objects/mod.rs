//! Artifacts in an object store, which several brokers may share.
//!
//! Of each plugin there are, under `PREFIX/PLUGIN/`:
//!
//! - `blobs/ID`: the bytes of one upload. Written once, under an id that nobody else has, and found
//!   by nobody before a reference names it.
//! - `names/NAME`: the reference, a small JSON object. It is written only if it is still what the
//!   writer has seen (`PutMode::Create`, `PutMode::Update`), so that of two brokers one is told that
//!   the other was faster. An empty one stands for a name that was deleted under a condition.
//! - `collected`: when garbage was last collected.

mod error;
#[cfg(test)]
mod faulty;
mod garbage;
mod incoming;
mod location;
mod reference;
mod store;
#[cfg(test)]
mod tests;
mod usage;

pub use error::ObjectStoreError;
pub use location::ObjectArtifacts;
