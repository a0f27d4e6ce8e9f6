//! Reads a type from JSON that is in memory, and says where a mistake is.
//!
//! A mistake has the path of the value at which serde finds it. Where serde reads a whole object
//! before it knows what it should be (`flatten`, `untagged`, `tag`), that is the object.

mod key;
mod node;
#[cfg(test)]
mod tests;
mod variant;

use std::fmt;

use serde::de::{self, DeserializeOwned, Unexpected};
use serde_json::Value;

use node::Node;

/// The value as a `T`, or a path and what is wrong there.
pub(crate) fn read<T: DeserializeOwned>(value: &Value) -> Result<T, (String, Mismatch)> {
    T::deserialize(Node(value)).map_err(|mismatch| (mismatch.path(), mismatch))
}

/// `path: ` for a message; nothing for an empty path.
pub(crate) fn prefix(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("at {path}: ") }
}

/// What is wrong with a value.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub(crate) struct Mismatch {
    reason: String,
    /// From the inside out.
    steps: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    Key(String),
    Index(usize),
}

impl Mismatch {
    fn in_key(mut self, key: &str) -> Self {
        self.steps.push(Step::Key(key.to_owned()));
        self
    }

    fn in_item(mut self, index: usize) -> Self {
        self.steps.push(Step::Index(index));
        self
    }

    fn path(&self) -> String {
        let mut path = String::new();
        for step in self.steps.iter().rev() {
            match step {
                Step::Key(key) => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(key);
                }
                Step::Index(index) => path.push_str(&format!("[{index}]")),
            }
        }
        path
    }
}

impl de::Error for Mismatch {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self { reason: reason.to_string(), steps: Vec::new() }
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        match found {
            Unexpected::Unit => {
                Self::custom(format_args!("invalid type: null, expected {expected}"))
            }
            found => Self::custom(format_args!("invalid type: {found}, expected {expected}")),
        }
    }
}
