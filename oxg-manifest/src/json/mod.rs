//! A strict reader for JSON (RFC 8259) that remembers where each value stands.
//!
//! Text becomes a tree of [`Node`]s, and serde's types are read from the tree. It accepts what
//! `serde_json` accepts, except duplicate keys and nesting deeper than [`parser::MAX_DEPTH`].
//! What is wrong is noted, and reading goes on where the rest cannot be misread.

mod decode;
mod failure;
mod node;
mod number;
mod parser;
mod problems;
mod string;
#[cfg(test)]
mod tests;

pub(crate) use decode::from_node;
pub(crate) use failure::{Failure, Segment};
pub(crate) use node::{Member, Node, Value};
pub(crate) use parser::read;
