//! What a launcher tells a plugin: see [`oxg_protocol::env`] for the variables.

use std::ffi::OsString;
use std::path::PathBuf;

use oxg_protocol::endpoint::EndpointError;
use oxg_protocol::{Endpoint, env};

use crate::channel::{TokenError, TokenSource};

/// A plugin's environment, read once.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Environment {
    /// Where the broker listens.
    pub broker: Endpoint,
    /// The session's token.
    pub token: TokenSource,
    /// The one directory that the plugin may write.
    pub workspace: Option<PathBuf>,
    /// What to log, as `OXG_LOG` has it.
    pub log: Option<String>,
}

/// Why the environment is not that of a plugin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnvError {
    /// A variable is missing.
    #[error("{0} is not set")]
    Missing(&'static str),
    /// A variable is not UTF-8.
    #[error("{0} is not UTF-8")]
    NotUtf8(&'static str),
    /// `OXG_BROKER` is not an endpoint.
    #[error("OXG_BROKER is not a broker's address")]
    Broker(#[from] EndpointError),
    /// `OXG_TOKEN` is not a token.
    #[error("OXG_TOKEN is not a session token")]
    Token(#[from] TokenError),
}

impl Environment {
    /// The environment of this process.
    ///
    /// # Errors
    /// [`EnvError`].
    pub fn of_process() -> Result<Self, EnvError> {
        Self::read(|name| std::env::var_os(name))
    }

    /// The environment that `get` knows.
    ///
    /// # Errors
    /// [`EnvError`].
    ///
    /// ```
    /// use oxg_sdk::env::Environment;
    ///
    /// let environment = Environment::read(|name| match name {
    ///     "OXG_BROKER" => Some("unix:/run/oxg/broker.sock".into()),
    ///     "OXG_TOKEN" => Some("0123456789abcdef".into()),
    ///     _ => None,
    /// })?;
    /// assert!(environment.workspace.is_none());
    /// # Ok::<(), oxg_sdk::env::EnvError>(())
    /// ```
    pub fn read(mut get: impl FnMut(&str) -> Option<OsString>) -> Result<Self, EnvError> {
        let mut text = |variable: env::Variable| match variable.read(&mut get) {
            None => Ok(None),
            Some(value) => {
                value.into_string().map(Some).map_err(|_| EnvError::NotUtf8(variable.name))
            }
        };
        let broker = text(env::BROKER)?.ok_or(EnvError::Missing(env::BROKER.name))?;
        let value = text(env::TOKEN)?;
        let log = text(env::LOG)?;
        let token = match (env::TOKEN_FILE.read(&mut get), value) {
            (Some(path), _) => TokenSource::file(path),
            (None, Some(token)) => TokenSource::value(&token)?,
            (None, None) => return Err(EnvError::Missing(env::TOKEN_FILE.name)),
        };
        Ok(Self {
            broker: broker.parse()?,
            token,
            workspace: env::WORKSPACE.read(&mut get).map(PathBuf::from),
            log,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Environment, EnvError> {
        Environment::read(|name| {
            let value = pairs.iter().find(|(known, _)| *known == name)?.1;
            Some(value.into())
        })
    }

    #[test]
    fn the_older_spelling_of_the_workspace_is_read_too() {
        let base = [("OXG_BROKER", "unix:/b.sock"), ("OXG_TOKEN", "abcdefgh")];
        let older = [base[0], base[1], ("0XGEN_WORKSPACE", "/w")];
        assert_eq!(read(&older).unwrap().workspace, Some("/w".into()));
        let both = [base[0], base[1], ("0XGEN_WORKSPACE", "/w"), ("OXG_WORKSPACE", "/v")];
        assert_eq!(read(&both).unwrap().workspace, Some("/v".into()));
    }

    #[test]
    fn what_is_missing_is_named() {
        assert!(matches!(read(&[]), Err(EnvError::Missing("OXG_BROKER"))));
        let no_token = [("OXG_BROKER", "unix:/b.sock"), ("OXG_TOKEN", "")];
        assert!(matches!(read(&no_token), Err(EnvError::Missing("OXG_TOKEN_FILE"))));
        let bad = [("OXG_BROKER", "http://192.0.2.1:1"), ("OXG_TOKEN", "abcdefgh")];
        assert!(matches!(read(&bad), Err(EnvError::Broker(_))));
    }
}
