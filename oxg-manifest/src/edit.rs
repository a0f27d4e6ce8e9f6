//! Changing one value in the text of a manifest, and nothing around it.

use std::ops::Range;

use crate::format::format;
use crate::json::{self, Member, Value};
use crate::{ConfigSchema, Manifest, ManifestError};

/// The key that is written.
const KEY: &str = "configSchema";

/// The text with `schema` as its `configSchema`: in the place of the old one, or as the last key.
///
/// The rest of the text stays as it is. A text in the [canonical layout](crate::format) stays in
/// it; in any other, the schema is indented as its neighbours are.
///
/// ```
/// use oxg_manifest::{ConfigSchema, edit::set_config_schema};
///
/// let text = br#"{ "name": "a", "version": "1.0.0", "entry": "./a", "capabilities": {} }"#;
/// let schema = ConfigSchema::try_from(serde_json::Value::Bool(true))?;
/// assert_eq!(
///     set_config_schema(text, &schema)?,
///     r#"{ "name": "a", "version": "1.0.0", "entry": "./a", "capabilities": {}, "configSchema": true }"#,
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// When the text is not a valid manifest, or not one with the schema in it: the host's form has no
/// place for it, and the whole may be too large or nested too deeply.
pub fn set_config_schema(text: &[u8], schema: &ConfigSchema) -> Result<String, ManifestError> {
    let manifest = Manifest::from_slice(text)?;
    let text = String::from_utf8_lossy(text);
    if manifest.config_schema.as_ref() == Some(schema) {
        return Ok(text.into_owned());
    }
    let is_canonical = format(text.as_bytes())? == text;
    // A valid manifest is an object with members.
    let root = json::read(text.as_bytes()).root;
    let members = match root.as_ref().map(|root| &root.value) {
        Some(Value::Object(members)) => members.as_slice(),
        _ => &[],
    };
    let edited = match (members.iter().find(|member| member.key == KEY), members.last()) {
        (Some(old), _) => splice(&text, old.node.span(), &print(schema, &Line::of(&text, old))),
        (None, Some(last)) => {
            let line = Line::of(&text, last);
            let key = format!(",{}\"{KEY}\": {}", line.before_key(), print(schema, &line));
            splice(&text, last.node.end..last.node.end, &key)
        }
        (None, None) => text.into_owned(),
    };
    Manifest::from_slice(edited.as_bytes())?;
    if is_canonical { format(edited.as_bytes()) } else { Ok(edited) }
}

/// How a key stands in its line.
struct Line<'t> {
    /// What the line begins with, if nothing else stands before the key.
    indent: Option<&'t str>,
    end: &'static str,
}

impl<'t> Line<'t> {
    fn of(text: &'t str, member: &Member<'_>) -> Self {
        let before = text.get(..member.key_at).unwrap_or_default();
        let line = before.rfind('\n').map(|newline| before.get(newline + 1..).unwrap_or_default());
        let indent = line.filter(|line| line.trim().is_empty());
        Self { indent, end: if text.contains("\r\n") { "\r\n" } else { "\n" } }
    }

    fn before_key(&self) -> String {
        self.indent.map_or_else(|| " ".to_owned(), |indent| format!("{}{indent}", self.end))
    }
}

/// The schema over several lines, or in one where the key does not stand on a line of its own.
fn print(schema: &ConfigSchema, line: &Line<'_>) -> String {
    let value = schema.as_value();
    match line.indent {
        None => value.to_string(),
        Some(indent) => format!("{value:#}").replace('\n', &format!("{}{indent}", line.end)),
    }
}

fn splice(text: &str, place: Range<usize>, with: &str) -> String {
    let before = text.get(..place.start).unwrap_or_default();
    let after = text.get(place.end..).unwrap_or_default();
    [before, with, after].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema() -> ConfigSchema {
        ConfigSchema::try_from(json!({ "type": "object", "required": ["depth"] })).unwrap()
    }

    fn edit(text: &str) -> String {
        let edited = set_config_schema(text.as_bytes(), &schema()).unwrap();
        let manifest = Manifest::from_slice(edited.as_bytes()).unwrap();
        assert_eq!(manifest.config_schema, Some(schema()));
        assert_eq!(set_config_schema(edited.as_bytes(), &schema()).unwrap(), edited);
        edited
    }

    #[test]
    fn a_new_schema_is_the_last_key_and_the_rest_stays_as_it_is() {
        let text = "{\r\n\t\"name\" :\"a\",\"version\": \"1.0.0\",\r\n\t\"entry\": \"./\\u0061\",\r\n\t\"capabilities\": { }\r\n}";
        let edited = edit(text);
        let (before, after) = edited.split_once(",\r\n\t\"configSchema\": {").unwrap();
        assert!(text.starts_with(before), "{edited}");
        assert!(after.ends_with("\r\n\t}\r\n}"), "{edited}");
    }

    #[test]
    fn an_old_schema_is_replaced_where_it_stands() {
        let text = r#"{
   "name": "a",
   "configSchema": { "a": [1,
 2] },
   "version": "1.0.0", "entry": "./a", "capabilities": {}
}"#;
        let edited = edit(text);
        let (before, after) = text.split_once("{ \"a\": [1,\n 2] }").unwrap();
        assert!(edited.starts_with(before) && edited.ends_with(after), "{edited}");
    }

    #[test]
    fn a_canonical_text_stays_canonical() {
        let text = br#"{"name":"a","version":"1.0.0","entry":"./a","capabilities":{}}"#;
        let edited = edit(&format(text).unwrap());
        assert_eq!(format(edited.as_bytes()).unwrap(), edited);
    }

    #[test]
    fn the_form_of_the_host_has_no_place_for_a_schema() {
        let text = br#"{"name":"a","version":"1.0.0","entry":"a","artifact":"a","capabilities":
            ["CAP_STORAGE"],"signature":{"signature":"s","publicKey":"k"}}"#;
        assert!(Manifest::from_slice(text).is_ok());
        assert!(set_config_schema(text, &schema()).is_err());
    }
}
