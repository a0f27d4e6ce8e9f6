//! Settings against their schema.

use std::error::Error;
use std::fmt;

use jsonschema::paths::{Location, LocationSegment};
use jsonschema::{PatternOptions, Retrieve, Uri, ValidationError};
use serde_json::{Map, Value};

use super::schema_cost;
use super::{ConfigSchema, Manifest};
use crate::text::{escaped, path_index, path_key};

/// How many violations are listed.
const MAX_VIOLATIONS: usize = 100;

/// How often a regular expression may go back: one that needs more is refused, not waited for.
const BACKTRACK_LIMIT: usize = 100_000;

/// One thing that is wrong with a plugin's settings or with their schema.
///
/// `Display` is one line that begins with the place, such as
/// `config.depth: "deep" is not of type "integer"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigViolation {
    place: ConfigPlace,
    path: String,
    pointer: String,
    reason: String,
}

/// Where a [`ConfigViolation`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConfigPlace {
    /// In the settings: they do not match the schema.
    Config,
    /// In the schema: it is no valid JSON Schema, or refers to what is not in it.
    Schema,
}

impl ConfigViolation {
    /// Whether the settings or their schema are wrong.
    #[must_use]
    pub fn place(&self) -> ConfigPlace {
        self.place
    }

    /// The place in the manifest, such as `config.hosts[0]` or `configSchema.properties`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The place in the settings or in the schema as a JSON pointer (RFC 6901), such as `/hosts/0`.
    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// What is wrong.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    fn new(place: ConfigPlace, location: &Location, error: &ValidationError<'_>) -> Self {
        let mut path = match place {
            ConfigPlace::Config => "config",
            ConfigPlace::Schema => "configSchema",
        }
        .to_owned();
        for segment in location {
            match segment {
                LocationSegment::Index(index) => path_index(&mut path, index),
                LocationSegment::Property(key) => path_key(&mut path, &key),
            }
        }
        let reason = escaped(&error.to_string());
        Self { place, path, pointer: location.as_str().to_owned(), reason }
    }
}

impl ConfigViolation {
    fn of_schema(reason: String) -> Self {
        let path = "configSchema".to_owned();
        Self { place: ConfigPlace::Schema, path, pointer: String::new(), reason }
    }
}

impl fmt::Display for ConfigViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.reason)
    }
}

impl Error for ConfigViolation {}

impl ConfigSchema {
    /// What is wrong with these settings, or with the schema itself; at most 100 things.
    ///
    /// The schema is of the draft that its `$schema` names, 2020-12 when it names none. It is on its
    /// own: a reference to a file or to the network is refused. So is a schema whose references
    /// would keep the validator busy for long, or lead in a circle at the same place.
    #[must_use]
    pub fn validate(&self, config: &Map<String, Value>) -> Vec<ConfigViolation> {
        if let Err(reason) = schema_cost::check(self.as_value(), config) {
            return vec![ConfigViolation::of_schema(reason.to_string())];
        }
        let validator = match jsonschema::options()
            .with_retriever(Refuse)
            .with_pattern_options(PatternOptions::fancy_regex().backtrack_limit(BACKTRACK_LIMIT))
            .build(self.as_value())
        {
            Ok(validator) => validator,
            Err(error) => {
                return vec![ConfigViolation::new(
                    ConfigPlace::Schema,
                    error.instance_path(),
                    &error,
                )];
            }
        };
        let config = Value::Object(config.clone());
        validator
            .iter_errors(&config)
            .take(MAX_VIOLATIONS)
            .map(|error| ConfigViolation::new(ConfigPlace::Config, error.instance_path(), &error))
            .collect()
    }
}

impl Manifest {
    /// What is wrong with the plugin's settings, or with their schema. Without a schema, nothing;
    /// absent settings are `{}`.
    ///
    /// ```
    /// use oxg_manifest::Manifest;
    ///
    /// let manifest: Manifest = r#"{
    ///     "name": "a", "version": "1.0.0", "entry": "./a", "capabilities": {},
    ///     "config": { "depth": "deep" },
    ///     "configSchema": { "properties": { "depth": { "type": "integer" } } }
    /// }"#
    /// .parse()?;
    /// let violations = manifest.validate_config();
    /// assert_eq!(violations[0].to_string(), r#"config.depth: "deep" is not of type "integer""#);
    /// # Ok::<(), oxg_manifest::ManifestError>(())
    /// ```
    #[must_use]
    pub fn validate_config(&self) -> Vec<ConfigViolation> {
        let Some(schema) = &self.config_schema else {
            return Vec::new();
        };
        let none = Map::new();
        schema.validate(self.config.as_ref().unwrap_or(&none))
    }
}

/// Refuses every reference that leaves the schema, whichever features of the validator another
/// crate turns on.
struct Refuse;

impl Retrieve for Refuse {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn Error + Send + Sync>> {
        Err(format!("{uri} is not in the schema, and nothing else is read").into())
    }
}
