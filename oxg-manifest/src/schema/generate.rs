//! From the types to the schema.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};
use std::borrow::Cow;

use super::{SchemaDraft, print};
use crate::Manifest;
use crate::manifest::{GuideDocument, HostDocument};

impl SchemaDraft {
    /// Makes the text of the schema from the types.
    #[must_use]
    pub fn generate(self) -> String {
        let (settings, id) = match self {
            Self::Draft07 => (SchemaSettings::draft07(), "urn:oxg:manifest:draft-07"),
            Self::Draft202012 => (SchemaSettings::draft2020_12(), "urn:oxg:manifest:2020-12"),
        };
        let settings = settings.with(|settings| {
            // Before the transforms of the draft, which expect what these leave.
            settings.transforms.insert(0, Box::new(RecursiveTransform(simplify)));
        });
        let mut schema = settings.into_generator().into_root_schema_for::<Manifest>();
        schema.insert("$id".to_owned(), id.into());
        print::pretty(schema.as_value())
    }
}

impl JsonSchema for Manifest {
    fn schema_name() -> Cow<'static, str> {
        "Manifest".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        // One branch holds for a document, so that a validator reports the mistakes of that form.
        json_schema!({
            "title": "0xGen plugin manifest",
            "description": "What a plugin is and what it may do. \"capabilities\" is an object (the guide's form) or a list of CAP_ names (the host's form).",
            "type": "object",
            "if": {
                "type": "object",
                "properties": { "capabilities": { "type": "array" } },
                "required": ["capabilities"],
            },
            "then": generator.subschema_for::<HostDocument>(),
            "else": generator.subschema_for::<GuideDocument>(),
        })
    }
}

fn simplify(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    // The types bound every number themselves.
    object.remove("format");
    if let Some(Value::String(text)) = object.get_mut("description") {
        let summary = text.split("\n\n").next().unwrap_or_default();
        *text = summary.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    never_null(schema);
    join_constants(schema);
}

/// Takes `null` out: a key of the manifest is absent or has a value. See `crate::optional`.
fn never_null(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(options)) = object.get_mut("anyOf") {
        options.retain(|option| *option != json!({ "type": "null" }));
        if let [Value::Object(only)] = options.as_slice() {
            let only = only.clone();
            object.remove("anyOf");
            object.extend(only);
        }
    }
    // What an absent key means is said in words.
    if object.get("default") == Some(&Value::Null) {
        object.remove("default");
    }
}

/// Makes one `enum` of alternatives that are a constant each: a validator then reports one mistake
/// and not one for each of them.
fn join_constants(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    let Some(Value::Array(options)) = object.get("oneOf") else {
        return;
    };
    let constant = |option: &Value| {
        let kind = option.get("type")?;
        (kind == "string").then(|| option.get("const").cloned()).flatten()
    };
    if let Some(values) = options.iter().map(constant).collect::<Option<Vec<Value>>>() {
        object.remove("oneOf");
        object.insert("type".to_owned(), "string".into());
        object.insert("enum".to_owned(), values.into());
    }
}
