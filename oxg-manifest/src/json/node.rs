//! The tree that the parser builds.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::Number;

/// A value and where it stands.
#[derive(Debug)]
pub(crate) struct Node<'a> {
    /// The offset of its first byte.
    pub(crate) at: usize,
    /// The offset behind its last byte.
    pub(crate) end: usize,
    pub(crate) value: Value<'a>,
}

impl Node<'_> {
    pub(crate) fn span(&self) -> Range<usize> {
        self.at..self.end
    }
}

/// A JSON value.
#[derive(Debug)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Number(Number),
    String(Cow<'a, str>),
    Array(Vec<Node<'a>>),
    /// The members in the order of the text; no key is there twice.
    Object(Vec<Member<'a>>),
    /// Something that could not be read, about which a problem is noted already.
    Damaged,
    /// An item of an array that was taken out; the items after it keep their places.
    Removed,
}

/// A key and its value.
#[derive(Debug)]
pub(crate) struct Member<'a> {
    /// The offset of the key's opening quote.
    pub(crate) key_at: usize,
    /// The offset behind the key's closing quote.
    pub(crate) key_end: usize,
    pub(crate) key: Cow<'a, str>,
    pub(crate) node: Node<'a>,
}
