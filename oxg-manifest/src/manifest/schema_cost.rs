//! What a schema costs to check, before anything is checked.
//!
//! A small schema can ask for endless work: definitions that each refer twice to the one before
//! double it with each of them. The validator has no limit of its own, so such a schema is refused.

use std::collections::HashMap;

use serde_json::{Map, Value};

/// How much work settings and schema may make together. Usual ones make some thousands.
const MAX_COST: u64 = 10_000_000;

/// How many schemas may be entered from within each other. The validator recurses as deep.
const MAX_NESTING: usize = 256;

/// What one regular expression costs, which may go back often.
const PATTERN_COST: u64 = 100;

/// Why a schema is refused. `Display` is the end of a message about the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum TooCostly {
    #[error("the schema takes too long to check; refer less often to the same definitions")]
    Work,
    #[error("the schema nests more than {MAX_NESTING} schemas in each other; flatten it")]
    Nesting,
    #[error("the schema refers to itself without an end; refer to it from a property")]
    Loop,
    #[error(
        "the schema gives an inner schema an \"$id\"; remove it, and refer to it by its place, \
         such as \"#/$defs/name\""
    )]
    InnerId,
}

/// Makes sure that settings can be checked against a schema in a short time.
pub(super) fn check(schema: &Value, config: &Map<String, Value>) -> Result<(), TooCostly> {
    let (nodes, levels) = size(config.values());
    let limit = MAX_COST / (nodes + 1);
    let mut costs = Costs { root: schema, limit, anchors: HashMap::new(), known: HashMap::new() };
    costs.find_anchors(schema)?;
    costs.of(schema, levels + 1, 0).map(drop)
}

/// How many values there are, and in how many levels. A manifest has at most 64 levels.
fn size<'a>(values: impl Iterator<Item = &'a Value>) -> (u64, usize) {
    values.fold((0, 0), |(nodes, levels), value| {
        let (below, deep) = match value {
            Value::Array(items) => size(items.iter()),
            Value::Object(members) => size(members.values()),
            _ => (0, 0),
        };
        (nodes + 1 + below, levels.max(deep + 1))
    })
}

struct Costs<'a> {
    root: &'a Value,
    /// The most that a schema may cost for one value.
    limit: u64,
    /// The schemas that have a name to which a reference may lead.
    anchors: HashMap<&'a str, Vec<&'a Value>>,
    /// By schema and remaining levels; nothing while it is being found.
    known: HashMap<(*const Value, usize), Option<u64>>,
}

impl<'a> Costs<'a> {
    /// The most that one value, with `levels` levels in it, costs under a schema.
    fn of(&mut self, schema: &'a Value, levels: usize, nesting: usize) -> Result<u64, TooCostly> {
        let Value::Object(keywords) = schema else {
            return Ok(1);
        };
        let key = (std::ptr::from_ref(schema), levels);
        match self.known.get(&key) {
            Some(Some(cost)) => return Ok(*cost),
            Some(None) => return Err(TooCostly::Loop),
            None if nesting == MAX_NESTING => return Err(TooCostly::Nesting),
            None => self.known.insert(key, None),
        };
        // To find what is left unevaluated, the validator goes through the same schemas again.
        let again = keywords.keys().any(|keyword| keyword.starts_with("unevaluated"));
        let times = if again { 3 } else { 1 };
        let mut cost = 1;
        for (keyword, value) in keywords {
            cost += own_cost(keyword, value);
            for schema in self.of_the_same_value(keyword, value) {
                let inner = self.of(schema, levels, nesting + 1)?;
                cost = cost.saturating_add(inner.saturating_mul(times));
            }
            if let Some(levels) = levels.checked_sub(1) {
                for schema in of_inner_values(keyword, value) {
                    cost = cost.saturating_add(self.of(schema, levels, nesting + 1)?);
                }
            }
            if cost > self.limit {
                return Err(TooCostly::Work);
            }
        }
        self.known.insert(key, Some(cost));
        Ok(cost)
    }

    /// The schemas that a keyword applies to the value that its own schema is for.
    fn of_the_same_value(&self, keyword: &str, value: &'a Value) -> Vec<&'a Value> {
        match keyword {
            "$ref" | "$dynamicRef" | "$recursiveRef" => {
                value.as_str().map(|reference| self.targets(reference)).unwrap_or_default()
            }
            "allOf" | "anyOf" | "oneOf" | "not" | "if" | "then" | "else" => one_or_many(value),
            "dependentSchemas" | "dependencies" => members(value),
            _ => Vec::new(),
        }
    }

    /// Where a reference leads; nowhere when it leaves the schema, and then the validator refuses
    /// it, or knows it as one of the standard's own schemas.
    fn targets(&self, reference: &str) -> Vec<&'a Value> {
        const ELSEWHERE: &[&str] = &["http:", "https:", "file:", "urn:"];
        let (base, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        // Only the root can have a name, and any that is not surely another may be the root's.
        let elsewhere = ELSEWHERE.iter().any(|scheme| base.starts_with(scheme));
        if elsewhere && self.root.get("$id").is_none() && self.root.get("id").is_none() {
            return Vec::new();
        }
        let fragment = percent_decoded(fragment);
        let named = self.anchors.get(&*fragment).into_iter().flatten().copied();
        self.root.pointer(&fragment).into_iter().chain(named).collect()
    }

    /// Notes every schema with a name. The manifest's own nesting bounds the recursion.
    fn find_anchors(&mut self, value: &'a Value) -> Result<(), TooCostly> {
        match value {
            Value::Object(members) => {
                for (key, inner) in members {
                    if let ("$anchor" | "$dynamicAnchor", Value::String(name)) = (&**key, inner) {
                        self.anchors.entry(name).or_default().push(value);
                    }
                    if self.is_id(key) && inner.is_string() && !std::ptr::eq(value, self.root) {
                        return Err(TooCostly::InnerId);
                    }
                    self.find_anchors(inner)?;
                }
                Ok(())
            }
            Value::Array(items) => items.iter().try_for_each(|item| self.find_anchors(item)),
            _ => Ok(()),
        }
    }

    /// Whether a keyword names a schema. In draft 4 alone, `id` does.
    fn is_id(&self, keyword: &str) -> bool {
        let draft = || self.root.get("$schema").and_then(Value::as_str);
        keyword == "$id" || keyword == "id" && draft().is_some_and(|d| d.contains("draft-04"))
    }
}

/// What a keyword costs without the schemas in it.
fn own_cost(keyword: &str, value: &Value) -> u64 {
    match (keyword, value) {
        ("pattern", _) => PATTERN_COST,
        ("patternProperties", Value::Object(patterns)) => PATTERN_COST * patterns.len() as u64,
        ("enum" | "required", Value::Array(items)) => items.len() as u64,
        _ => 1,
    }
}

/// The schemas that a keyword applies to what is in the value that its own schema is for.
fn of_inner_values<'a>(keyword: &str, value: &'a Value) -> Vec<&'a Value> {
    match keyword {
        "properties" | "patternProperties" => members(value),
        "items"
        | "prefixItems"
        | "additionalItems"
        | "unevaluatedItems"
        | "contains"
        | "additionalProperties"
        | "unevaluatedProperties"
        | "propertyNames" => one_or_many(value),
        _ => Vec::new(),
    }
}

fn one_or_many(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    }
}

fn members(value: &Value) -> Vec<&Value> {
    value.as_object().map(|members| members.values().collect()).unwrap_or_default()
}

/// A fragment as the JSON pointer that it stands for (RFC 6901, section 6).
fn percent_decoded(fragment: &str) -> String {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = (*first == b'%').then(|| after.split_at_checked(2)).flatten();
        let byte = escaped.and_then(|(digits, after)| {
            let digits = str::from_utf8(digits).ok()?;
            Some((u8::from_str_radix(digits, 16).ok()?, after))
        });
        let (byte, after) = byte.unwrap_or((*first, after));
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn verdict(schema: &Value, config: &Value) -> Result<(), TooCostly> {
        check(schema, config.as_object().unwrap())
    }

    /// Definitions that each lead `branches` times to the one before.
    fn chain(length: usize, branches: usize, reference: impl Fn(usize) -> String) -> Value {
        let mut definitions = Map::new();
        for index in 1..=length {
            let all: Vec<Value> =
                (0..branches).map(|_| json!({ "$ref": reference(index - 1) })).collect();
            definitions.insert(
                format!("d{index}"),
                json!({ "$anchor": format!("a{index}"), "allOf": all }),
            );
        }
        definitions.insert("d0".to_owned(), json!({ "$anchor": "a0", "type": "object" }));
        json!({ "$defs": definitions, "$ref": reference(length) })
    }

    #[test]
    fn definitions_that_double_the_work_are_refused_however_they_are_named() {
        let pointer = |index: usize| format!("#/$defs/d{index}");
        let escaped = |index: usize| format!("#/%24defs/%64{index}");
        let anchor = |index: usize| format!("#a{index}");
        for schema in [chain(40, 2, pointer), chain(40, 2, escaped), chain(40, 2, anchor)] {
            assert_eq!(verdict(&schema, &json!({})), Err(TooCostly::Work));
        }
        assert_eq!(verdict(&chain(10, 2, pointer), &json!({})), Ok(()));
        assert_eq!(verdict(&chain(40, 1, anchor), &json!({})), Ok(()));
        assert_eq!(verdict(&chain(300, 1, pointer), &json!({})), Err(TooCostly::Nesting));
    }

    #[test]
    fn a_recursive_schema_costs_by_the_depth_of_the_settings() {
        let twice = json!({ "allOf": [
            { "properties": { "a": { "$ref": "#" } } },
            { "properties": { "a": { "$ref": "#" } } },
        ] });
        let deep = (0..50).fold(json!({}), |inner, _| json!({ "a": inner }));
        assert_eq!(verdict(&twice, &json!({ "a": { "a": {} } })), Ok(()));
        assert_eq!(verdict(&twice, &deep), Err(TooCostly::Work));
        let once = json!({ "additionalProperties": { "$ref": "#" } });
        assert_eq!(verdict(&once, &deep), Ok(()));
    }

    #[test]
    fn a_loop_that_goes_no_deeper_is_refused() {
        for schema in [
            json!({ "$ref": "#" }),
            json!({ "anyOf": [{ "$ref": "#" }, { "$ref": "#" }] }),
            json!({ "$id": "urn:a", "not": { "$ref": "urn:a" } }),
            json!({ "not": { "$ref": "json-schema:///" } }),
            json!({ "not": { "$ref": "/" } }),
        ] {
            assert_eq!(verdict(&schema, &json!({})), Err(TooCostly::Loop), "{schema}");
        }
    }

    #[test]
    fn an_inner_schema_has_no_id_since_it_would_change_where_references_lead() {
        let named = json!({ "$defs": { "a": { "$id": "urn:a" } } });
        assert_eq!(verdict(&named, &json!({})), Err(TooCostly::InnerId));
        let data =
            json!({ "default": { "id": "a" }, "properties": { "$id": { "type": "string" } } });
        assert_eq!(verdict(&data, &json!({})), Ok(()));
        let old = json!({
            "$schema": "http://json-schema.org/draft-04/schema#", "not": { "id": "urn:a" },
        });
        assert_eq!(verdict(&old, &json!({})), Err(TooCostly::InnerId));
    }

    #[test]
    fn a_schema_of_usual_size_is_fine() {
        let names: Vec<String> = (0..100).map(|index| format!("k{index}")).collect();
        let property = json!({ "type": "array", "items": { "enum": names } });
        let properties: Map<String, Value> =
            names.iter().map(|name| (name.clone(), property.clone())).collect();
        let config: Map<String, Value> =
            names.iter().map(|name| (name.clone(), json!(names[..5]))).collect();
        let schema = json!({ "properties": properties, "required": names });
        assert_eq!(check(&schema, &config), Ok(()));
    }
}
