//! The committed JSON Schemas, beside what the types say.

#![allow(clippy::unwrap_used, clippy::panic)]

use oxg_manifest::SchemaDraft;
use serde_json::Value;

#[cfg(feature = "schema")]
#[test]
fn the_committed_schemas_are_what_the_types_generate() {
    for draft in SchemaDraft::ALL {
        assert!(
            draft.text() == draft.generate(),
            "{} is stale; renew it with: cargo run -p oxg-manifest --features schema --example schema -- --write",
            draft.file_name()
        );
    }
}

fn schema(draft: SchemaDraft) -> Value {
    serde_json::from_str(draft.text()).unwrap()
}

/// Calls `visit` with every object in a schema, and the keyword or name that it is found under.
fn visit<'a>(value: &'a Value, name: &'a str, visitor: &mut impl FnMut(&str, &'a Value)) {
    match value {
        Value::Object(members) => {
            visitor(name, value);
            for (key, value) in members {
                visit(value, key, visitor);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| visit(item, name, visitor)),
        _ => {}
    }
}

#[test]
fn a_schema_uses_no_format_and_no_look_around() {
    for draft in SchemaDraft::ALL {
        visit(&schema(*draft), "", &mut |_, object| {
            assert!(object.get("format").is_none());
            if let Some(Value::String(pattern)) = object.get("pattern") {
                for construct in ["(?=", "(?!", "(?<", r"\d", r"\w", r"\s", r"\b"] {
                    assert!(!pattern.contains(construct), "{construct} in {pattern}");
                }
            }
        });
    }
}

#[test]
fn every_property_says_what_it_is_for() {
    for draft in SchemaDraft::ALL {
        let definitions = match draft {
            SchemaDraft::Draft07 => "definitions",
            _ => "$defs",
        };
        let schema = schema(*draft);
        let mut properties = 0;
        for (name, definition) in schema[definitions].as_object().unwrap() {
            for (key, property) in definition["properties"].as_object().into_iter().flatten() {
                let description = property["description"].as_str().unwrap_or_default();
                assert!(description.len() > 10, "{name}.{key}");
                assert!(!description.contains("]("), "{name}.{key} shows a link of the code");
                properties += 1;
            }
        }
        assert!(properties > 40, "{properties}");
    }
}

#[test]
fn draft_07_has_nothing_beside_a_reference() {
    visit(&schema(SchemaDraft::Draft07), "", &mut |name, object| {
        if object.get("$ref").is_some() {
            assert_eq!(object.as_object().unwrap().len(), 1, "{name}");
        }
    });
}
