//! Settings against the schema that the manifest has for them.

use oxg_manifest::Manifest;
use serde_json::{Map, Value};

use crate::error::CliError;

/// Makes sure that the manifest's settings, with those of the run on top, match its `configSchema`.
pub(super) fn check(manifest: &Manifest, of_run: &Map<String, Value>) -> Result<(), CliError> {
    let Some(schema) = &manifest.config_schema else {
        return Ok(());
    };
    let mut settings = manifest.config.clone().unwrap_or_default();
    settings.extend(of_run.clone());
    let violations = schema.validate(&settings);
    let Some(first) = violations.first() else {
        return Ok(());
    };
    let problem = match violations.len() - 1 {
        0 => first.to_string(),
        more => format!("{first} (and {more} more)"),
    };
    Err(CliError::argument("the settings do not match the manifest's configSchema", problem))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_run_sets_is_checked_on_top_of_the_manifest() {
        let manifest: Manifest = json!({
            "name": "a", "version": "1.0.0", "entry": "./a", "capabilities": {},
            "config": { "depth": 3, "names": ["a"] },
            "configSchema": {
                "properties": {
                    "depth": { "type": "integer" },
                    "names": { "items": { "type": "string" } },
                },
            },
        })
        .to_string()
        .parse()
        .unwrap();
        let check = |of_run: Value| check(&manifest, of_run.as_object().unwrap());
        assert!(check(json!({})).is_ok());
        assert!(check(json!({ "depth": 4 })).is_ok());
        let error = check(json!({ "names": ["a", 7], "depth": "x" })).unwrap_err().to_string();
        assert!(error.contains("config.depth: ") && error.contains("and 1 more"), "{error}");
        let error = check(json!({ "names": ["a", 7] })).unwrap_err().to_string();
        assert!(error.contains("config.names[1]: "), "{error}");
    }
}
