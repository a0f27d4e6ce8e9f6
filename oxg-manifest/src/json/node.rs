//! The tree that the parser builds.

use std::borrow::Cow;

use serde_json::Number;

/// A value and where it stands.
#[derive(Debug)]
pub(crate) struct Node<'a> {
    /// The offset of its first byte.
    pub(crate) at: usize,
    pub(crate) value: Value<'a>,
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
}

/// A key and its value.
#[derive(Debug)]
pub(crate) struct Member<'a> {
    /// The offset of the key's opening quote.
    pub(crate) key_at: usize,
    pub(crate) key: Cow<'a, str>,
    pub(crate) node: Node<'a>,
}
