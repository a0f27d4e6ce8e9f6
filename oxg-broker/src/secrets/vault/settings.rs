use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::VaultError;
use crate::secrets::SourceError;

/// The largest file of settings, in bytes.
const MAX_FILE: u64 = 64 << 10;

/// Where a Vault is, and where in it the secrets are. In `path` and `field`, `{plugin}` and
/// `{secret}` stand for the names.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct VaultSettings {
    /// `https://HOST[:PORT]`; `http://` only to this machine.
    pub address: String,
    /// Where the token is.
    pub token: VaultToken,
    /// Where the engine is mounted. Default `secret`.
    pub mount: String,
    /// The path below it. Default `oxg/{plugin}/{secret}`.
    pub path: String,
    /// The field of the secret's data. Default `value`.
    pub field: String,
    /// The namespace, for the editions that have them.
    pub namespace: Option<String>,
    /// The authorities to trust, in PEM, in place of the web's.
    pub ca_file: Option<PathBuf>,
    /// How long one call may take, dialling included. Default 5 s.
    pub deadline: Duration,
}

/// Where the token for Vault is.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum VaultToken {
    /// In a file that only this user can read; read anew for each call.
    File(PathBuf),
    /// In a variable of the broker's environment, read once.
    Environment(String),
}

/// The settings as they are written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    address: String,
    token_file: Option<PathBuf>,
    token_env: Option<String>,
    mount: Option<String>,
    path: Option<String>,
    field: Option<String>,
    namespace: Option<String>,
    ca_file: Option<PathBuf>,
    deadline_ms: Option<u64>,
}

impl VaultSettings {
    /// The Vault at `address`, with the defaults.
    pub fn new(address: impl Into<String>, token: VaultToken) -> Self {
        Self {
            address: address.into(),
            token,
            mount: "secret".to_owned(),
            path: "oxg/{plugin}/{secret}".to_owned(),
            field: "value".to_owned(),
            namespace: None,
            ca_file: None,
            deadline: Duration::from_secs(5),
        }
    }

    /// The settings in a TOML file: the fields of this type, with `token_file` or `token_env` for the
    /// token and `deadline_ms` for the deadline. Paths are relative to the file.
    ///
    /// ```toml
    /// address = "https://vault.example.org:8200"
    /// token_file = "/run/oxg/vault-token"
    /// path = "plugins/{plugin}"
    /// field = "{secret}"
    /// ```
    ///
    /// # Errors
    /// [`SourceError`] where the file cannot be read or is not like that.
    pub fn read(path: &Path) -> Result<Self, SourceError> {
        let failed = |source| SourceError::Read { path: path.to_owned(), source };
        if std::fs::metadata(path).map_err(failed)?.len() > MAX_FILE {
            return Err(failed(std::io::ErrorKind::FileTooLarge.into()));
        }
        let text = std::fs::read_to_string(path).map_err(failed)?;
        let base = path.parent().unwrap_or(Path::new(""));
        Ok(Self::parse(&text, base, path)?)
    }

    fn parse(text: &str, base: &Path, path: &Path) -> Result<Self, VaultError> {
        let malformed = |problem: String, at: usize| VaultError::Settings {
            path: path.to_owned(),
            problem,
            line: text.get(..at).unwrap_or_default().matches('\n').count() + 1,
        };
        let written: Written = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            malformed(error.message().to_owned(), at)
        })?;
        let token = match (written.token_file, written.token_env) {
            (Some(file), None) => VaultToken::File(base.join(file)),
            (None, Some(name)) => VaultToken::Environment(name),
            _ => {
                let problem = "name one of `token_file` and `token_env`";
                return Err(malformed(problem.to_owned(), 0));
            }
        };
        let default = Self::new(written.address, token);
        Ok(Self {
            mount: written.mount.unwrap_or(default.mount),
            path: written.path.unwrap_or(default.path),
            field: written.field.unwrap_or(default.field),
            namespace: written.namespace,
            ca_file: written.ca_file.map(|file| base.join(file)),
            deadline: written.deadline_ms.map_or(default.deadline, Duration::from_millis),
            ..default
        })
    }
}
