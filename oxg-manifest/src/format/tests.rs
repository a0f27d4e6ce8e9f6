use proptest::prelude::*;

use super::{format, order};
use crate::Manifest;
use crate::testing::manifests;

const GUIDE: &str = include_str!("../../tests/data/guide.json");

/// The document with its keys in any order, by value.
fn value(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn the_guides_example_is_canonical_as_it_stands() {
    assert_eq!(format(GUIDE.as_bytes()).unwrap(), GUIDE);
}

#[test]
fn long_lists_and_deep_objects_get_lines_of_their_own() {
    let text = br#"{"name":"a","version":"1.0.0","entry":"./a","capabilities":{"http":{"hosts":[
        "aaaaaaaaaaaaaaaaaaaaaaaa.test","bbbbbbbbbbbbbbbbbbbbbbbbbbbbb.test","cccc.test"],"outbound":["broker"]}},
        "config":{"z":1.0,"a":{"b":[1e2,{}]},"s":"\u0041\u202e\/"}}"#;
    let expected = r#"{
  "name": "a",
  "version": "1.0.0",
  "entry": "./a",
  "capabilities": {
    "http": {
      "outbound": ["broker"],
      "hosts": [
        "aaaaaaaaaaaaaaaaaaaaaaaa.test",
        "bbbbbbbbbbbbbbbbbbbbbbbbbbbbb.test",
        "cccc.test"
      ]
    }
  },
  "config": {
    "z": 1.0,
    "a": { "b": [1e2, {}] },
    "s": "A\u202e/"
  }
}
"#;
    assert_eq!(format(text).unwrap(), expected);
}

#[test]
fn what_is_not_valid_is_refused() {
    assert!(format(br#"{ "name": "a", "name": "b" }"#).is_err());
}

#[test]
fn a_layout_that_is_too_large_to_be_read_again_is_refused() {
    let items = vec!["[]"; 200_000].join(",");
    let text = format!(
        r#"{{"name":"a","version":"1.0.0","entry":"./a","capabilities":{{}},"config":{{"a":[{items}]}}}}"#
    );
    assert!(text.parse::<Manifest>().is_ok());
    let error = super::format(text.as_bytes()).unwrap_err();
    assert_eq!(error.diagnostics()[0].code(), "too-large");
}

#[test]
fn every_key_of_the_schema_has_a_place_in_the_order() {
    let schema = value(crate::SCHEMA_2020_12);
    let mut keys = Vec::new();
    collect_properties(&schema, &mut keys);
    let paths: [&[&str]; 9] = [
        &[],
        &["capabilities"],
        &["capabilities", "http"],
        &["capabilities", "storage"],
        &["capabilities", "secrets"],
        &["capabilities", "flows"],
        &["sandbox"],
        &["sandbox", "limits"],
        &["signature"],
    ];
    // The only keys of their objects.
    let known: Vec<&str> =
        paths.iter().flat_map(|path| order::keys(path)).copied().chain(["pull", "emit"]).collect();
    assert!(keys.len() > 20);
    for key in keys {
        assert!(known.contains(&key.as_str()), "{key}");
    }
}

fn collect_properties(schema: &serde_json::Value, keys: &mut Vec<String>) {
    match schema {
        serde_json::Value::Object(members) => {
            for (key, value) in members {
                if let (true, Some(properties)) = (key == "properties", value.as_object()) {
                    keys.extend(properties.keys().cloned());
                }
                collect_properties(value, keys);
            }
        }
        serde_json::Value::Array(items) => {
            items.iter().for_each(|item| collect_properties(item, keys))
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn every_value_is_kept_and_twice_is_once(manifest in manifests()) {
        let text = serde_json::to_string(&manifest).unwrap();
        let once = format(text.as_bytes()).unwrap();
        prop_assert_eq!(value(&once), value(&text));
        prop_assert_eq!(&format(once.as_bytes()).unwrap(), &once);
    }
}
