//! How one JSON value differs from another, field by field.

use serde_json::Value;

use crate::text::{cut, unlike, unlike_text};

/// The longest that a value is shown, in characters.
const LONGEST: usize = 60;

/// How exact a JSON body must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exactness {
    /// Nothing more and nothing less.
    Whole,
    /// Objects may have more members than expected.
    Partial,
}

/// One paragraph a difference, with the place as a JSONPath (RFC 9535). `wanted` says of the expected
/// value what it is: "expected", or "recorded".
pub(crate) fn differences(
    expected: &Value,
    sent: &Value,
    exactness: Exactness,
    wanted: &'static str,
) -> Vec<String> {
    let mut comparison = Comparison { exactness, wanted, found: Vec::new() };
    comparison.compare("$", expected, sent);
    comparison.found
}

struct Comparison {
    exactness: Exactness,
    wanted: &'static str,
    found: Vec<String>,
}

impl Comparison {
    fn compare(&mut self, place: &str, expected: &Value, sent: &Value) {
        let wanted = self.wanted;
        match (expected, sent) {
            (Value::Object(expected), Value::Object(sent)) => {
                for (key, expected) in expected {
                    let place = format!("{place}.{key}");
                    match sent.get(key) {
                        Some(sent) => self.compare(&place, expected, sent),
                        None => self.found.push(unlike(&place, wanted, &shown(expected), None)),
                    }
                }
                if self.exactness == Exactness::Whole {
                    for (key, sent) in sent.iter().filter(|(key, _)| !expected.contains_key(*key)) {
                        self.found
                            .push(format!("{place}.{key}: not {wanted}, sent {}", shown(sent)));
                    }
                }
            }
            (Value::Array(expected), Value::Array(sent)) if expected.len() == sent.len() => {
                for (index, (expected, sent)) in expected.iter().zip(sent).enumerate() {
                    self.compare(&format!("{place}[{index}]"), expected, sent);
                }
            }
            (Value::Array(expected), Value::Array(sent)) => {
                let (expected, sent) = (elements(expected.len()), elements(sent.len()));
                self.found.push(unlike(place, wanted, &expected, Some(&sent)));
            }
            _ if expected == sent => {}
            (Value::String(expected), Value::String(sent)) => {
                self.found.push(unlike_text(place, wanted, expected, Some(sent)));
            }
            _ => self.found.push(unlike(place, wanted, &shown(expected), Some(&shown(sent)))),
        }
    }
}

fn shown(value: &Value) -> String {
    cut(&value.to_string(), LONGEST)
}

fn elements(count: usize) -> String {
    if count == 1 { "1 element".to_owned() } else { format!("{count} elements") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_part_may_lack_what_the_whole_may_not() {
        let (expected, sent) = (json!({ "a": { "b": 1 } }), json!({ "a": { "b": 1, "c": 2 } }));
        assert!(differences(&expected, &sent, Exactness::Partial, "expected").is_empty());
        assert_eq!(
            differences(&expected, &sent, Exactness::Whole, "expected"),
            ["$.a.c: not expected, sent 2"]
        );
    }

    #[test]
    fn every_difference_is_told_with_its_place() {
        let expected = json!({ "list": [1, { "k": "v" }], "gone": true, "short": [1] });
        let sent = json!({ "list": [1, { "k": "w" }], "short": [] });
        assert_eq!(
            differences(&expected, &sent, Exactness::Partial, "expected"),
            [
                "$.gone: expected true, not sent",
                "$.list[1].k: expected \"v\", sent \"w\"",
                "$.short: expected 1 element, sent 0 elements",
            ]
        );
    }
}
