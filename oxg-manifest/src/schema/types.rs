//! The types whose rules serde's attributes do not tell.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::host_pattern;
use crate::{
    ConfigSchema, FilePath, HostCapabilities, HostCapability, HostPattern, Method, PluginName,
    PluginVersion, SecretName, SignatureFiles, file_path, signature_files,
};

macro_rules! schema {
    ($type:ident, |$generator:ident| $schema:expr) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema($generator: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}

schema!(PluginName, |_generator| json_schema!({
    "type": "string",
    "pattern": "^[a-z][0-9a-z-]*$",
    "maxLength": 64,
}));

schema!(PluginVersion, |_generator| {
    let number = "(?:0|[1-9][0-9]*)";
    let identifier = "[0-9A-Za-z-]+";
    let pre_release = format!("(?:{number}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)");
    json_schema!({
        "type": "string",
        "pattern": format!(
            r"^{number}\.{number}\.{number}(?:-{pre_release}(?:\.{pre_release})*)?(?:\+{identifier}(?:\.{identifier})*)?$"
        ),
        "maxLength": 128,
    })
});

schema!(FilePath, |_generator| {
    // `\s` means different characters in different languages, so all are named.
    let space = r" \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000";
    let control = r"\x00-\x1f\x7f-\x9f";
    json_schema!({
        "type": "string",
        "pattern": format!("^[{space}]*[^{control}{space}][^{control}]*$"),
        "maxLength": file_path::MAX,
    })
});

schema!(SecretName, |_generator| json_schema!({
    "type": "string",
    "pattern": "^[0-9a-z][0-9a-z._-]*$",
    "maxLength": 128,
}));

schema!(Method, |_generator| json_schema!({
    "description": "An HTTP method in upper case. The broker opens no tunnels, so not CONNECT.",
    "type": "string",
    "pattern": "^[0-9A-Z!#$%&'*+.^_`|~-]{1,32}$",
    "not": { "enum": ["CONNECT"] },
}));

schema!(HostPattern, |_generator| json_schema!({
    "description": "A name, \"*.\" and a suffix, \"*\", an address or a network in CIDR form; then ports after \":\", with commas between them (80 and 443 when none is named). IPv6 with ports stands in brackets.",
    "type": "string",
    "pattern": host_pattern::shape(),
    "not": {
        "anyOf": [
            { "pattern": host_pattern::TOO_LONG_LABEL },
            { "pattern": host_pattern::TOO_LONG_NAME },
            { "pattern": host_pattern::IPV4_IN_IPV6 },
        ],
    },
    "maxLength": HostPattern::MAX_LENGTH,
}));

schema!(ConfigSchema, |_generator| json_schema!({
    "anyOf": [{ "type": "object" }, { "type": "boolean" }],
}));

schema!(HostCapabilities, |generator| json_schema!({
    "type": "array",
    "items": generator.subschema_for::<HostCapability>(),
    "minItems": 1,
    "uniqueItems": true,
}));

schema!(SignatureFiles, |generator| {
    let mut schema = signature_files::Unchecked::json_schema(generator);
    let has = |key: &str| json_schema!({ "type": "object", "properties": { key: true }, "required": [key] });
    schema.insert(
        "anyOf".to_owned(),
        vec![has("publicKey"), has("certificate")].into_iter().map(Schema::to_value).collect(),
    );
    schema
});

/// The hosts that each secret is bound to.
pub(crate) fn secret_hosts(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "propertyNames": generator.subschema_for::<SecretName>(),
        "additionalProperties": generator.subschema_for::<Vec<HostPattern>>(),
    })
}
