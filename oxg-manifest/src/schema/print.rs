//! The text of a schema, the same whichever order a map of this build keeps.

use serde_json::Value;

/// The keywords that stand first, in this order; the others follow by name.
const FIRST: &[&str] = &[
    "$schema",
    "$id",
    "title",
    "description",
    "$ref",
    "allOf",
    "anyOf",
    "type",
    "if",
    "then",
    "else",
    "required",
];

pub(super) fn pretty(schema: &Value) -> String {
    let mut text = String::new();
    write(schema, 0, &mut text);
    text.push('\n');
    text
}

fn write(value: &Value, depth: usize, text: &mut String) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(key, _)| (rank(key), *key));
            let members = members.into_iter().map(|(key, value)| (Some(key.as_str()), value));
            write_items(members, '{', '}', depth, text);
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            write_items(items.iter().map(|item| (None, item)), '[', ']', depth, text);
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(Value::to_string).collect();
            text.push_str(&format!("[{}]", items.join(", ")));
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}

fn write_items<'a>(
    items: impl Iterator<Item = (Option<&'a str>, &'a Value)>,
    open: char,
    close: char,
    depth: usize,
    text: &mut String,
) {
    text.push(open);
    for (index, (key, value)) in items.enumerate() {
        text.push_str(if index == 0 { "\n" } else { ",\n" });
        text.push_str(&"  ".repeat(depth + 1));
        if let Some(key) = key {
            text.push_str(&format!("{}: ", Value::from(key)));
        }
        write(value, depth + 1, text);
    }
    text.push('\n');
    text.push_str(&"  ".repeat(depth));
    text.push(close);
}

fn rank(keyword: &str) -> usize {
    FIRST.iter().position(|first| *first == keyword).unwrap_or(FIRST.len())
}
