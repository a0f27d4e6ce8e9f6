use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// Everything but unreserved characters (RFC 3986, 2.3).
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Everything but what `application/x-www-form-urlencoded` keeps, and the space (WHATWG URL, 1.3).
const FORM: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_').remove(b' ');

/// Why a value cannot be written as names and values.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PairsError {
    /// It is neither a struct or map, nor a list of pairs.
    #[error("a query or form is a struct, a map, or a list of pairs")]
    Shape(#[source] serde_json::Error),
    /// A value is a struct or map, or a list of lists.
    #[error("the value of {0} is neither text, number or bool, nor a list of them")]
    Value(String),
}

/// Names and values, in the order in which they were given.
pub(super) struct Pairs(Vec<(String, String)>);

impl Pairs {
    /// A `None` is left out; a list becomes one pair for each item.
    pub(super) fn of(value: &(impl Serialize + ?Sized)) -> Result<Self, PairsError> {
        // By way of JSON text: it keeps the order of fields, which `serde_json::Value` does not.
        let text = serde_json::to_vec(value).map_err(PairsError::Shape)?;
        let Given(given) = serde_json::from_slice(&text).map_err(PairsError::Shape)?;
        let mut pairs = Vec::new();
        for (name, value) in given {
            let values = match value {
                Value::Array(values) => values,
                one => vec![one],
            };
            for value in values {
                let text = match value {
                    Value::Null => continue,
                    Value::String(text) => text,
                    Value::Bool(_) | Value::Number(_) => value.to_string(),
                    _ => return Err(PairsError::Value(name)),
                };
                pairs.push((name.clone(), text));
            }
        }
        Ok(Self(pairs))
    }

    /// The pairs as a part of a query.
    pub(super) fn to_query(&self) -> String {
        self.join(QUERY)
    }

    /// The pairs as `application/x-www-form-urlencoded`.
    pub(super) fn to_form(&self) -> String {
        self.join(FORM).replace(' ', "+")
    }

    fn join(&self, set: &'static AsciiSet) -> String {
        let encode = |text| utf8_percent_encode(text, set);
        let pairs =
            self.0.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
        pairs.collect::<Vec<_>>().join("&")
    }
}

/// A JSON object or list of pairs.
struct Given(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Given;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("names and values")
            }

            fn visit_unit<E>(self) -> Result<Given, E> {
                Ok(Given(Vec::new()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Given, A::Error> {
                let mut given = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    given.push(entry);
                }
                Ok(Given(given))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Given, A::Error> {
                let mut given = Vec::new();
                while let Some(pair) = list.next_element()? {
                    given.push(pair);
                }
                Ok(Given(given))
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Serialize)]
    struct Search<'a> {
        q: &'a str,
        page: u32,
        exact: bool,
        sort: Option<&'a str>,
        tag: Vec<&'a str>,
        a: f32,
    }

    #[test]
    fn fields_keep_their_order_lists_repeat_and_none_is_left_out() {
        let search =
            Search { q: "x y&z", page: 2, exact: true, sort: None, tag: vec!["a", "b"], a: 0.1 };
        let query = Pairs::of(&search).unwrap().to_query();
        assert_eq!(query, "q=x%20y%26z&page=2&exact=true&tag=a&tag=b&a=0.1");
        let form = Pairs::of(&[("q", "x y~*"), ("q", "\u{e9}")]).unwrap().to_form();
        assert_eq!(form, "q=x+y%7E*&q=%C3%A9");
    }

    #[test]
    fn what_has_no_pairs_is_refused() {
        assert!(matches!(Pairs::of("text"), Err(PairsError::Shape(_))));
        assert!(matches!(Pairs::of(&[1, 2]), Err(PairsError::Shape(_))));
        let nested = serde_json::json!({ "a": { "b": 1 } });
        assert!(matches!(Pairs::of(&nested), Err(PairsError::Value(name)) if name == "a"));
    }

    proptest! {
        #[test]
        fn a_form_holds_one_separator_a_pair_whatever_it_holds(name in ".*", value in ".*") {
            let form = Pairs::of(&[(&name, &value)]).unwrap().to_form();
            prop_assert_eq!(form.matches(['=', '&']).count(), 1);
            let query = Pairs::of(&[(&name, &value)]).unwrap().to_query();
            prop_assert_eq!(query.matches(['=', '&', '?', '#', '+', ' ']).count(), 1);
        }
    }
}
