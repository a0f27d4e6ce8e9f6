//! The schema of a plugin's settings.

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;

/// A JSON Schema that a plugin's `config` must match: an object, `true` or `false`.
///
/// This type does not look inside; with the feature `validation`, `Manifest::validate_config` does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ConfigSchema(Value);

/// The value is neither an object nor a boolean, so it is no JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a JSON Schema is an object, true or false")]
#[non_exhaustive]
pub struct ConfigSchemaError;

impl ConfigSchema {
    /// The schema as it stands in the manifest.
    #[must_use]
    pub fn as_value(&self) -> &Value {
        &self.0
    }
}

impl TryFrom<Value> for ConfigSchema {
    type Error = ConfigSchemaError;

    fn try_from(value: Value) -> Result<Self, ConfigSchemaError> {
        match value {
            Value::Object(_) | Value::Bool(_) => Ok(Self(value)),
            _ => Err(ConfigSchemaError),
        }
    }
}

impl<'de> Deserialize<'de> for ConfigSchema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(Value::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
