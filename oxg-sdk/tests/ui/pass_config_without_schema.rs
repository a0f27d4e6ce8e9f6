use oxg_sdk::Declared as _;
use oxg_sdk::prelude::*;

// Not `JsonSchema`, whether the feature `schema` is on or not.
#[derive(Deserialize)]
struct Settings {
    _depth: u8,
}

struct Plain;

#[oxg_sdk::plugin(manifest = "../support/manifest.json")]
impl Plugin for Plain {
    type Config = Settings;
}

struct Bare;

#[oxg_sdk::plugin(manifest = "../support/manifest.json")]
impl Plugin for Bare {}

fn main() {
    assert_eq!(Plain::config_schema(), None);
    // A plugin without settings has a schema that allows none.
    if let Some(schema) = Bare::config_schema() {
        assert_eq!(schema["additionalProperties"], false);
    }
}
