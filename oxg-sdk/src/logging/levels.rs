use std::str::FromStr;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{ParseError, Targets};

/// What to log: a level, or `target=level` pairs, as in `warn,my_plugin=debug`. Targets that are not
/// named log nothing then, unless a bare level stands there too. Default: `info`.
///
/// ```
/// use oxg_sdk::logging::Levels;
///
/// assert!("warn,my_plugin=debug".parse::<Levels>().is_ok());
/// assert!("inof".parse::<Levels>().is_err());
/// ```
#[derive(Debug, Clone)]
pub struct Levels(pub(super) Targets);

/// A text that does not say what to log.
#[derive(Debug, thiserror::Error)]
#[error(
    "{text:?} does not say what to log; write a level or target=level pairs, as in \"warn,my_plugin=debug\""
)]
pub struct LevelsError {
    text: String,
    source: Option<ParseError>,
}

impl Default for Levels {
    fn default() -> Self {
        Self(Targets::new().with_default(LevelFilter::INFO))
    }
}

impl FromStr for Levels {
    type Err = LevelsError;

    fn from_str(text: &str) -> Result<Self, LevelsError> {
        let error = |source| LevelsError { text: text.chars().take(64).collect(), source };
        // A bare word would be a target at level trace: a level with a typing error logs nothing.
        let is_level = |part: &str| !part.is_empty() && part.parse::<LevelFilter>().is_ok();
        if !text.split(',').map(str::trim).all(|part| part.contains('=') || is_level(part)) {
            return Err(error(None));
        }
        text.parse().map(Self).map_err(|source| error(Some(source)))
    }
}
