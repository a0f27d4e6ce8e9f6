//! From a path in the document, such as `capabilities.http.hosts[1]`, to its place in the text.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use crate::json::{self, Member, Node, Value};
use crate::text::path_key;

/// The places of a text that is JSON; of any other text, only its beginning.
///
/// Making it takes time in proportion to the text, and a look-up in proportion to the path.
pub(crate) struct Places<'a>(Option<Place<'a>>);

/// A value in the text.
struct Place<'a> {
    /// What a message points at: a value, or the key of an object or array, which is easier to see
    /// than its many lines.
    shown: Range<usize>,
    content: Content<'a>,
}

enum Content<'a> {
    /// Each member by its step in a path. Of keys that are cut to the same step, the first stays.
    Object(HashMap<String, Place<'a>>),
    Array(Vec<Place<'a>>),
    String(Cow<'a, str>),
    Other,
}

impl<'a> Places<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        Self(json::read(bytes).root.map(|root| {
            // The opening bracket stands for the document.
            let shown = root.at..root.at + 1;
            Place { shown, content: Content::of(root) }
        }))
    }

    /// The place of a path, or else of the nearest thing around it.
    pub(crate) fn nearest(&self, path: &str) -> Range<usize> {
        self.descend(path).map_or(0..0, |(place, _)| place.shown.clone())
    }

    /// The string at a path.
    pub(crate) fn string(&self, path: &str) -> Option<&str> {
        match self.descend(path) {
            Some((Place { content: Content::String(text), .. }, true)) => Some(text),
            _ => None,
        }
    }

    /// The value to which a path leads, or the last on the way, and whether it is the one.
    fn descend(&self, mut path: &str) -> Option<(&Place<'a>, bool)> {
        let mut place = self.0.as_ref()?;
        while !path.is_empty() {
            let (step, rest) = first_step(path);
            let Some(next) = place.content.step(step) else {
                return Some((place, false));
            };
            (place, path) = (next, rest);
        }
        Some((place, true))
    }
}

impl<'a> Content<'a> {
    fn of(node: Node<'a>) -> Self {
        match node.value {
            Value::Object(members) => {
                let mut places = HashMap::with_capacity(members.len());
                for Member { key_at, key_end, key, node } in members {
                    let mut step = String::new();
                    path_key(&mut step, &key);
                    places.entry(step).or_insert_with(|| Place::of(node, Some(key_at..key_end)));
                }
                Self::Object(places)
            }
            Value::Array(items) => {
                Self::Array(items.into_iter().map(|item| Place::of(item, None)).collect())
            }
            Value::String(text) => Self::String(text),
            _ => Self::Other,
        }
    }

    fn step(&self, step: &str) -> Option<&Place<'a>> {
        match self {
            Self::Object(places) => places.get(step),
            Self::Array(places) => {
                let index = step.strip_prefix('[')?.strip_suffix(']')?;
                places.get(index.parse::<usize>().ok()?)
            }
            Self::String(_) | Self::Other => None,
        }
    }
}

impl<'a> Place<'a> {
    fn of(node: Node<'a>, key: Option<Range<usize>>) -> Self {
        let shown = match (&node.value, key) {
            (Value::Object(_) | Value::Array(_), Some(key)) => key,
            _ => node.span(),
        };
        Self { shown, content: Content::of(node) }
    }
}

/// Splits a path after its first step: a key without its dot, or brackets with what is in them.
fn first_step(path: &str) -> (&str, &str) {
    let path = path.strip_prefix('.').unwrap_or(path);
    let end = match path.strip_prefix("[\"") {
        Some(quoted) => quoted_end(quoted).map(|end| end + 2),
        None if path.starts_with('[') => path.find(']').map(|end| end + 1),
        None => path.find(['.', '[']),
    };
    path.split_at_checked(end.unwrap_or(path.len())).unwrap_or((path, ""))
}

/// The offset behind the `"]` that ends a key in quotes.
fn quoted_end(quoted: &str) -> Option<usize> {
    let mut escaped = false;
    let close = quoted.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    })?;
    Some(close + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{ "a": { "b.c": ["x", { "]\"": 1 }], "d": true }, "[0]": "y", "": "z" }"#;

    /// The text that a path points at.
    fn shown(path: &str) -> &'static str {
        &TEXT[Places::of(TEXT.as_bytes()).nearest(path)]
    }

    #[test]
    fn a_path_leads_to_its_value_or_to_the_key_of_an_object() {
        assert_eq!(shown(""), "{");
        assert_eq!(shown("a"), "\"a\"");
        assert_eq!(shown("a.d"), "true");
        assert_eq!(shown(r#"a["b.c"]"#), "\"b.c\"");
        assert_eq!(shown(r#"a["b.c"][0]"#), "\"x\"");
        assert_eq!(shown(r#"a["b.c"][1]["]\""]"#), "1");
        assert_eq!(shown(r#"["[0]"]"#), "\"y\"");
        assert_eq!(shown(r#"[""]"#), "\"z\"");
    }

    #[test]
    fn a_path_that_leads_nowhere_ends_at_the_last_thing_on_its_way() {
        assert_eq!(shown("b"), "{");
        assert_eq!(shown("[0]"), "{");
        assert_eq!(shown("a.e.f"), "\"a\"");
        assert_eq!(shown(r#"a["b.c"][2]"#), "\"b.c\"");
        assert_eq!(shown(r#"a["b.c"#), "\"a\"");
        assert_eq!(shown("a.d[0]"), "true");
    }

    #[test]
    fn only_a_string_is_the_string_at_a_path() {
        let places = Places::of(TEXT.as_bytes());
        assert_eq!(places.string(r#"a["b.c"][0]"#), Some("x"));
        assert_eq!(places.string("a"), None);
        assert_eq!(places.string(r#"a["b.c"][0].more"#), None);
    }

    #[test]
    fn a_text_that_is_not_json_has_only_its_beginning() {
        assert_eq!(Places::of(b"\xFF").nearest("a"), 0..0);
    }
}
