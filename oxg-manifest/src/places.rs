//! From a path in the document, such as `capabilities.http.hosts[1]`, to its place in the text.

use std::ops::Range;

use crate::json::{self, Node, Value};
use crate::text::{path_index, path_key};

/// The places of a text that is JSON; of any other text, only its beginning.
pub(crate) struct Places<'a>(Option<Node<'a>>);

impl<'a> Places<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        Self(json::read(bytes).root)
    }

    /// The place of a path, or else of the nearest thing around it: a value, or the key of an
    /// object or array, which is easier to see than its many lines.
    pub(crate) fn nearest(&self, path: &str) -> Range<usize> {
        self.descend(path).map_or(0..0, |(place, ..)| place)
    }

    /// The string at a path.
    pub(crate) fn string(&self, path: &str) -> Option<&str> {
        match self.descend(path) {
            Some((_, Node { value: Value::String(text), .. }, true)) => Some(text),
            _ => None,
        }
    }

    /// The node to which a path leads, or the last on the way; its place, and whether it is the one.
    fn descend(&self, path: &str) -> Option<(Range<usize>, &Node<'a>, bool)> {
        let root = self.0.as_ref()?;
        // The opening bracket stands for the document.
        let (mut place, mut node, mut done) = (root.at..root.at + 1, root, String::new());
        while done != path {
            let Some((key, next, child)) = child_towards(node, &done, path) else {
                return Some((place, node, false));
            };
            place = match (&child.value, key) {
                (Value::Object(_) | Value::Array(_), Some(key)) => key,
                _ => child.span(),
            };
            (node, done) = (child, next);
        }
        Some((place, node, true))
    }
}

/// The child in which a path goes on, with its key, if it has one, and its own path.
fn child_towards<'n, 'a>(
    node: &'n Node<'a>,
    parent: &str,
    path: &str,
) -> Option<(Option<Range<usize>>, String, &'n Node<'a>)> {
    let leads = |child: &str| {
        path.strip_prefix(child)
            .is_some_and(|rest| matches!(rest.as_bytes().first(), None | Some(b'.' | b'[')))
    };
    match &node.value {
        Value::Object(members) => {
            let rest = path.strip_prefix(parent)?;
            let rest = rest.strip_prefix('.').unwrap_or(rest);
            members.iter().find_map(|member| {
                // Most keys are out of the question before their path is made.
                if !rest.starts_with(&*member.key) && !rest.starts_with('[') {
                    return None;
                }
                let mut child = parent.to_owned();
                path_key(&mut child, &member.key);
                let key = Some(member.key_at..member.key_end);
                leads(&child).then_some((key, child, &member.node))
            })
        }
        Value::Array(items) => {
            let (index, _) = path.strip_prefix(parent)?.strip_prefix('[')?.split_once(']')?;
            let index = index.parse().ok()?;
            let mut child = parent.to_owned();
            path_index(&mut child, index);
            leads(&child).then_some((None, child, items.get(index)?))
        }
        _ => None,
    }
}
