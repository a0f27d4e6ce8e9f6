//! How one JSON value differs from another, field by field.

use serde_json::Value;

/// How exact a JSON body must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exactness {
    /// Nothing more and nothing less.
    Whole,
    /// Objects may have more members than expected.
    Partial,
}

/// One line a difference, with the place as a JSONPath (RFC 9535).
pub(super) fn differences(expected: &Value, sent: &Value, exactness: Exactness) -> Vec<String> {
    let mut found = Vec::new();
    compare("$", expected, sent, exactness, &mut found);
    found
}

fn compare(
    place: &str,
    expected: &Value,
    sent: &Value,
    exactness: Exactness,
    found: &mut Vec<String>,
) {
    match (expected, sent) {
        (Value::Object(expected), Value::Object(sent)) => {
            for (key, expected) in expected {
                let place = format!("{place}.{key}");
                match sent.get(key) {
                    Some(sent) => compare(&place, expected, sent, exactness, found),
                    None => found.push(format!("{place}: expected {expected}, not sent")),
                }
            }
            if exactness == Exactness::Whole {
                for (key, sent) in sent.iter().filter(|(key, _)| !expected.contains_key(*key)) {
                    found.push(format!("{place}.{key}: not expected, sent {sent}"));
                }
            }
        }
        (Value::Array(expected), Value::Array(sent)) if expected.len() == sent.len() => {
            for (index, (expected, sent)) in expected.iter().zip(sent).enumerate() {
                compare(&format!("{place}[{index}]"), expected, sent, exactness, found);
            }
        }
        (Value::Array(expected), Value::Array(sent)) => found.push(format!(
            "{place}: expected {} elements, sent {}",
            expected.len(),
            sent.len()
        )),
        _ if expected == sent => {}
        _ => found.push(format!("{place}: expected {expected}, sent {sent}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_part_may_lack_what_the_whole_may_not() {
        let (expected, sent) = (json!({ "a": { "b": 1 } }), json!({ "a": { "b": 1, "c": 2 } }));
        assert!(differences(&expected, &sent, Exactness::Partial).is_empty());
        assert_eq!(
            differences(&expected, &sent, Exactness::Whole),
            ["$.a.c: not expected, sent 2"]
        );
    }

    #[test]
    fn every_difference_is_told_with_its_place() {
        let expected = json!({ "list": [1, { "k": "v" }], "gone": true, "short": [1] });
        let sent = json!({ "list": [1, { "k": "w" }], "short": [] });
        assert_eq!(
            differences(&expected, &sent, Exactness::Partial),
            [
                "$.gone: expected true, not sent",
                "$.list[1].k: expected \"v\", sent \"w\"",
                "$.short: expected 1 elements, sent 0",
            ]
        );
    }
}
