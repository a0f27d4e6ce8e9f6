//! Names in braces, and the values that take their places.

use std::collections::BTreeMap;

use serde_json::Value;

/// The names that are there from the start: the session's token, a text that is unique to the case,
/// and the name of a granted secret.
pub(super) const PREDEFINED: [&str; 3] = ["token", "nonce", "secret"];

/// The values by their names.
pub(super) type Values = BTreeMap<String, String>;

/// The text with every name that is known replaced by its value.
pub(super) fn fill(text: &str, values: &Values) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, name, after)) = next(rest) {
        filled.push_str(before);
        match values.get(name) {
            Some(value) => filled.push_str(value),
            None => filled.extend(["{", name, "}"]),
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// The same in every string of a JSON value.
pub(super) fn fill_json(value: &Value, values: &Values) -> Value {
    match value {
        Value::String(text) => Value::String(fill(text, values)),
        Value::Array(items) => items.iter().map(|item| fill_json(item, values)).collect(),
        Value::Object(members) => {
            let members = members.iter();
            members.map(|(key, value)| (key.clone(), fill_json(value, values))).collect()
        }
        other => other.clone(),
    }
}

/// A name in the text that is not among `known`.
pub(super) fn unknown(text: &str, known: &[String]) -> Option<String> {
    let mut rest = text;
    while let Some((_, name, after)) = next(rest) {
        if !known.iter().any(|known| known == name) {
            return Some(name.to_owned());
        }
        rest = after;
    }
    None
}

/// What stands before the first name in braces, the name, and what stands behind it. Braces around
/// anything else are text, as in JSON.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let open = from + text.get(from..)?.find('{')?;
        let inner = text.get(open + 1..)?;
        let end = inner.find(|c: char| !c.is_ascii_lowercase() && c != '_');
        if let Some(end) = end
            && end > 0
            && inner.get(end..)?.starts_with('}')
        {
            return Some((text.get(..open)?, inner.get(..end)?, inner.get(end + 1..)?));
        }
        from = open + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_replaced_and_other_braces_stay() {
        let values = Values::from([("nonce".to_owned(), "n-1".to_owned())]);
        let text = r#"{"max": 1, "key": "{nonce}"} {} {a b} {{nonce}"#;
        assert_eq!(fill(text, &values), r#"{"max": 1, "key": "n-1"} {} {a b} {n-1"#);
        let filled = fill_json(&json!({ "a": ["{nonce}", 1] }), &values);
        assert_eq!(filled, json!({ "a": ["n-1", 1] }));
    }

    #[test]
    fn a_name_that_nobody_saved_is_found() {
        let known = ["nonce".to_owned()];
        assert_eq!(unknown("{nonce} {lease}", &known).as_deref(), Some("lease"));
        assert_eq!(unknown(r#"{"a": "{nonce}"}"#, &known), None);
    }
}
