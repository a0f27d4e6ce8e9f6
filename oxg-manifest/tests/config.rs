//! Settings and their schema.

#![cfg(feature = "validation")]
#![allow(clippy::unwrap_used)]

use oxg_manifest::{ConfigPlace, ConfigSchema};
use serde_json::{Value, json};

/// The messages about settings under a schema.
fn messages(schema: Value, config: Value) -> Vec<String> {
    let schema = ConfigSchema::try_from(schema).unwrap();
    let config = config.as_object().unwrap();
    schema.validate(config).iter().map(ToString::to_string).collect()
}

#[test]
fn settings_that_match_their_schema_have_no_violation() {
    let schema = json!({ "properties": { "depth": { "type": "integer", "maximum": 3 } } });
    assert!(messages(schema, json!({ "depth": 3 })).is_empty());
    assert!(messages(json!(true), json!({ "a": 1 })).is_empty());
}

#[test]
fn every_violation_names_its_path() {
    let schema = json!({
        "type": "object",
        "properties": {
            "depth": { "type": "integer" },
            "hosts": { "type": "array", "items": { "type": "string", "pattern": "^[a-z]+$" } }
        },
        "required": ["token"],
        "additionalProperties": false
    });
    let mut found = messages(schema, json!({ "depth": "3", "hosts": ["a", "B"], "x": 1 }));
    found.sort();
    assert_eq!(
        found,
        [
            "config.depth: \"3\" is not of type \"integer\"",
            "config.hosts[1]: \"B\" does not match \"^[a-z]+$\"",
            "config: \"token\" is a required property",
            "config: Additional properties are not allowed ('x' was unexpected)",
        ]
    );
}

#[test]
fn a_schema_that_is_none_is_told_with_its_own_path() {
    let schema =
        ConfigSchema::try_from(json!({ "properties": { "a": { "type": "int" } } })).unwrap();
    let violations = schema.validate(json!({}).as_object().unwrap());
    assert_eq!(violations[0].place(), ConfigPlace::Schema);
    assert_eq!(violations[0].path(), "configSchema.properties.a.type");
    assert_eq!(violations[0].pointer(), "/properties/a/type");
    for schema in [json!(1), json!("a"), json!([]), json!(null)] {
        assert!(ConfigSchema::try_from(schema).is_err());
    }
}

#[test]
fn a_reference_out_of_the_schema_is_never_followed() {
    for reference in ["file:///etc/passwd", "http://127.0.0.1:9/schema.json", "other.json"] {
        let found = messages(json!({ "$ref": reference }), json!({}));
        assert_eq!(found.len(), 1, "{reference}");
        assert!(found[0].starts_with("configSchema"), "{found:?}");
    }
}

#[test]
fn a_schema_that_refers_to_itself_ends() {
    assert!(
        messages(json!({ "properties": { "a": { "$ref": "#" } } }), json!({ "a": {} })).is_empty()
    );
    let _ = messages(json!({ "$ref": "#" }), json!({}));
    let _ = messages(json!({ "allOf": [{ "$ref": "#" }] }), json!({}));
    let _ = messages(
        json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } } }),
        json!({}),
    );
}

#[test]
fn an_expression_that_goes_back_without_end_is_cut_short() {
    let schema = json!({ "properties": { "a": { "pattern": "^(?=a)(a*)*\\1$" } } });
    assert!(!messages(schema, json!({ "a": format!("{}!", "a".repeat(5000)) })).is_empty());
}

#[test]
fn a_hostile_value_cannot_steer_the_terminal_or_flood_it() {
    let schema = json!({ "additionalProperties": { "type": "integer" } });
    let found = messages(schema, json!({ "\u{1b}[2J": format!("\u{202e}{}", "x".repeat(10_000)) }));
    assert!(found[0].len() < 1000 && !found[0].contains(['\u{1b}', '\u{202e}']), "{found:?}");
}
