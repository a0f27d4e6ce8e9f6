use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::json_path;

/// The settings of a plugin that has none; any setting is an error.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NoConfig {}

/// The settings of a run are not what the plugin takes.
#[derive(Debug, thiserror::Error)]
#[error(
    "the plugin's configuration is not valid: {}{source}; correct it in the manifest's \"config\" or where the run sets it",
    json_path::prefix(.path)
)]
#[non_exhaustive]
pub struct ConfigError {
    /// Where, as in `headers[2].name`. Empty: the whole, or not known.
    pub path: String,
    /// What is wrong there.
    source: json_path::Mismatch,
}

pub(crate) fn read<T: DeserializeOwned>(config: &Map<String, Value>) -> Result<T, ConfigError> {
    json_path::read(&Value::Object(config.clone()))
        .map_err(|(path, source)| ConfigError { path, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_without_settings_takes_none() {
        let mut config = Map::new();
        assert!(read::<NoConfig>(&config).is_ok());
        config.insert("depth".to_owned(), 3.into());
        let error = read::<NoConfig>(&config).unwrap_err();
        assert_eq!(error.path, "depth");
    }
}
